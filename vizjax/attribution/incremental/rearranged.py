"""Operations that leave the pixels of the plane where they are: other axes, sums, products."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax

from vizjax.attribution.incremental.patches import Patch
from vizjax.attribution.incremental.spans import Window
from vizjax.attribution.incremental.steps import Step, identity


def reshape(step: Step, x: Patch) -> Patch | None:
    """Other axes around the plane's own, or those cut into blocks."""
    old, new = x.clean.shape, step.clean.shape
    if step.params.get("dimensions") is not None or 0 in old:
        return None
    rows, columns = (_counterpart(old, axis, new) for axis in x.axes)
    if rows is None or columns is None:
        return _blocks(step, x)
    if rows == columns:
        return None
    axes = rows, columns
    return _moved(step, x, axes, lambda part: part.reshape(_resized(new, axes, x.axes, part)))


def broadcast(step: Step, x: Patch) -> Patch | None:
    """Repetition along other axes than the plane's."""
    dimensions, new = step.params["broadcast_dimensions"], step.clean.shape
    axes = [dimensions[axis] for axis in x.axes]
    if tuple(new[axis] for axis in axes) != x.plane:
        return None

    def repeated(part):
        return jax.lax.broadcast_in_dim(part, _resized(new, axes, x.axes, part), dimensions)

    return _moved(step, x, axes, repeated)


def squeeze(step: Step, x: Patch) -> Patch | None:
    """Fewer axes of one entry."""
    return _without(step, x, step.params["dimensions"])


def transpose(step: Step, x: Patch) -> Patch:
    """The axes in another order."""
    permutation = step.params["permutation"]
    return _moved(step, x, [permutation.index(axis) for axis in x.axes], step.bind)


def reverse(step: Step, x: Patch) -> Patch | None:
    """The other way round along other axes than the plane's, such as BGR from RGB."""
    turned = not set(step.params["dimensions"]).isdisjoint(x.axes)
    return None if turned else _moved(step, x, x.axes, step.bind)


def reduction(step: Step, x: Patch) -> Any:
    """A maximum or a sum over channels; or the sum over the plane of what is linear in each pixel.

    That is the whole image's plus the function of the sum of what has changed, such as the 1×1
    convolution before a global average, which is then applied once. Any other sum over the plane is
    added up anew: a difference would lose what a single large term, such as of exponentials, hides.
    """
    gone = step.params["axes"]
    if step.equation.name == "reduce_sum" and set(x.axes) <= set(gone) and x.linear is not None:
        source, function = x.linear
        change = source.change().sum(axis=source.axes, keepdims=True)
        return step.clean + step.bind(function(change))
    kept = _without(step, x, gone)
    return kept and dataclasses.replace(kept, linear=None)


def dot(step: Step, left: Any, right: Any) -> Patch | None:
    """A product with a constant over other axes than the plane's, such as a 1×1 convolution."""
    side = 0 if isinstance(left, Patch) else 1
    x, other = (left, right) if side == 0 else (right, left)
    contracted, batched = step.params["dimension_numbers"]
    summed = {*contracted[side], *batched[side]}
    if isinstance(other, Patch) or not summed.isdisjoint(x.axes):
        return None
    ahead = len(batched[0])
    if side == 1:
        ahead = other.ndim - len(contracted[0])
    free = [axis for axis in range(x.clean.ndim) if axis not in summed]
    axes = [ahead + free.index(axis) for axis in x.axes]

    def product(part):
        return step.bind(part, other) if side == 0 else step.bind(other, part)

    source, before = x.linear or (x, identity)
    linear = source, lambda change: product(before(change))
    return step.patch(axes, x.spans, lambda: product(x.values), linear)


def _without(step: Step, x: Patch, gone: Sequence[int]) -> Patch | None:
    if not set(gone).isdisjoint(x.axes):
        return None
    axes = [axis - sum(other < axis for other in gone) for axis in x.axes]
    return _moved(step, x, axes, step.bind)


def _moved(step: Step, x: Patch, axes: Sequence[int], rearrange: Callable[[Any], Any]) -> Patch:
    """The same patch on other axes."""
    linear = None
    if x.linear is not None:
        source, before = x.linear
        linear = source, lambda change: rearrange(before(change))
    return step.patch(axes, x.spans, lambda: rearrange(x.values), linear)


def _resized(shape: Sequence[int], axes: Sequence[int], old: Sequence[int], part: Any) -> list[int]:
    """`shape` with the plane of `part`."""
    sizes = {new: part.shape[axis] for new, axis in zip(axes, old, strict=True)}
    return [sizes.get(axis, size) for axis, size in enumerate(shape)]


def _counterpart(
    old: Sequence[int], axis: int, new: Sequence[int], size: Callable[[int], int] | None = None
) -> int | None:
    """The axis of `new` that starts where `axis` of `old` does, and is as long."""
    before = math.prod(old[:axis])
    size = size or new.__getitem__
    for there in reversed(range(len(new))):
        if math.prod(new[:there]) == before and size(there) == old[axis]:
            return there
    return None


def _blocks(step: Step, x: Patch) -> Patch | None:
    """Rows and columns in blocks, `n` as `n / b, b`: the first half of space to depth."""
    old, new = x.clean.shape, step.clean.shape
    pairs = [*(a * b for a, b in itertools.pairwise(new)), 0]
    axes, spans, parts = [], [], []
    for axis, own in zip(x.axes, x.spans, strict=True):
        there = _counterpart(old, axis, new, pairs.__getitem__)
        if there is None:
            return None
        block = Window(new[there + 1], new[there + 1])
        axes.append(there)
        spans.append(own.seen_by(block, new[there]))
        parts.append(spans[-1].seen_through(block))

    def compute():
        sizes = {axis: span.size for axis, span in zip(axes, spans, strict=True)}
        shape = [sizes.get(axis, size) for axis, size in enumerate(new)]
        return x.cut(parts).reshape(shape)

    return step.patch(axes, spans, compute)
