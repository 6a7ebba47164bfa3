"""One operation on a patch: what it has at hand, and how operands are brought together."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import jax.numpy as jnp
import numpy as np

from vizjax.attribution.incremental.patches import Axes, Patch, Place, Spans, cut
from vizjax.attribution.incremental.programs import Equation
from vizjax.attribution.incremental.spans import Span, covering


class Step(NamedTuple):
    """An equation of one result at work.

    Attributes:
      equation: which.
      clean: its result for the whole image.
      place: of the window.
      uniform: for each operand the axes along which it only repeats itself.
      siblings: the slices of the same operand, itself among them.
      shared: what siblings hand on to one another.
    """

    equation: Equation
    clean: Any
    place: Place
    uniform: Sequence[set[int]]
    siblings: Sequence[Equation]
    shared: dict[Any, Any]

    @property
    def params(self) -> dict[str, Any]:
        """The equation's."""
        return self.equation.params

    def bind(self, *operands: Any, **changes: Any) -> Any:
        """The result for these operands, some of the parameters changed."""
        return self.equation.bind(*operands, **changes)[0]

    def patch(
        self,
        axes: Sequence[int],
        spans: Sequence[Span],
        compute: Callable[[], Any],
        linear: Any = None,
    ) -> Patch:
        """The result."""
        (rows, columns), (over_rows, over_columns) = axes, spans
        spans = over_rows, over_columns
        return Patch(self.clean, (rows, columns), spans, self.place, compute, linear)


Rule: TypeAlias = Callable[..., Any]
"""`(step, *operands)`, some of them patches, to the result; None where it has no patch."""


def elementwise(step: Step, *operands: Any) -> Patch | None:
    """Each pixel of the result is made of those that stand there."""
    found = _together(step, operands)
    if found is None:
        return None
    axes, spans = found

    def compute():
        parts = zip(operands, step.uniform, strict=True)
        return step.bind(*(_part(step, *part, axes, spans) for part in parts))

    return step.patch(axes, spans, compute, _unchanged(step, *operands))


def concatenate(step: Step, *operands: Any) -> Patch | None:
    """Of arrays side by side the patches are made one size."""
    axes = next(operand.axes for operand in operands if isinstance(operand, Patch))
    return None if step.params["dimension"] in axes else elementwise(step, *operands)


def identity(change: Any) -> Any:
    """What leads from a patch to itself."""
    return change


def _together(step: Step, operands: Sequence[Any]) -> tuple[Axes, Spans] | None:
    """The plane's axes and what covers all patches; None if they do not lie on one plane."""
    patches = [operand for operand in operands if isinstance(operand, Patch)]
    axes = patches[0].axes
    plane = tuple(step.clean.shape[axis] for axis in axes)
    if any(patch.axes != axes or patch.plane != plane for patch in patches):
        return None
    down, across = zip(*(patch.spans for patch in patches), strict=True)
    return axes, (covering(down).settled(plane[0]), covering(across).settled(plane[1]))


def _part(step: Step, operand: Any, uniform: set[int], axes: Axes, spans: Spans) -> Any:
    """What an operand has where the result's patch is."""
    if isinstance(operand, Patch):
        return operand.cut(spans)
    if jnp.ndim(operand) == 0:
        return operand
    parts = []
    for axis, span in zip(axes, spans, strict=True):
        same = operand.shape[axis] == 1 or axis in uniform
        parts.append(span.all(min(operand.shape[axis], span.size)) if same else span)
    # Beyond the plane a one: the derivative of 0 / 0 is NaN even where the quotient is not used.
    return cut(operand, axes, parts, step.place, np.ones((), operand.dtype))


def _unchanged(step: Step, *operands: Any) -> Any:
    """How the change of a sum with a constant came about: as that of the other summand."""
    kept = {"add": operands, "sub": operands[:1]}.get(step.equation.name, ())
    patches = [operand for operand in operands if isinstance(operand, Patch)]
    if len(patches) > 1 or not any(operand is patches[0] for operand in kept):
        return None
    return patches[0].linear
