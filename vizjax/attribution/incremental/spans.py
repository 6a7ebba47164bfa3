"""Where along an axis of the plane something changes, for each place of a window. NumPy alone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

NEARLY_ALL = 0.9
"""From this share of an axis on all of it is computed, which spares reading around the patch."""


class Span(NamedTuple):
    """A range along one axis, `[starts[place], starts[place] + size)` at each place.

    The size is the same at all places, so that they can be computed together. A range may reach
    beyond the axis: then it keeps its distance from the window, and is read at a fixed offset.
    """

    starts: Int[np.ndarray, "places"]
    size: int

    def equals(self, other: "Span") -> bool:
        """Whether both are the same range."""
        return self.size == other.size and np.array_equal(self.starts, other.starts)

    def reaches_beyond(self, length: int) -> bool:
        """Whether it leaves an axis of `length` at some place."""
        return bool(self.starts.min() < 0 or self.starts.max() + self.size > length)

    def is_all(self, length: int) -> bool:
        """Whether it is all of an axis of `length` at every place."""
        return self.size == length and not self.starts.any()

    def all(self, length: int) -> "Span":
        """All of an axis of `length`."""
        return Span(np.zeros_like(self.starts), length)

    def settled(self, length: int) -> "Span":
        """The same, or all of the axis where that is little more."""
        return self.all(length) if self.size >= NEARLY_ALL * length else self

    def moved(self, by: int) -> "Span":
        """The same further on."""
        return Span(self.starts + by, self.size)

    def seen_by(self, window: "Window", outputs: int) -> "Span":
        """Those of the outputs whose window meets the range."""
        first = -((window.size - 1 - window.low - self.starts) // window.stride)
        last = (self.starts + self.size - 1 + window.low) // window.stride
        return Span(first, max(int((last - first).max()) + 1, 1)).settled(outputs)

    def seen_through(self, window: "Window") -> "Span":
        """What the windows of the outputs in this range take in."""
        starts = self.starts * window.stride - window.low
        return Span(starts, (self.size - 1) * window.stride + window.size)


class Window(NamedTuple):
    """What an operation takes together along an axis: `low` and `high` are its padding."""

    size: int
    stride: int
    low: int = 0
    high: int = 0


def covering(spans: Sequence[Span]) -> Span:
    """The least range that covers others at every place."""
    starts = np.min([span.starts for span in spans], axis=0)
    ends = np.max([span.starts + span.size for span in spans], axis=0)
    return Span(starts, int((ends - starts).max()))
