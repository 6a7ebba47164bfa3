"""The forms of a rectifier: which equations of a jaxpr clip a value from below at 0.

A jaxpr is read forwards, and of some values a fact is known: that it is one number all over, that
it is true where another value is positive, that it is another value clipped. A value keeps its
identity when it is passed into a `jit` or out of one, so that `jnp.where(x > 0, x, 0)`, whose
comparison and selection stand in different jaxprs, is recognised as it would be in one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.extend.core import Jaxpr, JaxprEqn, Literal, Var
from jax.extend.core import primitives as p

from vizjax.rules.jaxprs import CUSTOM, aval


@dataclass(frozen=True, eq=False)
class Value:
    """One value, and what is known of it."""

    fact: Any = None


class Constant(NamedTuple):
    """The value is known."""

    array: Any


class Sign(NamedTuple):
    """True where `of` is positive (or, if not `positive`, where it is negative), either at 0."""

    of: Value
    positive: bool


class Clipped(NamedTuple):
    """`of`, from below at 0 where `floor`, from above at `high`."""

    of: Value
    floor: bool
    high: float


class Rectification(NamedTuple):
    """An equation that is `clip(x, 0, high)`."""

    kind: str
    x: Var
    high: float


# What leaves an array of one number an array of that number.
_SPREAD = {"broadcast_in_dim", "convert_element_type", "reshape", "squeeze", "copy", "pvary"}
_COMPARED = {p.gt_p: True, p.ge_p: True, p.lt_p: False, p.le_p: False}
_ROOTS = {p.sqrt_p, p.rsqrt_p}

# Of `jax.nn`: built on `relu6`, but smooth gates rather than rectifiers.
COMPOSED = ("jit(hard_sigmoid)", "jit(hard_silu)", "jit(hard_swish)")


def number(value: Value) -> float | None:
    """The one number of which an array consists, if that is known."""
    array = value.fact.array if isinstance(value.fact, Constant) else None
    if array is None or isinstance(array, Tracer):
        return None
    if not getattr(array, "is_fully_addressable", True):  # in part on another host
        return None
    array = np.asarray(array)
    if array.size == 0 or np.iscomplexobj(array) or (array != array.flat[0]).any():
        return None
    return float(array.flat[0])


def find(
    eqn: JaxprEqn, args: Sequence[Value], inside: Sequence[Value], scope: Mapping[Value, Var]
) -> tuple[Value, Rectification | None]:
    """What is known of an equation's first result, and whether it is a rectifier.

    Args:
      eqn: any equation.
      args: its operands.
      inside: what its body returns, if it has one and a derivative of its own.
      scope: the variables that hold values here.
    """
    if eqn.primitive in CUSTOM:
        value = inside[0] if len(inside) == 1 else Value()
        kind = "relu"
    else:
        value = _result(eqn, args, scope)
        kind = {p.max_p: "max", p.select_n_p: "where"}.get(eqn.primitive, "clip")
    fact = value.fact
    if not isinstance(fact, Clipped) or not fact.floor or fact.of not in scope:
        return value, None
    if eqn.primitive in CUSTOM and (fact.of not in args or eqn.effects):
        return value, None
    x, y = aval(scope[fact.of]), aval(eqn.outvars[0])
    if not jnp.issubdtype(x.dtype, jnp.floating) or x.shape != y.shape:
        return value, None
    if kind == "relu" and fact.high < math.inf:
        kind = "relu6" if fact.high == 6 else "clip"
    return value, Rectification(kind, scope[fact.of], fact.high)


def _result(eqn: JaxprEqn, args: Sequence[Value], scope: Mapping[Value, Var]) -> Value:
    if eqn.primitive.name in _SPREAD and isinstance(args[0].fact, Constant):
        return args[0]
    match eqn.primitive:
        case p.max_p:
            for x, bound in (args, args[::-1]):
                if number(bound) == 0 and number(x) is None:
                    return _clipped(x, scope, floor=True)
        case p.min_p:
            for x, bound in (args, args[::-1]):
                high = number(bound)
                if high is not None and number(x) is None:
                    return _clipped(x, scope, high=high)
        case p.clamp_p:
            low, x, high = number(args[0]), args[1], number(args[2])
            if low == 0 and high is not None and high > 0 and number(x) is None:
                return Value(Clipped(x, True, high))
        case p.not_p if isinstance(args[0].fact, Sign):
            return Value(Sign(args[0].fact.of, not args[0].fact.positive))
        case compared if compared in _COMPARED:
            for (x, bound), turned in ((args, False), (args[::-1], True)):
                if number(bound) == 0 and number(x) is None:
                    return Value(Sign(x, _COMPARED[compared] != turned))
        case p.select_n_p if len(args) == 3 and isinstance(args[0].fact, Sign):
            of, positive = args[0].fact
            kept, dropped = (args[2], args[1]) if positive else (args[1], args[2])
            if kept is of and number(dropped) == 0:
                return Value(Clipped(of, True, math.inf))
    return Value()


def _clipped(x, scope, *, floor=False, high=math.inf):
    """`x` clipped on one side; if it is already clipped on the other, on both at once."""
    fact = x.fact
    if not isinstance(fact, Clipped) or fact.of not in scope or min(high, fact.high) <= 0:
        return Value(Clipped(x, floor, high))
    if floor and fact.floor:  # a rectifier after a rectifier
        return Value(Clipped(x, floor, high))
    return Value(Clipped(fact.of, floor or fact.floor, min(high, fact.high)))


def misread(body: Jaxpr, values: Mapping[Any, Value], eqn: JaxprEqn, site: Rectification) -> bool:
    """Whether a rectifier by its form is none by its surroundings.

    Args:
      body: where `eqn` stands.
      values: of its variables.
      eqn: an equation found to be a rectifier.
      site: what was found.

    Returns:
      True of one half of an activation to which a function of the other, `min(x, 0)`, is added,
      and of the floor under a square root.
    """
    y, x = eqn.outvars[0], values[site.x]
    facts = {var: value.fact for var, value in values.items() if isinstance(value.fact, Clipped)}
    others = {var for var, fact in facts.items() if fact == (x, False, 0)}
    return _completed(body, y, others) or _under_a_root(body, y)


def _users(body, var):
    return [eqn for eqn in body.eqns if any(atom is var for atom in eqn.invars)]


def _completed(body, var, others):
    """Whether to `var` is added what was made from one of `others`."""
    made = set(others)
    for eqn in body.eqns if others else ():
        if not made.isdisjoint(atom for atom in eqn.invars if not isinstance(atom, Literal)):
            made.update(eqn.outvars)
    sums = [eqn for eqn in _users(body, var) if eqn.primitive in (p.add_p, p.sub_p)]
    return any(atom in made for eqn in sums for atom in eqn.invars if not isinstance(atom, Literal))


def _under_a_root(body, var):
    """Whether `var` serves for nothing but square roots, however it is shaped or moved for them."""
    users = _users(body, var)
    if not users or any(atom is var for atom in body.outvars):
        return False

    def rooted(eqn):
        carried = eqn.primitive.name in _SPREAD | {"add"}
        return eqn.primitive in _ROOTS or (carried and _under_a_root(body, eqn.outvars[0]))

    return all(map(rooted, users))
