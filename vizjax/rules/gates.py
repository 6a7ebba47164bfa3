"""Backward rules of the rectifier: one gate each (Simonyan et al. 2013, §4).

The gradient, the DeconvNet of Zeiler & Fergus and guided backpropagation run the same network
forwards. They differ in one place only: what a rectifier lets through on the way back. With
`x` the rectifier's input and `g` the signal that reaches its output from above:

| rule        | passes down        | source                                        |
|-------------|--------------------|-----------------------------------------------|
| `gradient`  | `g · [x > 0]`      | the chain rule                                |
| `deconvnet` | `max(g, 0)`        | Zeiler & Fergus 2013, arXiv 1311.2901         |
| `guided`    | `max(g, 0)·[x > 0]`| Springenberg et al. 2014, arXiv 1412.6806     |

A rule is an argument of a network, never a global switch, so that a compiled function cannot
keep an old one.
"""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from vizjax.errors import unknown

Signal: TypeAlias = Float[Array, "*shape"]
Gate: TypeAlias = Callable[[Array, Array], Array]
Rectifier: TypeAlias = Callable[[Array], Array]


def gradient(x: Signal, g: Signal) -> Signal:
    """The chain rule: `g · [x > 0]`.

    Args:
      x: the rectifier's input, of any shape.
      g: the signal from above, shaped as `x`.

    Returns:
      The signal passed down, shaped as `x`; nothing passes where `x` is 0.
    """
    return jnp.where(x > 0, g, 0)


def deconvnet(x: Signal, g: Signal) -> Signal:
    """Zeiler & Fergus: `max(g, 0)`, whatever the rectifier did on the way up.

    Args:
      x: the rectifier's input; not used.
      g: the signal from above, of any shape.

    Returns:
      The signal passed down, shaped as `g`, not negative.
    """
    del x
    return jnp.maximum(g, 0)


def guided(x: Signal, g: Signal) -> Signal:
    """Springenberg et al.: `max(g, 0) · [x > 0]`, both gates at once.

    Args:
      x: the rectifier's input, of any shape.
      g: the signal from above, shaped as `x`.

    Returns:
      The signal passed down, shaped as `x`, not negative.
    """
    return gradient(x, deconvnet(x, g))


def rectifier(gate: Gate) -> Rectifier:
    """A ReLU whose backward pass is `gate`.

    Args:
      gate: `(x, g) -> signal`, elementwise: `x` the rectifier's input, `g` the signal from
        above, both of one shape.

    Returns:
      A function equal to `jax.nn.relu` forwards. It has a reverse mode only (`jax.grad`,
      `jax.vjp`), as every `jax.custom_vjp`.

    >>> relu = rectifier(deconvnet)
    >>> jax.vjp(relu, jnp.array([-1.0, 2.0]))[1](jnp.array([3.0, -4.0]))[0].tolist()
    [3.0, 0.0]
    """

    @jax.custom_vjp
    def relu(x):
        return jnp.maximum(x, 0)

    relu.defvjp(lambda x: (relu(x), x), lambda x, g: (gate(x, g),))
    return relu


GATES: dict[str, Gate] = {"gradient": gradient, "deconvnet": deconvnet, "guided": guided}
"""The gates by name."""

# The gradient rule is plain `jax.nn.relu`, which `rectifier(gradient)` equals: a custom rule
# would forbid forward mode for nothing.
RULES: dict[str, Rectifier] = {
    "gradient": jax.nn.relu,
    "deconvnet": rectifier(deconvnet),
    "guided": rectifier(guided),
}
"""The rectifiers by name."""


def by_name(rule: str) -> Rectifier:
    """The rectifier called `rule`.

    Args:
      rule: a name in `RULES`.

    Returns:
      A function equal to `jax.nn.relu` forwards.

    Raises:
      InputError: an unknown name; the message lists the known ones.
    """
    if rule not in RULES:
        raise unknown("rule", rule, list(RULES))
    return RULES[rule]
