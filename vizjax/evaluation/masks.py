"""Masks, and maps read as masks at every threshold, held against the true mask."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from vizjax.errors import InputError
from vizjax.evaluation.checks import RawMap, check_shapes, finite
from vizjax.types import Box, Mask


class PrecisionRecall(NamedTuple):
    """The curve of a map against a mask; one entry more than there are thresholds.

    Attributes:
      precision: `TP / (TP + FP)` of `M ≥ threshold`; the last entry is 1, of the empty mask.
      recall: `TP / (TP + FN)`, falling; the last entry is 0.
      thresholds: every value of the map once, rising.
    """

    precision: Float64[np.ndarray, " points"]
    recall: Float64[np.ndarray, " points"]
    thresholds: Float64[np.ndarray, " values"]


class BestThreshold(NamedTuple):
    """The threshold at which `M ≥ threshold` is nearest to the mask.

    Attributes:
      threshold: in the map's own units; of equally good ones the highest.
      iou: the overlap there, in [0, 1].
      f1: `2 IoU / (1 + IoU)`, the harmonic mean of precision and recall, largest at that threshold
        too.
    """

    threshold: float
    iou: float
    f1: float


def box_mask(boxes: Sequence[Box], height: int, width: int) -> Mask:
    """Draw boxes as one mask: True within any of them.

    Args:
      boxes: in pixels; what lies outside the image is cut off.
      height: the image's height, in pixels.
      width: its width.

    Returns:
      Boolean, (height, width).

    >>> box_mask([Box(1, 0, 3, 1)], 2, 4).astype(int).tolist()
    [[0, 1, 1, 0], [0, 0, 0, 0]]
    """
    mask = np.zeros((height, width), bool)
    for box in boxes:
        mask[max(box.y0, 0) : max(box.y1, 0), max(box.x0, 0) : max(box.x1, 0)] = True
    return mask


def mask_iou(predicted: Mask, truth: Mask) -> float:
    """Measure the intersection over union of two masks: `|A ∩ B| / |A ∪ B|`.

    Args:
      predicted: boolean, (H, W).
      truth: likewise.

    Returns:
      In [0, 1]; 1 where both are empty, as they are the same.

    Raises:
      InputError: the shapes differ.

    >>> mask_iou(np.array([[True, True, False]]), np.array([[False, True, True]]))
    0.3333333333333333
    """
    check_shapes("predicted", predicted, "truth", truth)
    union = np.count_nonzero(predicted | truth)
    return float(np.count_nonzero(predicted & truth) / union) if union else 1.0


def pixel_accuracy(predicted: Mask, truth: Mask) -> float:
    """Measure the share of pixels, object and background alike, on which two masks agree.

    A mask that is empty is right about all the background: to be read beside the IoU.

    Args:
      predicted: boolean, (H, W).
      truth: likewise.

    Returns:
      In [0, 1].

    Raises:
      InputError: the shapes differ.
    """
    check_shapes("predicted", predicted, "truth", truth)
    return float(np.mean(predicted == truth))


def precision_recall_curve(
    saliency_map: RawMap, mask: Bool[np.ndarray, "*pixels"]
) -> PrecisionRecall:
    """Measure precision and recall of a map's pixels at every threshold.

    Pixels of equal value are in or out together, as in scikit-learn's function of the same name, so
    that a coarse map has few points. Rank alone counts: any increasing function of the map has
    the same precision and recall.

    Args:
      saliency_map: raw, (H, W) or of any other shape: pixels of many images, pooled, are one map
        too.
      mask: True where the object is, of the same shape.

    Returns:
      The curve.

    Raises:
      InputError: the shapes differ, a value is NaN or infinite, or the mask has no True pixel.

    >>> precision_recall_curve(np.array([0.9, 0.2, 0.5]), np.array([True, True, False])).precision
    array([0.66666667, 0.5       , 1.        , 1.        ])
    """
    hits, marked, thresholds = _counts(saliency_map, mask)
    precision, recall = hits / marked, hits / hits[0]
    return PrecisionRecall(np.append(precision, 1.0), np.append(recall, 0.0), thresholds)


def average_precision(saliency_map: RawMap, mask: Bool[np.ndarray, "*pixels"]) -> float:
    """Summarise the curve: `AP = Σ_n (R_n − R_{n−1}) P_n`, without interpolation.

    Of the pixels of all images pooled it is the PxAP of Choe et al. 2020 (arXiv 2001.07437).

    Args:
      saliency_map: raw, (H, W) or of any other shape.
      mask: True where the object is, of the same shape.

    Returns:
      In (0, 1]; for a map of one value, as for a random one of many pixels, the object's share of
      the pixels.

    Raises:
      InputError: as of `precision_recall_curve`.
    """
    precision, recall, _ = precision_recall_curve(saliency_map, mask)
    return float(-np.sum(np.diff(recall) * precision[:-1]))


def best_threshold(saliency_map: RawMap, mask: Bool[np.ndarray, "*pixels"]) -> BestThreshold:
    """Find the threshold whose mask `M ≥ threshold` has the largest IoU with the true one.

    It is chosen with the truth at hand: an upper bound on what a rule for thresholds could reach.

    Args:
      saliency_map: raw, (H, W) or of any other shape.
      mask: True where the object is, of the same shape.

    Returns:
      The threshold, its IoU and its F₁.

    Raises:
      InputError: as of `precision_recall_curve`.

    >>> best_threshold(np.array([0.9, 0.2, 0.5]), np.array([True, True, False])).threshold
    0.2
    """
    hits, marked, thresholds = _counts(saliency_map, mask)
    ious = hits / (marked + hits[0] - hits)
    best = len(ious) - 1 - int(np.argmax(ious[::-1]))
    iou = float(ious[best])
    return BestThreshold(float(thresholds[best]), iou, 2 * iou / (1 + iou))


def _counts(
    saliency_map: RawMap, mask: Bool[np.ndarray, "*pixels"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """At each value of the map, rising: true positives of `M ≥ value`, all positives, the value."""
    values = finite("saliency_map", saliency_map)
    check_shapes("saliency_map", values, "mask", mask)
    if not mask.any():
        raise InputError("`mask` has no True pixel; expected an object, or recall is not defined")
    thresholds, which = np.unique(values, return_inverse=True)
    number = len(thresholds)
    marked, hits = (
        np.bincount(which.ravel(), weights, number)[::-1].cumsum()[::-1]
        for weights in (None, mask.ravel().astype(np.float64))
    )
    return hits, marked, thresholds
