"""What the training set says of its pixels: their mean, their deviation, their colours' axes."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, UInt8

from vizjax.training.data import Split, decoded

LOOKED_AT = 10_000
"""Pictures that the statistics are of, evenly spread, where a training set has more."""


class Statistics(NamedTuple):
    """Of the training set, in units of pixels, 0-255.

    Attributes:
      mean: the mean picture.
      scale: the deviation of each channel from it.
      axes: the principal axes of the colours, one a row, as long as the deviation along each.
    """

    mean: Float[Array | np.ndarray, "side side 3"]
    scale: Float[Array | np.ndarray, "3"]
    axes: Float[Array | np.ndarray, "3 3"]


def statistics(images: UInt8[np.ndarray, "pictures side side 3"]) -> Statistics:
    """The statistics of some pictures.

    Args:
      images: RGB, 0-255.
    """
    count, side = images.shape[:2]
    total, products = np.zeros((side, side, 3)), np.zeros((3, 3))
    for part in np.array_split(images, -(-count // 256)):
        pixels = part.astype(np.float64)
        total += pixels.sum(axis=0)
        flat = pixels.reshape(-1, 3)
        products += flat.T @ flat
    mean = total / count
    colour = mean.mean(axis=(0, 1))
    second = products / (count * side * side)
    about_picture = np.diag(second) - (mean**2).mean(axis=(0, 1))
    variances, vectors = np.linalg.eigh(second - np.outer(colour, colour))
    axes = np.sqrt(np.maximum(variances, 0))[:, None] * vectors.T
    scale = np.sqrt(np.maximum(about_picture, 1.0))  # of blank pictures too
    return Statistics(mean.astype(np.float32), scale.astype(np.float32), axes.astype(np.float32))


def looked_at(split: Split) -> UInt8[np.ndarray, "pictures side side 3"]:
    """The pictures that the statistics of a training set are taken of.

    Args:
      split: the training set.
    """
    count = min(len(split), LOOKED_AT)
    return decoded(split, np.arange(count) * len(split) // count).image
