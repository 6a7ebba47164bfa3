"""From a mask to the one object in it."""

import numpy as np

from vizjax.types import Box, Mask


def largest_component(mask: Mask) -> Mask:
    """The largest 8-connected set of True pixels; of equals, the first in scan order.

    Args:
      mask: boolean, (H, W).

    Returns:
      True on that set alone, (H, W); all False where `mask` is.

    >>> largest_component(np.array([[True, False, False, True], [False, False, False, True]]))
    array([[False, False, False,  True],
           [False, False, False,  True]])
    """
    if not mask.any():
        return np.zeros_like(mask)
    from skimage.measure import label  # heavy, and only needed here

    labels = np.asarray(label(mask, connectivity=2))
    sizes = np.bincount(labels.ravel())[1:]  # label 0 is what is not in the mask
    return labels == 1 + np.argmax(sizes)


def bounding_box(mask: Mask) -> Box | None:
    """The smallest box that holds every True pixel; None where there is none.

    Args:
      mask: boolean, (H, W).

    Returns:
      The box in the mask's pixels, `x1` and `y1` exclusive, or None.

    >>> bounding_box(np.array([[False, False, False], [False, True, True]]))
    Box(x0=1, y0=1, x1=3, y1=2)
    """
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
