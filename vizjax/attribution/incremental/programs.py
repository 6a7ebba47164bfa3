"""A function of an image as a straight list of equations, and their values for one image."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
from jax.extend.core import Jaxpr, JaxprEqn, Literal, Primitive

from vizjax.rules import jaxprs


class Equation(NamedTuple):
    """An operation; its operands and results are known by numbers.

    Attributes:
      primitive: what is done.
      params: and how.
      operands: numbers of values.
      results: numbers of values.
      shapes: of the results.
    """

    primitive: Primitive
    params: dict[str, Any]
    operands: tuple[int, ...]
    results: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def name(self) -> str:
        """The primitive's."""
        return self.primitive.name

    def bind(self, *operands: Any, **changes: Any) -> list[Any]:
        """The results for these operands, some of the parameters changed."""
        results = self.primitive.bind(*operands, **(self.params | changes))
        return list(results) if self.primitive.multiple_results else [results]


class Program(NamedTuple):
    """What a function of an image does.

    Attributes:
      equations: those on which a result depends, in order, calls of other functions written out.
      constants: the values that are known from the start, by number.
      image: the number of the image.
      results: the numbers of the results.
      structure: of the results.
    """

    equations: list[Equation]
    constants: dict[int, Any]
    image: int
    results: list[int]
    structure: Any

    def run(self, image: Any) -> dict[int, Any]:
        """All values for one image, by number."""
        values = {**self.constants, self.image: image}
        for equation in self.equations:
            found = equation.bind(*(values[number] for number in equation.operands))
            values.update(zip(equation.results, found, strict=True))
        return values

    def of_image(self) -> set[int]:
        """The numbers of the values that depend on the image."""
        dependent = {self.image}
        for equation in self.equations:
            if not dependent.isdisjoint(equation.operands):
                dependent.update(equation.results)
        return dependent


def program(function: Callable[[Any], Any], image: Any) -> Program:
    """What `function` does with an image like `image`.

    A derivative of its own that a part of it has (`jax.custom_vjp`) is not kept.

    Args:
      function: of an image, to any pytree of arrays; arrays that it closes over may be traced.
      image: an array.
    """
    like = jax.ShapeDtypeStruct(image.shape, image.dtype)
    # A new function each time: of an old one JAX would hand out what was traced before.
    traced, shapes = jax.make_jaxpr(lambda image: function(image), return_shape=True)(like)
    writer = _Writer()
    start = next(writer.numbers)
    results = writer.write(traced.jaxpr, traced.consts, [start])
    needed = _needed(writer.equations, results)
    return Program(needed, writer.constants, start, results, jax.tree.structure(shapes))


class _Writer:
    """Writes bodies down one after another, under numbers of its own."""

    def __init__(self):
        self.numbers = itertools.count()
        self.equations: list[Equation] = []
        self.constants: dict[int, Any] = {}

    def known(self, value: Any) -> int:
        number = next(self.numbers)
        self.constants[number] = value
        return number

    def write(self, body: Jaxpr, consts: Sequence[Any], arguments: Sequence[int]) -> list[int]:
        """The numbers of a body's results."""
        here = dict(zip(body.constvars, map(self.known, consts), strict=True))
        here.update(zip(body.invars, arguments, strict=True))

        def read(atom: Any) -> int:
            return self.known(atom.val) if isinstance(atom, Literal) else here[atom]

        for eqn in body.eqns:
            operands = [read(atom) for atom in eqn.invars]
            here.update(zip(eqn.outvars, self._results(eqn, operands), strict=True))
        return [read(atom) for atom in body.outvars]

    def _results(self, eqn: JaxprEqn, operands: list[int]) -> list[int]:
        if eqn.primitive in (*jaxprs.CALLS, *jaxprs.CUSTOM):
            inner = eqn.params["jaxpr" if "jaxpr" in eqn.params else "call_jaxpr"]
            return self.write(jaxprs.body(inner), getattr(inner, "consts", ()), operands)
        results = [next(self.numbers) for _ in eqn.outvars]
        shapes = tuple(jaxprs.aval(var).shape for var in eqn.outvars)
        self.equations.append(
            Equation(eqn.primitive, eqn.params, tuple(operands), tuple(results), shapes)
        )
        return results


def _needed(equations: list[Equation], results: Sequence[int]) -> list[Equation]:
    wanted, needed = set(results), []
    for equation in reversed(equations):
        if not wanted.isdisjoint(equation.results):
            wanted.update(equation.operands)
            needed.append(equation)
    return needed[::-1]
