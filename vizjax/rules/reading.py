"""Reading a function: what of a kind stands in it, and what of it the backward pass meets.

Two passes over the jaxpr: forwards, to find; backwards, to keep what the gradient passes through.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax.extend.core import Literal, Var
from jax.extend.core import primitives as p

from vizjax.rules import jaxprs
from vizjax.rules.forms import Constant, Value


class Site(NamedTuple):
    """One place that is rewritten.

    Attributes:
      kind: its form: `relu`, `relu6`, `max`, `clip`, `where`; `max_pool`.
      path: the named scopes and the `jit`, `scan`, … around it, joined by `/`.
      source: the line that made it, `file:line (function)`; empty if unknown.
      shape: of its result. Inside `scan` that of one step.
    """

    kind: str
    path: str
    source: str
    shape: tuple[int, ...]


class Report(NamedTuple):
    """What is rewritten, and where more might have been.

    Attributes:
      sites: in the order of the forward pass.
      not_entered: the paths of what was left as it is though such a site stands in it (a
        `while`, a function with a derivative of its own), or may (a kernel, a callback).
    """

    sites: tuple[Site, ...]
    not_entered: tuple[str, ...]


class Finder(NamedTuple):
    """What is looked for.

    Attributes:
      find: `(eqn, args, inside, scope)` to the first result's value and a site, a reason against
        one, or None. A site is hashable and has `kind` and `x`, its input.
      misread: `(body, values, eqn, site)`: whether the surroundings speak against it after all.
      closed: labels of calls not to enter.
    """

    find: Callable[..., tuple[Value, Any]]
    misread: Callable[..., bool] = lambda *_: False
    closed: Sequence[str] = ()


@dataclass(frozen=True)
class Reading:
    """One jaxpr, read forwards; all by the equation's number."""

    sub: Any
    sites: Mapping[int, Any]
    parts: Mapping[int, Sequence["Reading"]]
    left: Mapping[int, str]


def read(sub: Any, inputs: Sequence[Value], finder: Finder) -> tuple[Reading, list[Value]]:
    """Finds in a jaxpr and in what it holds; also returns what is known of its results.

    Args:
      sub: an open or closed jaxpr.
      inputs: what is known of its inputs; of the first ones, if not of all.
      finder: what to look for.
    """
    body = jaxprs.body(sub)
    values = {var: Value() for var in (*body.constvars, *body.invars)}
    values |= {var: Value(Constant(array)) for var, array in jaxprs.constants(sub)}
    values |= dict(zip(body.invars, inputs, strict=False))
    scope: dict[Value, Var] = {}
    for var, value in values.items():
        scope.setdefault(value, var)

    def of(atom):
        return Value(Constant(atom.val)) if isinstance(atom, Literal) else values[atom]

    sites, parts, left = {}, {}, {}
    for n, eqn in enumerate(body.eqns):
        args = [of(atom) for atom in eqn.invars]
        results, parts[n], site = _look(eqn, args, scope, finder)
        if site is not None:
            (left if isinstance(site, str) else sites)[n] = site
        for var, value in zip(eqn.outvars, results, strict=True):
            values[var] = value
            scope.setdefault(value, var)
    sites = {
        n: site for n, site in sites.items() if not finder.misread(body, values, body.eqns[n], site)
    }
    return Reading(sub, sites, parts, left), [of(atom) for atom in body.outvars]


def _look(eqn, args, scope, finder):
    """One equation: its results' values, its bodies as they were read, and what it is.

    That is a site, the reason why not, or None.
    """
    name, unknown = jaxprs.label(eqn), [Value() for _ in eqn.outvars]
    if eqn.primitive.name in jaxprs.OPAQUE:
        return unknown, (), name
    if eqn.primitive in jaxprs.ENTERED and name not in finder.closed:
        pairs = zip(jaxprs.bodies(eqn), jaxprs.operands(eqn, args), strict=True)
        parts, results = zip(*(read(*pair, finder) for pair in pairs), strict=True)
        return results[0] if eqn.primitive in jaxprs.CALLS else unknown, parts, None
    inside = ()
    if eqn.primitive in jaxprs.CUSTOM:
        part, inside = read(eqn.params["call_jaxpr"], args, finder)
        parts = [part]
    else:
        parts = [read(one, (), finder)[0] for one in jaxprs.all_bodies(eqn)]
    value, site = finder.find(eqn, args, inside, scope)
    if site is None and any(map(_holds, parts)):
        return unknown, (), name
    # What has a derivative of its own is another value than the one it was made from.
    known = len(unknown) == 1 and (site is not None or eqn.primitive not in jaxprs.CUSTOM)
    return [value] if known else unknown, (), site


def _holds(reading):
    inner = (part for parts in reading.parts.values() for part in parts)
    return bool(reading.sites or reading.left) or any(map(_holds, inner))


def select(
    reading: Reading, live: Sequence[bool], path: tuple[str, ...] = (), line: str = ""
) -> tuple[tuple[Any, ...], Report, list[bool]]:
    """Keeps of a reading what a gradient of its results passes through.

    Args:
      reading: of a jaxpr.
      live: for each of its results, whether the gradient comes in there.
      path: where the jaxpr stands.
      line: the source of all that is in it; if empty, each equation knows its own.

    Returns:
      The plan for `jaxprs.rewritten`, the report, and for each input whether the gradient gets
      there.
    """
    body, plan, sites, left = jaxprs.body(reading.sub), [], [], []
    alive = {atom for atom, on in zip(body.outvars, live, strict=True) if on and _var(atom)}
    for n, eqn in reversed(list(enumerate(body.eqns))):
        wanted = [out in alive and _differentiable(out) for out in eqn.outvars]
        if not any(wanted):
            continue
        here = (*path, *jaxprs.scopes(eqn))
        if n in reading.left:
            left[:0] = ["/".join((*here, reading.left[n]))]
        if n in reading.sites:
            site = reading.sites[n]
            plan.append((n, site))
            kind = "clip" if path[-1:] == ("jit(clip)",) else site.kind
            shape = jaxprs.aval(eqn.outvars[0]).shape
            sites[:0] = [Site(kind, "/".join(here), line or jaxprs.source(eqn), shape)]
            alive.add(site.x)
        elif reading.parts[n]:
            call = eqn.primitive in jaxprs.CALLS
            through = wanted if call else [True] * len(wanted)
            above = line or (jaxprs.source(eqn) if jaxprs.is_own(eqn) else "")
            chosen = [
                select(part, through, (*here, jaxprs.label(eqn, branch)), above)
                for branch, part in enumerate(reading.parts[n])
            ]
            plans = tuple(plan for plan, _, _ in chosen)
            if any(plans):
                plan.append((n, jaxprs.Enter(plans)))
            sites[:0] = [site for _, report, _ in chosen for site in report.sites]
            left[:0] = [name for _, report, _ in chosen for name in report.not_entered]
            reached = chosen[0][2] if call else [True] * len(eqn.invars)
            alive.update(a for a, on in zip(eqn.invars, reached, strict=True) if on and _var(a))
        elif eqn.primitive is not p.stop_gradient_p:
            alive.update(filter(_var, eqn.invars))
    report = Report(tuple(sites), tuple(left))
    return tuple(plan), report, [var in alive for var in body.invars]


def _var(atom):
    return not isinstance(atom, Literal)


def _differentiable(var):
    dtype = getattr(jaxprs.aval(var), "dtype", None)
    return dtype is not None and jnp.issubdtype(dtype, jnp.inexact)
