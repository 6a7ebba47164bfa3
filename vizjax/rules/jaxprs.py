"""Jaxprs: what an equation holds, where it came from, and other equations in its place.

Everything that knows how JAX writes a function down stands here, so that another version of JAX
is a matter of this file.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import jax
from jax.extend.core import Jaxpr, JaxprEqn, Literal, Primitive, Var, jaxpr_as_fun, jaxprs_in_params
from jax.extend.core import primitives as p

ENTERED: dict[Primitive, str] = {
    p.jit_p: "jaxpr",
    p.closed_call_p: "call_jaxpr",
    p.remat_p: "jaxpr",
    p.scan_p: "jaxpr",
    p.cond_p: "branches",
}
"""What JAX differentiates by its body, and the parameter that holds the body."""

CALLS = (p.jit_p, p.closed_call_p, p.remat_p)
"""Of these, those whose operands and results are their body's, one to one."""

CUSTOM = (p.custom_jvp_call_p, p.custom_vjp_call_p)
"""What has a derivative of its own, whatever its body."""

OPAQUE = {"pallas_call", "pure_callback", "io_callback", "ffi_call", "custom_partitioning"}
"""By name: code that JAX does not see into, or that is no array program."""


ELEMENTWISE = {
    "abs", "acos", "acosh", "add", "add_any", "and", "asin", "asinh", "atan", "atan2", "atanh",
    "cbrt", "ceil", "clamp", "convert_element_type", "copy", "cos", "cosh", "digamma", "div",
    "eq", "erf", "erf_inv", "erfc", "exp", "exp2", "expm1", "floor", "ge", "gt", "integer_pow",
    "is_finite", "le", "lgamma", "log", "log1p", "logistic", "lt", "max", "min", "mul", "name",
    "ne", "neg", "nextafter", "not", "or", "pow", "reduce_precision", "rem", "round", "rsqrt",
    "select_n", "sign", "sin", "sinh", "sqrt", "square", "stop_gradient", "sub", "tan", "tanh",
    "xor",
}  # fmt: skip
"""Operations of which every result takes the elements of one place."""


class Enter(NamedTuple):
    """To be done inside an equation: one plan for each of its bodies, in order."""

    plans: tuple[Any, ...]


def body(sub: Any) -> Jaxpr:
    """The open jaxpr of an open or a closed one."""
    return getattr(sub, "jaxpr", sub)


def aval(atom: Any) -> Any:
    """The shape and type of a variable or a literal."""
    return atom.aval


def constants(sub: Any) -> Iterable[tuple[Var, Any]]:
    """The variables of `sub` whose values come with it: none, if it is open."""
    return zip(body(sub).constvars, getattr(sub, "consts", ()), strict=False)


def bodies(eqn: JaxprEqn) -> tuple[Any, ...]:
    """The bodies of an equation among `ENTERED`."""
    held = eqn.params[ENTERED[eqn.primitive]]
    return held if isinstance(held, tuple) else (held,)


def all_bodies(eqn: JaxprEqn) -> list[Any]:
    """Whatever jaxprs an equation holds."""
    return list(jaxprs_in_params(eqn.params))


def operands(eqn: JaxprEqn, args: Sequence[Any]) -> list[Sequence[Any]]:
    """For each body of an equation the operands it sees as its inputs; a scan's constants only."""
    if eqn.primitive is p.cond_p:
        return [args[1:]] * len(bodies(eqn))
    if eqn.primitive is p.scan_p:
        if "num_consts" in eqn.params:
            return [args[: eqn.params["num_consts"]]]
        return [list(eqn.params["ft_in"].update(args).unpack()[0])]  # JAX 0.11
    return [args]


def label(eqn: JaxprEqn, branch: int = 0) -> str:
    """What an equation is called in a path: `jit(clip)`, `scan`, `cond[1]`, `checkpoint`."""
    if eqn.primitive is p.cond_p:
        return f"cond[{branch}]"
    if eqn.primitive is p.remat_p:
        return "checkpoint"
    kind, name = eqn.primitive.name, eqn.params.get("name")
    if eqn.primitive in CUSTOM:
        kind = kind.removesuffix("_call")
        name = body(eqn.params["call_jaxpr"]).debug_info.func_name
    return f"{kind}({name})" if name else kind


def scopes(eqn: JaxprEqn) -> tuple[str, ...]:
    """The named scopes around an equation: in Flax and Haiku the modules."""
    return tuple(filter(None, str(eqn.source_info.name_stack).split("/")))


_JAX = str(Path(jax.__file__).parent)
_HERE = str(Path(__file__).parent)


def source(eqn: JaxprEqn) -> str:
    """The innermost line outside JAX that made an equation, `file:line (function)`; or nothing."""
    for frame in getattr(eqn.source_info.traceback, "frames", ()):
        if not frame.file_name.startswith((_JAX, _HERE, "<")):
            return f"{frame.file_name}:{frame.line_num} ({frame.function_name})"
    return ""


def is_own(eqn: JaxprEqn) -> bool:
    """Whether an equation calls a function that JAX itself compiles, such as `jnp.clip`.

    JAX traces it once: the lines of its body are those of whoever called it first.
    """
    name = body(bodies(eqn)[0]).debug_info.func_filename if eqn.primitive is p.jit_p else None
    return name is not None and name.startswith(_JAX)


def evaluate(eqn: JaxprEqn, args: Sequence[Any]) -> Any:
    """The first result of an equation without regard to any derivative of its own."""
    if eqn.primitive in CUSTOM:
        return jaxpr_as_fun(eqn.params["call_jaxpr"])(*args)[0]
    return eqn.primitive.bind(*args, **eqn.params)


def equations(function: Callable[..., Any], args: Sequence[Any], like: JaxprEqn) -> list[JaxprEqn]:
    """`function(*args)` written down in the place of the equation `like`.

    Args:
      function: of arrays, to one array of the type of the first result of `like`.
      args: variables and literals that are known where `like` stands.
      like: gives the result's variable, the source line and the scope.
    """
    shapes = [
        jax.ShapeDtypeStruct(a.shape, a.dtype, weak_type=a.weak_type) for a in map(aval, args)
    ]
    # A new function each time: JAX would hand out the same variables again for an old one.
    inner = body(jax.make_jaxpr(lambda *xs: function(*xs))(*shapes))
    new = dict(zip(inner.invars, args, strict=True)) | {inner.outvars[0]: like.outvars[0]}

    def renamed(atoms: Sequence[Any]) -> list[Any]:
        return [atom if isinstance(atom, Literal) else new.get(atom, atom) for atom in atoms]

    return [
        eqn.replace(
            invars=renamed(eqn.invars),
            outvars=renamed(eqn.outvars),
            source_info=like.source_info,
            ctx=like.ctx,
        )
        for eqn in inner.eqns
    ]


# JAX compiles an inner `jit` once for each jaxpr object, so an old one must always get the same
# new one: the same function called again, or twice in one network, is not compiled again.
_DONE: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()


def rewritten(sub: Any, plan: tuple, replace: Callable[[JaxprEqn, Any], list[JaxprEqn]]) -> Any:
    """A jaxpr with some of its equations replaced.

    Args:
      sub: an open or closed jaxpr.
      plan: pairs of an equation's number and what to do: `Enter`, or what `replace` takes.
      replace: an equation and what to do, to the equations in its place; hashable.

    Returns:
      A jaxpr of the same kind, inputs and outputs.
    """
    done = _DONE.setdefault(sub, {})
    if (plan, replace) not in done:
        todo, old = dict(plan), body(sub)
        new = [_replaced(eqn, todo.get(n), replace) for n, eqn in enumerate(old.eqns)]
        new = old.replace(eqns=functools.reduce(list.__add__, new, []))
        done[plan, replace] = new if sub is old else sub.replace(jaxpr=new)
    return done[plan, replace]


def _replaced(eqn, todo, replace):
    if todo is None:
        return [eqn]
    if not isinstance(todo, Enter):
        return replace(eqn, todo)
    key, pairs = ENTERED[eqn.primitive], zip(bodies(eqn), todo.plans, strict=True)
    subs = tuple(rewritten(sub, plan, replace) if plan else sub for sub, plan in pairs)
    held = subs if isinstance(eqn.params[key], tuple) else subs[0]
    return [eqn.replace(params=eqn.params | {key: held})]
