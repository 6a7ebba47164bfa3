"""Localisation error by the ILSVRC rule, and the boxes that any method has to beat."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from vizjax.errors import InputError
from vizjax.types import Box


def iou(box: Box, boxes: Sequence[Box]) -> Float64[np.ndarray, " boxes"]:
    """Measure the intersection over union of one box with each of several.

    `IoU(A, B) = |A ∩ B| / |A ∪ B|`, areas in pixels. `x1` and `y1` are exclusive here; ILSVRC's
    files include them, so that its areas count one pixel more on each axis.

    Args:
      box: x0, y0, x1, y1 in pixels.
      boxes: the others, at least one.

    Returns:
      One value in [0, 1] for each of `boxes`.

    Raises:
      InputError: a box is empty or not finite, or there are none.

    >>> iou(Box(0, 0, 2, 2), [Box(1, 0, 3, 2), Box(2, 0, 4, 2)]).round(3)
    array([0.333, 0.   ])
    """
    a, b = _corners("box", [box]), _corners("boxes", boxes)
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    intersection = np.prod(np.maximum(sides, 0), axis=1)
    areas = np.prod(a[:, 2:] - a[:, :2], axis=1) + np.prod(b[:, 2:] - b[:, :2], axis=1)
    return intersection / (areas - intersection)


def is_localised(predicted: Box | None, truth: Sequence[Box], *, threshold: float = 0.5) -> bool:
    """Decide whether a predicted box finds any true box of the class: IoU ≥ `threshold`.

    Args:
      predicted: the box, or None where the method found nothing.
      truth: every true box of the class in the image, boxes of crowds included, as in ILSVRC.
      threshold: the least overlap, in (0, 1].

    Returns:
      True if the object is found.

    Raises:
      InputError: a box is empty or not finite, there is no true box, or `threshold` is not in
        (0, 1].

    >>> is_localised(Box(0, 0, 10, 5), [Box(0, 0, 10, 10)])
    True
    """
    if not 0 < threshold <= 1:
        raise InputError(f"`threshold` is {threshold}; expected a number in (0, 1]")
    _corners("truth", truth)
    return predicted is not None and bool(np.max(iou(predicted, truth)) >= threshold)


def gt_known_error(
    predicted: Sequence[Box | None], truth: Sequence[Sequence[Box]], *, threshold: float = 0.5
) -> float:
    """Measure ILSVRC's localisation error with the class given ("GT-known").

    The share of images whose predicted box has IoU < `threshold` with every true box of the
    class (Russakovsky et al. 2015, section 4.2, without the term for the label). That paper asks
    for more than 0.5; here, as in most that followed, 0.5 itself is enough.

    Args:
      predicted: one box an image, None where the method found nothing: an error.
      truth: for each image, every true box of the class.
      threshold: the least overlap, in (0, 1].

    Returns:
      The error, in [0, 1].

    Raises:
      InputError: there are no images, or not as many predictions as truths; or as of
        `is_localised`.
    """
    if len(predicted) != len(truth) or not truth:
        raise InputError(
            f"`predicted` holds {len(predicted)} images and `truth` {len(truth)}; "
            "expected the same images in both, at least one"
        )
    found = [is_localised(p, t, threshold=threshold) for p, t in zip(predicted, truth, strict=True)]
    return 1 - sum(found) / len(found)


def full_box(height: int, width: int) -> Box:
    """Box the whole image: the first baseline of localisation.

    Args:
      height: the image's height, in pixels.
      width: its width.

    Returns:
      The box that holds every pixel.
    """
    return Box(0, 0, width, height)


def centred_box(height: int, width: int, *, fraction: float = 0.71) -> Box:
    """Box the middle of the image: the second baseline, which knows where photographers aim.

    Args:
      height: the image's height, in pixels.
      width: its width.
      fraction: the box's sides over the image's, in (0, 1]; 0.71 leaves half of the area.

    Returns:
      The box, its margins rounded to pixels; at least one pixel.

    Raises:
      InputError: `fraction` is not in (0, 1].

    >>> centred_box(100, 200, fraction=0.5)
    Box(x0=50, y0=25, x1=150, y1=75)
    """
    if not 0 < fraction <= 1:
        raise InputError(f"`fraction` is {fraction}; expected a number in (0, 1]")
    y, x = (min(round(side * (1 - fraction) / 2), (side - 1) // 2) for side in (height, width))
    return Box(x, y, width - x, height - y)


def _corners(argument: str, boxes: Sequence[Box]) -> Float64[np.ndarray, "boxes 4"]:
    corners = np.asarray(boxes, np.float64)
    if corners.ndim != 2 or corners.shape[1] != 4:
        raise InputError(
            f"`{argument}` has shape {corners.shape}; expected at least one box [x0, y0, x1, y1]"
        )
    valid = np.isfinite(corners).all(axis=1) & (corners[:, 2:] > corners[:, :2]).all(axis=1)
    if not valid.all():
        raise InputError(
            f"`{argument}` holds {corners[~valid][0].tolist()}; "
            "expected finite [x0, y0, x1, y1] with x0 < x1 and y0 < y1"
        )
    return corners
