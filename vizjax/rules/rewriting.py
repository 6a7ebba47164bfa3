"""The same function forwards, with another backward rule of every rectifier in it.

A rectifier that is also bounded above, `y = min(max(x, 0), b)` as in ReLU6, is shut above its
bound as it is below 0: its gate is handed `b − x`, which is not positive, where `x >= b`. Thus

| rule        | passes down `y = min(max(x, 0), b)` |
|-------------|-------------------------------------|
| `gradient`  | `g · [0 < x < b]`                   |
| `deconvnet` | `max(g, 0)`                         |
| `guided`    | `max(g, 0)·[0 < x < b]`             |

and of any rectifier the gradient at 0 is 0, where JAX's own of a bare `jnp.maximum(x, 0)` is g/2.

A function with a derivative of its own (`jax.custom_jvp`, `jax.custom_vjp`) is replaced if as a
whole it is one of the forms, whatever rule it had: `jax.nn.relu`, a `rectifier(gate)`, what
`rewrite` itself put there before. Any other keeps its derivative, which does not pass through its
body: `vizjax.ops.max_pool`, softplus, a fused block. It is reported if a rectifier stands in it.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import JaxprEqn
from jax.tree_util import register_dataclass

from vizjax.errors import InputError
from vizjax.rules import forms, jaxprs
from vizjax.rules.gates import GATES, Gate, by_name
from vizjax.rules.reading import Finder, Report
from vizjax.rules.tracing import STATIC, examine, portable

_RECTIFIERS = Finder(forms.find, forms.misread, forms.COMPOSED)


@register_dataclass
@dataclass(frozen=True)
class Rewritten:
    """`score_fn` under another backward rule; see `rewrite`.

    A callable pytree: the arrays of `score_fn` are its leaves, the rule is static, so that
    compiled code takes it as an argument and is compiled anew for another rule only.
    """

    score_fn: Any
    rule: str | Gate = dataclasses.field(**STATIC)

    def __call__(self, *args: Any) -> Any:
        """What `score_fn(*args)` returns, with other derivatives.

        Raises:
          InputError: there is no rectifier to rewrite.
        """
        examined = examine(self.score_fn, args, _RECTIFIERS)
        if not examined.plan:
            left = ", ".join(dict.fromkeys(examined.report.not_entered))
            raise InputError(
                "`score_fn` has no rectifier whose backward rule could be changed"
                + (f", unless inside {left}, which cannot be entered" if left else "")
                + "; expected one of the forms listed in `vizjax.rules`, such as `jax.nn.relu` or "
                "`jnp.maximum(x, 0)`: write it so, or use `score_fn` without a rule"
            )
        gate = GATES[self.rule] if isinstance(self.rule, str) else self.rule
        return examined.run(Regated(gate))


def rewrite(score_fn: Callable[..., Any], rule: str | Gate) -> Rewritten:
    """Any JAX function with another backward rule of its rectifiers.

    Args:
      score_fn: what JAX can trace: a function, a `Network`, a module of any library that is a
        callable pytree, a `jax.tree_util.Partial` of a function and its parameters. Arguments
        and results are any pytrees of arrays.
      rule: a name of `RULES`, or a gate `(x, g) -> signal`, elementwise, as in `gates`.

    Returns:
      A function equal to `score_fn` forwards, to the bit. It composes with `jax.jit`, `jax.vmap`
      and the reverse mode (`jax.grad`, `jax.vjp`); there is no forward mode through its
      rectifiers. It is traced anew with every call that is not compiled.

    Raises:
      InputError: an unknown rule; when called, a function without any rectifier to rewrite.

    >>> score_fn = lambda x: jnp.sum(jnp.maximum(x, 0) * jnp.array([3.0, -4.0]))
    >>> jax.grad(rewrite(score_fn, "deconvnet"))(jnp.array([-1.0, 2.0])).tolist()
    [3.0, 0.0]
    """
    if isinstance(rule, str):
        by_name(rule)
    return Rewritten(portable(score_fn), rule)


def sites(score_fn: Callable[..., Any], *args: Any) -> Report:
    """The rectifiers that `rewrite` finds in `score_fn`, without running it.

    Args:
      score_fn: as of `rewrite`.
      *args: what it is to be called with, arrays or `jax.ShapeDtypeStruct`s.

    Returns:
      Those through which a derivative of the results passes, and what could not be entered.

    >>> report = sites(jax.jit(lambda x: jax.nn.relu6(x) + jnp.abs(x)), jnp.ones((2, 3)))
    >>> [(site.kind, site.path, site.shape) for site in report.sites]
    [('relu6', 'jit(<lambda>)', (2, 3))]
    """
    return examine(score_fn, args, _RECTIFIERS).report


@dataclass(frozen=True)
class Regated:
    """Replaces a rectifier by one whose backward pass is `gate`."""

    gate: Gate

    def __call__(self, eqn: JaxprEqn, site: forms.Rectification) -> list[JaxprEqn]:
        """The equations in the place of `eqn`."""
        nothing = [None] * len(eqn.invars)

        def forward(x, *operands):
            return jaxprs.evaluate(eqn, operands), x

        def backward(x, g):
            return (self.gate(_shut(x, site.high), g), *nothing)

        # The operands travel along and get no signal: all of it goes down through `x`.
        rectified = jax.custom_vjp(lambda x, *operands: forward(x, *operands)[0])
        rectified.defvjp(forward, backward)
        return jaxprs.equations(rectified, [site.x, *eqn.invars], eqn)


def _shut(x, high):
    """`x`, reflected to where a rectifier is shut from the bound on."""
    return x if high == math.inf else jnp.where(x < high, x, high - x)
