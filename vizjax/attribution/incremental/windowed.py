"""Operations with a window over the plane: convolution, pooling, padding, and slices with steps."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vizjax.attribution.incremental.patches import Patch
from vizjax.attribution.incremental.spans import Span, Window
from vizjax.attribution.incremental.steps import Rule, Step, identity


def convolution(step: Step, x: Any, kernel: Any) -> Patch | None:
    """With a kernel that does not depend on the image, without transposition."""
    params, (image_axes, kernel_axes, out_axes) = step.params, step.params["dimension_numbers"]
    if not isinstance(x, Patch) or isinstance(kernel, Patch) or params["batch_group_count"] != 1:
        return None
    if not set(x.axes) <= set(image_axes[2:]):
        return None
    sides = [image_axes[2:].index(axis) for axis in x.axes]
    if any(params["lhs_dilation"][side] != 1 for side in sides):
        return None
    windows = [
        _window(kernel.shape[kernel_axes[2 + side]], *(params[name][side] for name in _CONVOLVED))
        for side in sides
    ]
    axes = [out_axes[2 + side] for side in sides]
    spans, read, padding = _spread(step, x, axes, windows, np.zeros((), x.clean.dtype))
    changes = {"padding": _replaced(params["padding"], sides, padding)}
    linear = None
    if all(window == Window(1, 1) for window in windows):
        source, before = x.linear or (x, identity)
        linear = source, lambda change: step.bind(before(change), kernel)
    return step.patch(axes, spans, lambda: step.bind(read(), kernel, **changes), linear)


_CONVOLVED = "window_strides", "rhs_dilation", "padding"
_POOLED = "window_strides", "window_dilation", "padding"


def pooling(neutral: float) -> Rule:
    """Pooling by XLA's own operation; `neutral` is what counts for nothing, as in its padding."""

    def rule(step: Step, x: Patch) -> Patch | None:
        params, dtype = step.params, x.clean.dtype
        dilated = any(params["base_dilation"][axis] != 1 for axis in x.axes)
        if dilated or not jnp.issubdtype(dtype, jnp.floating):
            return None
        windows = [
            _window(params["window_dimensions"][axis], *(params[name][axis] for name in _POOLED))
            for axis in x.axes
        ]
        fill = np.asarray(neutral, dtype)
        spans, read, padding = _spread(step, x, x.axes, windows, fill)
        changes = {"padding": _replaced(params["padding"], x.axes, padding)}
        return step.patch(x.axes, spans, lambda: step.bind(read(), **changes))

    return rule


def slices(step: Step, x: Patch) -> Patch | None:
    """A part of the plane, or every so many of its pixels.

    Slices that differ only in where they start are most likely the corners of one window, as in
    `vizjax.ops.max_pool`, and meet again. They are given patches of one range, cut out of the same
    part of the operand.
    """

    def geometry(equation):
        params = equation.params
        strides = params["strides"] or (1,) * x.clean.ndim
        return [
            (equation.shapes[0][axis], int(strides[axis]), int(params["start_indices"][axis]))
            for axis in x.axes
        ]

    def kind(equation):
        return tuple(side[:2] for side in geometry(equation))

    own, kin = geometry(step.equation), kind(step.equation)
    family = [geometry(other) for other in step.siblings if kind(other) == kin]
    windows = []
    for sides in zip(*family, strict=True):
        starts = [start for _, _, start in sides]
        windows.append(Window(max(starts) - min(starts) + 1, sides[0][1], -min(starts)))
    spans, read, _ = _spread(step, x, x.axes, windows, None)

    def compute():
        if kin not in step.shared:
            step.shared[kin] = read()
        part = step.shared[kin]
        starts, limits = [[*step.params[f"{end}_indices"]] for end in ("start", "limit")]
        strides = [*(step.params["strides"] or (1,) * part.ndim)]
        for side, axis in enumerate(x.axes):
            size, stride, start = own[side]
            if not spans[side].is_all(size):
                starts[axis] = start + windows[side].low
                limits[axis] = starts[axis] + (spans[side].size - 1) * stride + 1
        return jax.lax.slice(part, starts, limits, strides)

    return step.patch(x.axes, spans, compute)


def pad(step: Step, x: Any, value: Any) -> Patch | None:
    """Constants around the plane, or less of it; not constants between its pixels."""
    config: list[Any] = [tuple(map(int, amounts)) for amounts in step.params["padding_config"]]
    if not isinstance(x, Patch) or any(config[axis][2] for axis in x.axes):
        return None
    spans, parts = [], []
    for own, length, axis in zip(x.spans, x.plane, x.axes, strict=True):
        low, outputs = config[axis][0], step.clean.shape[axis]
        spans.append(own.moved(low).settled(outputs))
        if spans[-1].is_all(outputs):
            parts.append(own.all(length))
        else:
            parts.append(own)
            config[axis] = (0, 0, 0)
    return step.patch(x.axes, spans, lambda: jax.lax.pad(x.cut(parts, value), value, config))


def _window(size: int, stride: int, dilation: int, padding: Sequence[Any]) -> Window:
    low, high = map(int, padding)
    return Window((size - 1) * dilation + 1, stride, low, high)


def _spread(
    step: Step, x: Patch, axes: Sequence[int], windows: Sequence[Window], fill: Any
) -> tuple[list[Span], Callable[[], Any], list[tuple[int, int]]]:
    """Where the result changes, how to read what it takes for that, and the padding it then has.

    Args:
      step: the operation.
      x: its operand.
      axes: of the result's plane.
      windows: over rows and columns.
      fill: what its padding holds.
    """
    spans, parts, padding = [], [], []
    for own, length, axis, window in zip(x.spans, x.plane, axes, windows, strict=True):
        outputs = step.clean.shape[axis]
        spans.append(own.seen_by(window, outputs))
        if spans[-1].is_all(outputs):
            parts.append(own.all(length))
            padding.append((window.low, window.high))
        else:
            parts.append(spans[-1].seen_through(window))
            padding.append((0, 0))
    padded = any(window.low > 0 or window.high > 0 for window in windows)
    return spans, lambda: x.cut(parts, fill if padded else None), padding


def _replaced(old: Sequence[Any], places: Sequence[int], new: Sequence[Any]) -> tuple[Any, ...]:
    replaced = dict(zip(places, new, strict=True))
    return tuple(replaced.get(place, entry) for place, entry in enumerate(old))
