"""Boxes of whole pixels: from a mask, and from coordinates between them."""

import numpy as np

from vizjax.types import Box, Mask


def tight_box(mask: Mask) -> Box | None:
    """The smallest box that holds a mask.

    Args:
      mask: boolean, (height, width).

    Returns:
      The box, or None if the mask is empty.

    >>> tight_box(np.array([[False, False, False], [False, True, True]]))
    Box(x0=1, y0=1, x1=3, y1=2)
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def whole_box(x0: float, y0: float, x1: float, y1: float, height: int, width: int) -> Box:
    """A box rounded to whole pixels, cut off at the photograph's edges, at least a pixel large.

    Args:
      x0: the left edge, in pixels from the photograph's own.
      y0: the upper one.
      x1: the right one.
      y1: the lower one.
      height: the photograph's, in pixels.
      width: likewise.

    Returns:
      The box.

    >>> whole_box(-2.0, 1.4, 50.0, 1.4, 10, 40)
    Box(x0=0, y0=1, x1=40, y1=2)
    """
    left, right = _span(x0, x1, width)
    top, bottom = _span(y0, y1, height)
    return Box(left, top, right, bottom)


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    start = min(max(round(low), 0), size - 1)
    return start, min(max(round(high), start + 1), size)
