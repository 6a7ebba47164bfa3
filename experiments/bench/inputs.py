"""What both sides are given, in NumPy alone: a peer need not import JAX, nor we a peer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from PIL import Image

IMAGES, VIEWS, CLASSES, SAMPLES = 64, 10, 5, 50
WINDOW, STRIDE, AT_ONCE = 16, 8, 64
"""Of occlusion, in pixels, and windows in memory at a time: to Captum, 16 to 128 are the same."""
STEPS, CHECKED_STEPS = 100, 2
"""Of ascent, and how many of them the results are compared after: where rounding decides a maximum,
the images part, and each step moves them further."""
RATE, L2, MOMENTUM = 1000.0, 3e-6, 0.9
"""The paper's class images: `vizjax.ascent.PAPER`."""
START = 0.1
"""Of SmoothGrad's noise, where the ascent begins. In the zero image itself all pixels are equal,
and rounding alone decides every maximum of the first step."""
SIGMA = 38.0
"""SmoothGrad's noise, 15 % of 0-255."""
K = 9
"""Images a channel that a search keeps."""

MATMUL = {"cpu": 2048, "gpu": 8192}
"""Rows of the square matrices whose product shows a device's speed."""

CAM_LAYER = {"convnet": "relu5", "squeezenet1_1": "fire9"}
SEARCHED = {
    "convnet": ("relu3", "relu4", "relu5"),
    "squeezenet1_1": ("fire4", "fire6", "fire8"),
}


Run: TypeAlias = Callable[..., Any]
"""Does the work of a row; its result, if it has one, is to be compared."""


class Checked(NamedTuple):
    """A row whose results are compared by another run than the one that is timed."""

    run: Run
    check: Run

    def __call__(self, *args: Any) -> Any:
        """What is timed."""
        return self.run(*args)


class Inputs(NamedTuple):
    """What a run compares on, as one file holds it.

    Attributes:
      images: `(64, height, width, 3)`, RGB in 0-255: views of photographs.
      views: `(10, height, width, 3)`: the paper's ten views of one photograph.
      labels: one class an image.
      noise: SmoothGrad's, `(50, height, width, 3)`: what `vizjax.attribution.smooth` draws.
      mean: that the network subtracts, broadcastable to an image.
      bgr: whether the network's channels are in that order.
      weights: by layer and name, as Flax has them.
      photographs: by name, a canvas and the saliency map of its first class.
    """

    images: np.ndarray
    views: np.ndarray
    labels: np.ndarray
    noise: np.ndarray
    mean: np.ndarray
    bgr: bool
    weights: dict[str, np.ndarray]
    photographs: dict[str, np.ndarray]

    def save(self, path: Path) -> None:
        """Writes all to one file."""
        arrays: dict[str, Any] = self._asdict()
        nested = {f"{key}/{k}": v for key in NESTED for k, v in arrays.pop(key).items()}
        np.savez(path, **arrays, **nested)


NESTED = ("weights", "photographs")


def load_inputs(path: Path) -> Inputs:
    """What `Inputs.save` wrote."""
    fields: dict[str, Any] = {key: {} for key in NESTED}
    with np.load(path) as file:
        for name in file:
            key, _, inner = name.partition("/")
            if inner:
                fields[key][inner] = file[name]
            else:
                fields[key] = file[name]
    fields["bgr"] = bool(fields["bgr"])
    return Inputs(**fields)


def photo_names(inputs: Inputs) -> list[str]:
    """The photographs that there are maps of."""
    return sorted({name.split("/")[0] for name in inputs.photographs})


def write_photographs(folder: Path, inputs: Inputs) -> list[Path]:
    """Fifty JPEG files of as many sizes, cut out of the canvases."""
    paths = []
    for number in range(50):
        names = photo_names(inputs)
        canvas = inputs.photographs[f"{names[number % len(names)]}/canvas"]
        part = canvas[number % 7 * 4 :, number // 4 * 3 :]
        path = folder / f"{number:02}.jpg"
        Image.fromarray(np.rint(part).astype(np.uint8)).save(path, quality=95)
        paths.append(path)
    return paths
