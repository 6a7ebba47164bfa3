"""The pixels that a neuron can depend on, read off the operations between image and neuron.

Every array on the way carries, for each of its elements, the bounding box of the pixels that the
element was made of. An operation merges the boxes of what it takes together: a convolution those
under its kernel, a pooling those in its window, a sum of two layers those of both. The network is
traced and never run, so that neither its weights nor the device can change the answer.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import jax
import numpy as np
from jax.extend.core import Jaxpr, Literal
from jaxtyping import Int

from vizjax.search import boxes_through
from vizjax.search.boxes_through import Marks
from vizjax.targets import check
from vizjax.types import Box, Label, ScoreFn

Known: TypeAlias = Marks | Callable[[], Any]
"""What is known of an array: its marks; or, where no pixel enters, how to compute it."""

CALLS = {
    "jit", "pjit", "closed_call", "core_call", "checkpoint", "remat", "remat2",
    "custom_jvp_call", "custom_vjp_call",
}  # fmt: skip
"""Operations that only wrap others."""


def receptive_field(score_fn: ScoreFn, image: Any, label: Label) -> Box:
    """The smallest box of pixels outside of which nothing can change a neuron.

    Args:
      score_fn: one image to an array of neurons: `network.layer(name)`, or any JAX function.
      image: an image, or a `jax.ShapeDtypeStruct` of its shape: the values play no part.
      label: the neuron, such as `(row, column, channel)`; see `vizjax.targets.select`.

    Returns:
      The box in pixels, within the image; empty (all 0) where the neuron is a constant.

    Raises:
      InputError: `label` names no neuron.

    >>> image = jax.ShapeDtypeStruct((4, 5, 3), float)
    >>> receptive_field(lambda image: image[1:, 1:, 0] + image[:-1, :-1, 0], image, (2, 1))
    Box(x0=1, y0=2, x1=3, y1=4)
    """
    boxes = receptive_fields(score_fn, image)
    check(label, boxes.shape[:-1])
    return Box(*boxes[tuple(np.asarray(label, int).reshape(-1))].tolist())


def receptive_fields(score_fn: ScoreFn, image: Any) -> Int[np.ndarray, "... 4"]:
    """The receptive fields of all neurons at once, as `receptive_field` has them one by one.

    Exact for what networks are made of: convolutions of every kind, pooling, sums and means,
    matrix products, elementwise functions, and cutting, padding, joining and rearranging by
    indices that do not depend on the image. All weights count, zeros too. Of any other operation
    each result is taken to depend on all that enters it: a box may be too large then, but never
    too small.

    Args:
      score_fn: as of `receptive_field`; it returns one array.
      image: likewise; its first two axes are rows and columns.

    Returns:
      `x0, y0, x1, y1` along a last axis, for each of the neurons.
    """
    closed = jax.make_jaxpr(score_fn)(image)
    start = boxes_through.of_pixels(image.shape)
    (found,) = _through(closed.jaxpr, map(_constant, closed.consts), [start])
    return boxes_through.boxes(_marks(found, closed.jaxpr.outvars[0]))


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _marks(known: Known, atom: Any) -> Marks:
    return known if isinstance(known, np.ndarray) else boxes_through.of_constant(atom.aval.shape)


def _through(jaxpr: Jaxpr, consts: Iterable[Known], arguments: Iterable[Known]) -> list[Known]:
    """What is known of a program's results, from what is known of its arguments."""
    known: dict[Any, Known] = dict(zip(jaxpr.constvars, consts, strict=True))
    known.update(zip(jaxpr.invars, arguments, strict=True))

    def read(atom):
        return _constant(atom.val) if isinstance(atom, Literal) else known[atom]

    for equation in _needed(jaxpr):
        results = _results(equation, [read(atom) for atom in equation.invars])
        known.update(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _needed(jaxpr: Jaxpr) -> list[Any]:
    """The equations that the results depend on: not those of the layers after the neuron's."""
    wanted, needed = {atom for atom in jaxpr.outvars if not isinstance(atom, Literal)}, []
    for equation in reversed(jaxpr.eqns):
        if not wanted.isdisjoint(equation.outvars):
            wanted.update(atom for atom in equation.invars if not isinstance(atom, Literal))
            needed.append(equation)
    return needed[::-1]


def _results(equation: Any, operands: list[Known]) -> list[Known]:
    name, params = equation.primitive.name, equation.params
    if name in CALLS:
        inner = params["jaxpr"] if "jaxpr" in params else params["call_jaxpr"]
        program, consts = getattr(inner, "jaxpr", inner), getattr(inner, "consts", ())
        return _through(program, map(_constant, consts), operands)
    fixed = [operand for operand in operands if not isinstance(operand, np.ndarray)]
    if len(fixed) == len(operands):
        return _computed(equation, fixed)
    others_fixed = len(fixed) == len(operands) - 1 and isinstance(operands[0], np.ndarray)
    marks = [_marks(*pair) for pair in zip(operands, equation.invars, strict=True)]
    if name in boxes_through.INDEXING and others_fixed:
        return [*boxes_through.indexed(equation, marks[0], [index() for index in fixed])]
    return [*boxes_through.rule(name, others_fixed=others_fixed)(equation, *marks)]


def _computed(equation: Any, operands: list[Callable[[], Any]]) -> list[Known]:
    """The results of what no pixel enters, computed only if an index should need them."""

    @functools.cache
    def results():
        values = equation.primitive.bind(*[operand() for operand in operands], **equation.params)
        return values if equation.primitive.multiple_results else [values]

    return [lambda number=number: results()[number] for number in range(len(equation.outvars))]
