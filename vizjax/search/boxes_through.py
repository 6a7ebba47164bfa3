"""What an operation does to the boxes of the pixels that its operands depend on. NumPy alone.

Boxes travel as marks, `(4, *shape)`: −x0, −y0, x1 and y1 of every element of an array, so that
merging two boxes is the larger of each mark.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import jax
import numpy as np
from jaxtyping import Int

from vizjax.rules.jaxprs import ELEMENTWISE

Marks: TypeAlias = Int[np.ndarray, "4 ..."]
Rule: TypeAlias = Callable[..., list[Marks]]
"""`(equation, *marks) -> marks of the results`."""

Integer: TypeAlias = int | np.integer
"""JAX's parameters have both."""

NOTHING = np.int32(-(2**30))
"""The mark of what depends on no pixel."""

INDEXING = {"gather", "dynamic_slice"}
"""They move marks about as they move values, once their indices are known."""


def of_pixels(shape: Sequence[int]) -> Marks:
    """The marks of an image of `(height, width, …)`: each pixel depends on itself."""
    rows, columns = np.indices(shape[:2], np.int32)
    marks = np.stack([-columns, -rows, columns + 1, rows + 1])
    return np.broadcast_to(marks.reshape(*marks.shape, *[1] * (len(shape) - 2)), (4, *shape))


def of_constant(shape: Sequence[int]) -> Marks:
    """The marks of an array that depends on no pixel."""
    return np.broadcast_to(NOTHING, (4, *shape))


def boxes(marks: Marks) -> Int[np.ndarray, "... 4"]:
    """`x0, y0, x1, y1` along a last axis; all 0 for what depends on no pixel."""
    signs = np.array([-1, -1, 1, 1], np.int32).reshape(4, *[1] * (marks.ndim - 1))
    found = np.where(marks == NOTHING, 0, signs * marks)
    return np.ascontiguousarray(np.moveaxis(found, 0, -1))


def rule(name: str, *, others_fixed: bool) -> Rule:
    """What the operation called `name` does; `mixed` where that is not known.

    Args:
      name: of a JAX primitive.
      others_fixed: whether pixels enter by the first operand alone.
    """
    if name in ELEMENTWISE:
        return _elementwise
    if name in OF_MANY:
        return OF_MANY[name]
    return OF_ONE[name] if name in OF_ONE and others_fixed else mixed


def mixed(equation: Any, *marks: Marks) -> list[Marks]:
    """Every result depends on all that enters: what an unknown operation is taken to do."""
    whole = np.max([m.reshape(4, -1).max(axis=1, initial=NOTHING) for m in marks], axis=0)
    return [_spread(whole, out.aval.shape) for out in equation.outvars]


def indexed(equation: Any, marks: Marks, indices: Sequence[Any]) -> list[Marks]:
    """What an operation of `INDEXING` picks out."""
    pick = functools.partial(equation.primitive.bind, **equation.params)
    return [np.asarray(jax.vmap(lambda m: pick(m, *indices))(marks))]


def _shape(equation: Any) -> tuple[int, ...]:
    return equation.outvars[0].aval.shape


def _spread(marks: Marks, shape: Sequence[int]) -> Marks:
    """Marks of a scalar or of `shape`, for all of `shape`."""
    if marks.ndim == 1:
        marks = marks.reshape(4, *[1] * len(shape))
    return np.broadcast_to(marks, (4, *shape))


def _elementwise(equation: Any, *marks: Marks) -> list[Marks]:
    shape = _shape(equation)
    return [functools.reduce(np.maximum, [_spread(m, shape) for m in marks])]


def _reshape(equation: Any, marks: Marks, *_: Marks) -> list[Marks]:
    return [marks.reshape(4, *_shape(equation))]


def _broadcast(equation: Any, marks: Marks, *_: Marks) -> list[Marks]:
    shape = [1] * len(_shape(equation))
    for axis, size in zip(equation.params["broadcast_dimensions"], marks.shape[1:], strict=True):
        shape[axis] = size
    return [np.broadcast_to(marks.reshape(4, *shape), (4, *_shape(equation)))]


def _transpose(equation: Any, marks: Marks) -> list[Marks]:
    return [marks.transpose(0, *(1 + axis for axis in equation.params["permutation"]))]


def _reverse(equation: Any, marks: Marks) -> list[Marks]:
    return [np.flip(marks, tuple(1 + axis for axis in equation.params["dimensions"]))]


def _slice(equation: Any, marks: Marks) -> list[Marks]:
    starts, limits = equation.params["start_indices"], equation.params["limit_indices"]
    strides = equation.params["strides"] or [1] * len(starts)
    return [marks[(slice(None), *map(slice, starts, limits, strides))]]


def _split(equation: Any, marks: Marks) -> list[Marks]:
    ends = np.cumsum(equation.params["sizes"])[:-1]
    return list(np.split(marks, ends.tolist(), axis=1 + equation.params["axis"]))


def _concatenate(equation: Any, *marks: Marks) -> list[Marks]:
    return [np.concatenate(marks, axis=1 + equation.params["dimension"])]


def _pad(equation: Any, marks: Marks, *_: Marks) -> list[Marks]:
    for axis, amounts in enumerate(equation.params["padding_config"], start=1):
        marks = _padded(marks, axis, *amounts)
    return [marks]


def _reduce(equation: Any, marks: Marks) -> list[Marks]:
    return [marks.max(axis=tuple(1 + axis for axis in equation.params["axes"]), initial=NOTHING)]


def _reduce_window(equation: Any, marks: Marks, *_: Marks) -> list[Marks]:
    names = "window_dimensions", "window_strides", "padding", "base_dilation", "window_dilation"
    for axis, geometry in enumerate(zip(*(equation.params[n] for n in names), strict=True), 1):
        marks = _windows(marks, axis, *geometry)
    return [marks]


def _convolution(equation: Any, marks: Marks, kernel: Marks) -> list[Marks]:
    params = equation.params
    image_axes, kernel_axes, out_axes = params["dimension_numbers"]
    groups = params["feature_group_count"]
    if params["batch_group_count"] != 1:
        return mixed(equation, marks)
    marks = marks.transpose(0, *(1 + axis for axis in image_axes))
    batch, features, *plane = marks.shape[1:]
    marks = marks.reshape(4, batch, groups, features // groups, *plane).max(axis=3)
    sizes = [kernel.shape[1 + axis] for axis in kernel_axes[2:]]
    names = "window_strides", "padding", "lhs_dilation", "rhs_dilation"
    for axis, geometry in enumerate(zip(sizes, *(params[n] for n in names), strict=True), 3):
        marks = _windows(marks, axis, *geometry)
    marks = np.repeat(marks, kernel.shape[1 + kernel_axes[0]] // groups, axis=2)
    return [marks.transpose(0, *(1 + np.argsort(out_axes)))]


def _dot(equation: Any, left: Marks, right: Marks) -> list[Marks]:
    contracted, batched = equation.params["dimension_numbers"]
    sides = []
    for marks, summed, kept in zip((left, right), contracted, batched, strict=True):
        free = [axis for axis in range(marks.ndim - 1) if axis not in (*summed, *kept)]
        marks = marks.transpose(0, *(1 + axis for axis in (*kept, *free, *summed)))
        sides.append(marks.max(axis=tuple(range(1 + len(kept) + len(free), marks.ndim))))
    here, there = sides[0].ndim, 1 + len(batched[0])
    left = np.expand_dims(sides[0], tuple(range(here, here + sides[1].ndim - there)))
    right = np.expand_dims(sides[1], tuple(range(there, here)))
    return [np.maximum(left, right)]


def _padded(marks: Marks, axis: int, low: Integer, high: Integer, interior: Integer) -> Marks:
    """Marks with constants before, behind and between; a negative number cuts off."""
    size = marks.shape[axis] + max(marks.shape[axis] - 1, 0) * interior
    spread = np.full((*marks.shape[:axis], low + size + high, *marks.shape[axis + 1 :]), NOTHING)
    positions = low + (1 + interior) * np.arange(marks.shape[axis])
    inside = (positions >= 0) & (positions < low + size + high)
    before = (slice(None),) * axis
    spread[(*before, positions[inside])] = marks[(*before, inside)]
    return spread


def _windows(
    marks: Marks,
    axis: int,
    window: int,
    stride: int,
    padding: Sequence[Integer],
    dilation: int,
    window_dilation: int,
) -> Marks:
    """The widest of the marks in every window along an axis."""
    low, high = padding
    marks = np.moveaxis(_padded(marks, axis, low, high, dilation - 1), axis, 0)
    reach = (window - 1) * window_dilation + 1
    end = max((marks.shape[0] - reach) // stride + 1, 0) * stride
    parts = [marks[k : k + end : stride] for k in range(0, reach, window_dilation)]
    return np.moveaxis(functools.reduce(np.maximum, parts), 0, axis)


OF_MANY: dict[str, Rule] = {"concatenate": _concatenate, "dot_general": _dot}
"""Operations whose operands may all depend on pixels."""

OF_ONE: dict[str, Rule] = {
    **dict.fromkeys(("reshape", "squeeze"), _reshape),
    **dict.fromkeys(("reduce_sum", "reduce_max", "reduce_min", "reduce_prod"), _reduce),
    **dict.fromkeys(("reduce_and", "reduce_or", "argmax", "argmin"), _reduce),
    **dict.fromkeys((f"reduce_window_{kind}" for kind in ("max", "min", "sum")), _reduce_window),
    "broadcast_in_dim": _broadcast,
    "conv_general_dilated": _convolution,
    "pad": _pad,
    "rev": _reverse,
    "slice": _slice,
    "split": _split,
    "transpose": _transpose,
}
"""Operations known for a first operand of pixels beside constants, such as a kernel."""
