"""An activation of which a patch has changed, and how any part of it is read."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from vizjax.attribution.incremental.spans import Span

Axes: TypeAlias = tuple[int, int]
"""Which axes of an array are the rows and columns of the plane."""

Spans: TypeAlias = tuple[Span, Span]
"""Of rows and columns."""


class Place(NamedTuple):
    """Where one window stands: the number of its place among the rows, and the columns."""

    row: Any
    column: Any

    def of(self, side: int, numbers: np.ndarray) -> Any:
        """The number of this place; a plain one if it is the same at every place."""
        if (numbers == numbers[0]).all():
            return int(numbers[0])
        return jnp.asarray(numbers.astype(np.int32))[self[side]]


@dataclass(frozen=True, eq=False)
class Patch:
    """An activation of which a patch has changed.

    Attributes:
      clean: the activation of the whole image.
      axes: of the plane.
      spans: where the patch is. What it holds beyond the plane means nothing.
      place: of the window.
      compute: returns the patch; called at most once, and only if the patch is needed.
      linear: an earlier patch and a function that is linear in each of its pixels, if what has
        changed here is that function of what has changed there.
    """

    clean: Array
    axes: Axes
    spans: Spans
    place: Place
    compute: Callable[[], Any]
    linear: "tuple[Patch, Callable[[Any], Any]] | None" = None

    @functools.cached_property
    def values(self) -> Any:
        """The patch."""
        return self.compute()

    @property
    def plane(self) -> tuple[int, int]:
        """How many rows and columns the activation has."""
        rows, columns = self.axes
        return self.clean.shape[rows], self.clean.shape[columns]

    def whole(self) -> Any:
        """All of the activation."""
        rows, columns = map(Span.all, self.spans, self.plane)
        return self.cut((rows, columns))

    def cut(self, spans: Sequence[Span], fill: Any = None) -> Any:
        """A part of the activation: of the patch, and of what is unchanged around it.

        Args:
          spans: which part.
          fill: what to find beyond the plane; None where that means nothing.
        """
        beyond = fill is not None and any(map(Span.reaches_beyond, spans, self.plane))
        if not beyond and all(map(Span.equals, spans, self.spans)):
            return self.values
        offsets = [
            Span(span.starts - own.starts, span.size)
            for span, own in zip(spans, self.spans, strict=True)
        ]
        changed = cut(self.values, self.axes, offsets, self.place)
        inside = self._inside(spans)
        if inside is None:
            return changed
        return jnp.where(inside, changed, cut(self.clean, self.axes, spans, self.place, fill))

    def change(self) -> Any:
        """The patch less what was there; 0 beyond the plane."""
        change = self.values - cut(self.clean, self.axes, self.spans, self.place)
        inside = self._inside(self.spans)
        return change if inside is None else jnp.where(inside, change, 0)

    def _inside(self, spans: Sequence[Span]) -> Any:
        """Which part of `spans` lies on the patch and on the plane; None if all of it does."""
        inside = None
        for side, axis in enumerate(self.axes):
            span, own, length = spans[side], self.spans[side], self.plane[side]
            first = np.maximum(own.starts, 0) - span.starts
            end = np.minimum(own.starts + own.size, length) - span.starts
            if first.max() <= 0 and end.min() >= span.size:
                continue
            shape = [span.size if a == axis else 1 for a in range(self.clean.ndim)]
            index = np.arange(span.size, dtype=np.int32).reshape(shape)
            first, end = self.place.of(side, first), self.place.of(side, end)
            here = (index >= first) & (index < end)
            inside = here if inside is None else inside & here
        return inside


def cut(array: Any, axes: Axes, spans: Sequence[Span], place: Place, fill: Any = None) -> Any:
    """A part of an array; what lies beyond it is `fill`, or 0."""
    padding, starts, sizes = [(0, 0, 0)] * array.ndim, [0] * array.ndim, [*array.shape]
    for side, (axis, span) in enumerate(zip(axes, spans, strict=True)):
        low = max(-int(span.starts.min()), 0)
        high = max(int(span.starts.max()) + span.size - array.shape[axis], 0)
        padding[axis], sizes[axis] = (low, high, 0), span.size
        starts[axis] = place.of(side, span.starts + low)
    if any(map(any, padding)):
        array = jax.lax.pad(array, np.zeros((), array.dtype) if fill is None else fill, padding)
    if all(isinstance(start, int) for start in starts):
        ends = [start + size for start, size in zip(starts, sizes, strict=True)]
        return jax.lax.slice(array, starts, ends)
    indices = [jnp.asarray(start, jnp.int32) for start in starts]
    return jax.lax.dynamic_slice(array, indices, sizes)
