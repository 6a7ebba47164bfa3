"""The pointing game: whether a map's maximum, or its energy, lies on the object."""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from vizjax.errors import InputError
from vizjax.evaluation.checks import check_shapes, finite
from vizjax.types import Mask, SaliencyMap

TOLERANCE = 15.0
"""In pixels (Zhang et al. 2016, arXiv 1608.00507)."""


class PointingAccuracy(NamedTuple):
    """How often the map points at the object.

    Attributes:
      overall: the share of hits among all pairs of an image and a class; in [0, 1].
      mean_of_classes: the mean of the classes' own accuracies, as the paper and TorchRay report.
      by_class: the accuracy of each class that occurs.
    """

    overall: float
    mean_of_classes: float
    by_class: Mapping[Hashable, float]


def pointing_hit(
    saliency_map: SaliencyMap | Float[np.ndarray, "height width"],
    region: Mask,
    *,
    tolerance: float = TOLERANCE,
) -> bool:
    """Decide whether a map points at the object: its maximum lies in the region, or near it.

    A hit if a pixel of the region is the maximum's pixel or less than `tolerance` away from it,
    between centres: strictly less, as in TorchRay. Of several equal maxima the first in scan
    order (row by row) counts, so that a flat map points at the top left corner; a map from a coarse
    layer should be enlarged smoothly, not by repetition, before it is asked.

    Args:
      saliency_map: raw, (H, W).
      region: True on every instance of the class, (H, W): its mask, or `box_mask` of its boxes.
      tolerance: in pixels of the map, not negative; 15 is usual, 0 for none.

    Returns:
      True for a hit.

    Raises:
      InputError: the shapes differ, a value is NaN or infinite, the region is empty, or `tolerance`
        is negative.

    Source: Zhang, Lin, Brandt, Shen & Sclaroff 2016, arXiv 1608.00507.

    >>> pointing_hit(np.array([[0.0, 5.0, 1.0]]), np.array([[False, False, True]]), tolerance=1.0)
    False
    >>> pointing_hit(np.array([[0.0, 5.0, 1.0]]), np.array([[False, False, True]]), tolerance=2.0)
    True
    """
    if not tolerance >= 0:
        raise InputError(f"`tolerance` is {tolerance}; expected pixels, not negative")
    values = _checked(saliency_map, region)
    row, column = np.unravel_index(np.argmax(values), values.shape)
    rows, columns = np.nonzero(region)
    nearest = np.min((rows - row) ** 2 + (columns - column) ** 2)
    return bool(nearest == 0 or nearest < tolerance**2)


def energy_inside(
    saliency_map: SaliencyMap | Float[np.ndarray, "height width"], region: Mask
) -> float:
    """Measure the share of a map's energy that lies on the object.

    `Σ_{ij ∈ R} max(M_ij, 0) / Σ_ij max(M_ij, 0)`

    It is the energy-based pointing game of Score-CAM, which asks it of one box; there are no ties
    here, but a large object gets a large share of any map.

    Args:
      saliency_map: raw, (H, W); what is negative counts as 0.
      region: True on every instance of the class, (H, W).

    Returns:
      In [0, 1]; 0 where the map has no positive value.

    Raises:
      InputError: the shapes differ, a value is NaN or infinite, or the region is empty.

    Source: Wang et al. 2019, arXiv 1910.01279.

    >>> energy_inside(np.array([[3.0, 1.0, -9.0]]), np.array([[True, False, False]]))
    0.75
    """
    positive = np.maximum(_checked(saliency_map, region), 0)
    largest = positive.max()
    if largest == 0:
        return 0.0
    positive = positive / largest  # or the sum of large values could overflow
    return float(positive[region].sum() / positive.sum())


def pointing_accuracy(
    hits: Bool[np.ndarray, " pairs"] | Sequence[bool], classes: Sequence[Hashable]
) -> PointingAccuracy:
    """Summarise the pointing game over pairs of an image and one of its classes.

    Args:
      hits: what `pointing_hit` said of each pair.
      classes: the class of each pair, a number or a name.

    Returns:
      The accuracy over all pairs, over classes, and of each class; a class without a pair is not
      counted (TorchRay counts it as 0).

    Raises:
      InputError: there is no pair, or not one class to each hit.

    >>> pointing_accuracy([True, True, False, False], ["cat", "cat", "cat", "dog"])[:2]
    (0.5, 0.3333333333333333)
    """
    if len(hits) != len(classes) or not len(hits):
        raise InputError(
            f"`hits` holds {len(hits)} pairs and `classes` {len(classes)}; expected the class of "
            "each pair, at least one"
        )
    by_class: dict[Hashable, list[bool]] = {}
    for hit, label in zip(hits, classes, strict=True):
        by_class.setdefault(label, []).append(bool(hit))
    accuracies = {label: float(np.mean(found)) for label, found in by_class.items()}
    return PointingAccuracy(
        float(np.mean(hits)), float(np.mean(list(accuracies.values()))), accuracies
    )


def _checked(saliency_map: SaliencyMap | np.ndarray, region: Mask) -> np.ndarray:
    values = finite("saliency_map", saliency_map)
    check_shapes("saliency_map", values, "region", region)
    if not region.any():
        raise InputError("`region` has no True pixel; expected where the object is")
    return values
