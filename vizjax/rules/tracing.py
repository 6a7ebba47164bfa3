"""A function taken apart: traced, read, and run again with some of its equations replaced."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend.core import JaxprEqn, jaxpr_as_fun
from jax.tree_util import register_dataclass

from vizjax.rules import jaxprs, reading

STATIC: Any = {"metadata": {"static": True}}


@register_dataclass
@dataclass(frozen=True)
class Closure:
    """A callable whose arrays are leaves and all else of which is static.

    A function is no leaf that `jax.jit` takes, nor are the flags and functions that some
    libraries keep among the leaves of their modules.

    Attributes:
      arrays: in the order of the leaves.
      others: every leaf, None in the place of an array.
      structure: of the callable.
    """

    arrays: tuple[Any, ...]
    others: tuple[Any, ...] = dataclasses.field(**STATIC)
    structure: Any = dataclasses.field(**STATIC)

    def __call__(self, *args: Any) -> Any:
        """What the callable returns."""
        arrays = iter(self.arrays)
        leaves = [next(arrays) if leaf is None else leaf for leaf in self.others]
        return jax.tree.unflatten(self.structure, leaves)(*args)


def portable(score_fn: Callable[..., Any]) -> Callable[..., Any]:
    """`score_fn` as a pytree of arrays alone: itself, if it is one, or a `Closure`."""
    leaves, structure = jax.tree.flatten(score_fn)
    kinds = jax.Array | np.ndarray | np.generic | jax.ShapeDtypeStruct
    held = [isinstance(leaf, kinds) for leaf in leaves]
    if all(held):
        return score_fn
    arrays = tuple(leaf for leaf, array in zip(leaves, held, strict=True) if array)
    others = tuple(None if array else leaf for leaf, array in zip(leaves, held, strict=True))
    return Closure(arrays, others, structure)


class Examined(NamedTuple):
    """A call that was traced but not run.

    Attributes:
      jaxpr: closed; the arrays of the function come first among its inputs.
      leaves: the inputs.
      structure: of the results.
      plan: what to replace, for `jaxprs.rewritten`.
      report: the same for people.
    """

    jaxpr: Any
    leaves: list[Any]
    structure: Any
    plan: tuple[Any, ...]
    report: reading.Report

    def run(self, replace: Callable[[JaxprEqn, Any], list[JaxprEqn]]) -> Any:
        """The results, with the equations of the plan replaced."""
        new = jaxprs.rewritten(self.jaxpr, self.plan, replace)
        return jax.tree.unflatten(self.structure, jaxpr_as_fun(new)(*self.leaves))


def examine(
    score_fn: Callable[..., Any], args: tuple[Any, ...], finder: reading.Finder
) -> Examined:
    """Traces `score_fn(*args)` and finds what there is to replace."""
    leaves, inputs = jax.tree.flatten((portable(score_fn), args))

    def flat(*leaves):
        function, args = jax.tree.unflatten(inputs, leaves)
        return function(*args)

    jaxpr, results = jax.make_jaxpr(flat, return_shape=True)(*leaves)
    found, values = reading.read(jaxpr, (), finder)
    plan, report, _ = reading.select(found, [True] * len(values))
    return Examined(jaxpr, leaves, jax.tree.structure(results), plan, report)
