"""From a mask to the one object in it."""

from typing import Any

import numpy as np
from jaxtyping import Int

from vizjax.types import Box, Mask


def connected_components(mask: Mask) -> Int[np.ndarray, "height width"]:
    """Label the 8-connected components of a mask.

    Args:
      mask: boolean, (H, W).

    Returns:
      The number of each True pixel's component, from 1 in scan order, and 0 elsewhere, (H, W).

    >>> connected_components(np.array([[True, False, True], [False, False, True]]))
    array([[1, 0, 2],
           [0, 0, 2]], dtype=int32)
    """
    from scipy.ndimage import label  # heavy, and only needed here

    found: Any = label(mask, np.ones((3, 3)))
    return found[0]


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
    labels = connected_components(mask)
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
