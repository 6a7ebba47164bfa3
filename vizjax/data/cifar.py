"""CIFAR-10 as a dataset of TFDS, from the official binary batches; imports TFDS, so import it late.

The names, features and version are those that TFDS gives it: whoever reads one reads the other.
Krizhevsky 2009, *Learning Multiple Layers of Features from Tiny Images*.
"""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from jaxtyping import UInt8
from PIL import Image
from tensorflow_datasets.core import registered

from vizjax.data.datasets.records import prepared
from vizjax.data.datasets.writing import write
from vizjax.errors import InputError

BATCHES = {"train": [f"data_batch_{n}.bin" for n in range(1, 6)], "test": ["test_batch.bin"]}
NAMES = "batches.meta.txt"
SIDE = 32
CLASSES = 10
RECORD = 1 + 3 * SIDE * SIDE
"""Bytes a picture: its label, then the planes of red, green and blue, row by row."""


with registered.skip_registration():  # TFDS has its own of this name

    class Cifar10(tfds.core.GeneratorBasedBuilder):
        """Pictures of 32 × 32 pixels of ten classes, 6,000 of each."""

        VERSION = tfds.core.Version("3.0.2")

        def __init__(
            self, *, source: Path, advance: Callable[[int], Any] = lambda done: None, **options: Any
        ):
            self._source, self._advance = source, advance
            super().__init__(**options)

        def _info(self) -> tfds.core.DatasetInfo:
            features = tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Text(),
                    "image": tfds.features.Image(shape=(SIDE, SIDE, 3), encoding_format="png"),
                    "label": tfds.features.ClassLabel(names=read_names(self._source)),
                }
            )
            return tfds.core.DatasetInfo(
                builder=self,
                description=self.__doc__,
                features=features,
                supervised_keys=("image", "label"),
                homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
                disable_shuffling=True,
            )

        def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[tuple[int, dict]]]:
            del dl_manager  # nothing is downloaded
            return {split: self._generate_examples(split) for split in BATCHES}

        def _generate_examples(self, split: str) -> Iterator[tuple[int, dict]]:
            number = 0
            for name in BATCHES[split]:
                for label, picture in zip(*read_batch(self._source / name), strict=True):
                    file = io.BytesIO()
                    Image.fromarray(picture).save(file, format="PNG", optimize=True)
                    file.seek(0)
                    identity = f"{split}_{number:05d}"
                    yield number, {"id": identity, "image": file, "label": int(label)}
                    number += 1
                    self._advance(1)


def prepare_cifar10(
    source: Path, folder: Path, *, advance: Callable[[int], Any] = lambda done: None
) -> Path:
    """Write CIFAR-10 as TFDS does, whole or not at all.

    Args:
      source: the folder of the official binary batches, `data_batch_1.bin` to
        `batches.meta.txt`: `cifar-10-binary.tar.gz`, unpacked.
      folder: where TFDS's datasets are.
      advance: called with the number of pictures just written.

    Returns:
      The folder of the dataset. One that is there already is kept.

    Raises:
      InputError: a batch is missing or not whole, or the folder cannot be written.
    """
    if there := prepared("cifar10", folder):
        return there
    for name in (name for names in BATCHES.values() for name in names):
        read_batch(source / name)  # all are whole, before any is written
    return write(Cifar10, folder, source=source, advance=advance)


def read_batch(
    path: Path,
) -> tuple[UInt8[np.ndarray, "pictures"], UInt8[np.ndarray, "pictures 32 32 3"]]:
    """The labels and the pictures of one file of batches.

    Args:
      path: such as `data_batch_1.bin`.

    Raises:
      InputError: it is missing, empty, cut short, or has a label of no class.
    """
    content = np.frombuffer(_read(path), np.uint8)
    if not content.size or content.size % RECORD:
        raise InputError(
            f"`{path}` has {content.size} bytes; expected a multiple of {RECORD}, a label and "
            "32 × 32 pixels of three colours: fetch it anew"
        )
    records = content.reshape(-1, RECORD)
    labels = records[:, 0]
    if labels.max() >= CLASSES:
        raise InputError(
            f"`{path}` has the label {labels.max()}; expected 0 to {CLASSES - 1}: the binary "
            "version of CIFAR-10"
        )
    pictures = records[:, 1:].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    return labels, np.ascontiguousarray(pictures)


def read_names(source: Path) -> list[str]:
    """The names of the classes, in the order of the labels.

    Args:
      source: the folder of the batches.

    Raises:
      InputError: there is no list of ten names.
    """
    names = _read(source / NAMES).decode(errors="replace").split()
    if len(names) != CLASSES:
        raise InputError(f"`{source / NAMES}` has {len(names)} names; expected {CLASSES}")
    return names


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"`source`: {path} cannot be read: {error.strerror or error}; expected the folder of "
            "CIFAR-10's binary version, cifar-10-binary.tar.gz unpacked: data_batch_1.bin to "
            "data_batch_5.bin, test_batch.bin and batches.meta.txt"
        ) from error
