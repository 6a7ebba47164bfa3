"""ILSVRC's localisation error: class and box of at most k guesses, at several thresholds."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from vizjax.errors import InputError
from vizjax.evaluation.localisation_error import iou
from vizjax.types import Box

THRESHOLDS = (0.3, 0.5, 0.7)
"""Of the IoU; 0.5 is ILSVRC's, all three are those of Choe et al. 2020, arXiv 2001.07437."""


class LocalisationErrors(NamedTuple):
    """The error at each threshold, and the images that make it up.

    Attributes:
      thresholds: the least IoU of a box that is right.
      errors: the share of images that are wrong, for each threshold; in [0, 1].
      wrong: `[threshold, image]`, True where the image is an error: what intervals are made from.
    """

    thresholds: tuple[float, ...]
    errors: Float64[np.ndarray, " thresholds"]
    wrong: Bool[np.ndarray, "thresholds images"]


def localisation_errors(
    predicted: Sequence[Sequence[tuple[int, Box | None]]],
    truth: Sequence[Mapping[int, Sequence[Box]]],
    *,
    k: int = 5,
    thresholds: Sequence[float] = THRESHOLDS,
) -> LocalisationErrors:
    """Measure ILSVRC's top-k localisation error.

    `e = min_{i ≤ k} min_m max(d(c_i, C_m), f(b_i, B_m))`, averaged over the images: d is 0 where
    the classes are equal, f is 0 where `IoU(b_i, B_m) ≥ threshold`, both else 1. A class may have
    several true boxes, those of crowds included, and an image several true classes; to find one box
    of one of them is enough. (The paper asks for more than 0.5; see `gt_known_error`.)

    With the one pair of the given class and its box as the prediction of each image this is the
    "GT-known" error.

    Args:
      predicted: for each image, pairs of class and box, the most confident first; the first k
        count, and fewer may be given. None where the method found no box: that pair is wrong.
      truth: for each image, the true boxes of each true class.
      k: how many pairs may be right: 5 for ILSVRC, 1 for the top-1 error.
      thresholds: the least overlaps, each in (0, 1].

    Returns:
      The errors, and which images are wrong.

    Raises:
      InputError: there are no images, or not as many predictions as truths; an image has no true
        box; a box is empty or not finite; `k` is less than 1 or a threshold not in (0, 1].

    Source: Russakovsky et al. 2015, arXiv 1409.0575, §4.2.

    >>> truth = [{281: [Box(0, 0, 10, 10)]}]
    >>> guesses = [(285, Box(0, 0, 10, 10)), (281, Box(0, 0, 10, 6))]
    >>> localisation_errors([guesses], truth).errors.tolist()
    [0.0, 0.0, 1.0]
    """
    if k < 1:
        raise InputError(f"`k` is {k}; expected how many pairs may be right, at least 1")
    if len(predicted) != len(truth) or not truth:
        raise InputError(
            f"`predicted` holds {len(predicted)} images and `truth` {len(truth)}; "
            "expected the same images in both, at least one"
        )
    if not all(0 < threshold <= 1 for threshold in thresholds):
        raise InputError(f"`thresholds` are {tuple(thresholds)}; expected numbers in (0, 1]")
    overlaps = np.array(
        [_best_overlap(p[:k], t) for p, t in zip(predicted, truth, strict=True)], np.float64
    )
    wrong = overlaps[None] < np.array(thresholds, np.float64)[:, None]
    return LocalisationErrors(tuple(thresholds), wrong.mean(axis=1), wrong)


def _best_overlap(
    pairs: Sequence[tuple[int, Box | None]], truth: Mapping[int, Sequence[Box]]
) -> float:
    """The largest IoU of a pair's box with a true box of the pair's class; 0 without any."""
    if not any(len(boxes) for boxes in truth.values()):
        raise InputError(
            f"`truth` of an image is {dict(truth)}; expected at least one true box of a class"
        )
    known = [(box, truth[label]) for label, box in pairs if box is not None and label in truth]
    return max((float(iou(box, boxes).max()) for box, boxes in known), default=0.0)
