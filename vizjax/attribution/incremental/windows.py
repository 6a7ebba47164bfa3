"""The scores of an image behind a window at any of its places."""

import functools
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, Int

from vizjax.attribution.incremental import rearranged, steps, windowed
from vizjax.attribution.incremental.patches import Patch, Place, cut
from vizjax.attribution.incremental.programs import Equation, Program, program
from vizjax.attribution.incremental.spans import Span
from vizjax.attribution.incremental.steps import Rule, Step
from vizjax.rules.jaxprs import ELEMENTWISE
from vizjax.types import ScoreFn

REDUCTIONS = "sum", "max", "min", "prod", "and", "or"

RULES: dict[str, Rule] = {
    **dict.fromkeys(ELEMENTWISE, steps.elementwise),
    **dict.fromkeys((f"reduce_{kind}" for kind in REDUCTIONS), rearranged.reduction),
    **dict.fromkeys(("argmax", "argmin"), rearranged.reduction),
    "broadcast_in_dim": rearranged.broadcast,
    "concatenate": steps.concatenate,
    "conv_general_dilated": windowed.convolution,
    "dot_general": rearranged.dot,
    "pad": windowed.pad,
    "reduce_window_max": windowed.pooling(-np.inf),
    "reduce_window_min": windowed.pooling(np.inf),
    "reduce_window_sum": windowed.pooling(0.0),
    "reshape": rearranged.reshape,
    "rev": rearranged.reverse,
    "slice": windowed.slices,
    "squeeze": rearranged.squeeze,
    "transpose": rearranged.transpose,
}
"""What is known to be local to the plane. Of all else a whole activation is computed."""


def scores_behind(
    score_fn: ScoreFn,
    image: Float[Array, "height width *channels"],
    hidden: Float[Array, "height width *channels"],
    rows: Int[np.ndarray, "down"],
    columns: Int[np.ndarray, "across"],
    window: tuple[int, int],
) -> Callable[[Any, Any], Any]:
    """What `score_fn` returns for the image behind a window, as a function of its place.

    The network is run on the whole image once, here. The returned function then computes for a
    window only what it changes, up to rounding the same as
    `score_fn(where(window, hidden, image))`. It is to be mapped over places (`jax.vmap`).

    Args:
      score_fn: one image to an array, or to a pytree of arrays.
      image: what is seen outside the window.
      hidden: what is seen within.
      rows: where a window can start, in pixels; beyond the edge it is cut off.
      columns: likewise.
      window: its size, in pixels.

    Returns:
      `(row, column) -> scores`, of the numbers of a place in `rows` and in `columns`. Derivatives
      of its results pass through the operations themselves, not through a `jax.custom_vjp`.
    """
    traced = program(score_fn, image)
    spans = Span(rows, window[0]), Span(columns, window[1])
    run = _Run(traced, traced.run(image))

    def at(row, column):
        place = Place(row, column)
        shown = functools.partial(cut, hidden, (0, 1), spans, place)
        return run.results(Patch(image, (0, 1), spans, place, shown))

    return at


class _Run:
    """A program whose values for the whole image are known."""

    def __init__(self, traced: Program, clean: dict[int, Any]):
        self.program, self.clean = traced, clean
        self.of_image = traced.of_image()
        self.slices: dict[int, list[Equation]] = defaultdict(list)
        self.uniform: dict[int, set[int]] = defaultdict(set)
        for equation in traced.equations:
            if equation.name == "slice":
                self.slices[equation.operands[0]].append(equation)
            if equation.name == "broadcast_in_dim":
                dimensions = equation.params["broadcast_dimensions"]
                axes = set(range(len(equation.shapes[0]))) - set(dimensions)
                self.uniform[equation.results[0]] = axes

    def results(self, window: Patch) -> Any:
        """The program's results for the image behind a window."""
        values: dict[int, Any] = {**self.clean, self.program.image: window}
        shared: dict[int, dict[Any, Any]] = defaultdict(dict)
        for equation in self.program.equations:
            if not self.of_image.isdisjoint(equation.operands):
                operands = [values[number] for number in equation.operands]
                patch = self._by_rule(equation, operands, window.place, shared)
                found = equation.bind(*map(_whole, operands)) if patch is None else [patch]
                values.update(zip(equation.results, found, strict=True))
        results = [_whole(values[number]) for number in self.program.results]
        return jax.tree.unflatten(self.program.structure, results)

    def _by_rule(self, equation, operands, place, shared):
        patched = [isinstance(operand, Patch) for operand in operands]
        of_image = [number in self.of_image for number in equation.operands]
        if equation.name not in RULES or not any(patched) or patched != of_image:
            return None
        result, first = equation.results[0], equation.operands[0]
        uniform = [self.uniform[number] for number in equation.operands]
        step = Step(equation, self.clean[result], place, uniform, self.slices[first], shared[first])
        found = RULES[equation.name](step, *operands)
        if isinstance(found, Patch) and found.linear is None:
            found.values  # noqa: B018  # in order, or Python's stack would be the network's depth
        return found


def _whole(value: Any) -> Any:
    return value.whole() if isinstance(value, Patch) else value
