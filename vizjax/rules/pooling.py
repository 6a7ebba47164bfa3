"""Max-pooling of any function as `vizjax.ops.max_pool`: by switches, faster and deterministic."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax.extend.core import JaxprEqn, Var
from jax.extend.core import primitives as p
from jax.tree_util import register_dataclass

from vizjax import ops
from vizjax.rules.forms import Value
from vizjax.rules.jaxprs import aval, equations
from vizjax.rules.reading import Finder, Report
from vizjax.rules.tracing import examine, portable


class Pooling(NamedTuple):
    """A max-pooling that has switches: its input, its geometry and the axis of its channels."""

    x: Var
    pool: ops.Pool
    channels: int
    kind: str = "max_pool"


@register_dataclass
@dataclass(frozen=True)
class Repooled:
    """`score_fn` with max-pooling by switches; see `rewrite_pooling`. A callable pytree."""

    score_fn: Any

    def __call__(self, *args: Any) -> Any:
        """What `score_fn(*args)` returns."""
        return examine(self.score_fn, args, _POOLINGS).run(repool)


def rewrite_pooling(score_fn: Callable[..., Any]) -> Repooled:
    """Any JAX function with its max-pooling done by `vizjax.ops.max_pool`.

    That keeps where each maximum stood, so that the backward pass, the DeconvNet's unpooling, is
    several times faster on a CPU and deterministic on a GPU, where JAX's own is not. What is
    replaced is a `reduce_window_max` over the image plane, `(…, height, width, channels)` or
    `(…, channels, height, width)`, of floats, not dilated, with a window of at most
    `ops.LARGEST_WINDOW` pixels; all else is left as it is, and reported by `pooling_sites`.

    Args:
      score_fn: as of `rewrite`.

    Returns:
      A function equal to `score_fn` to the bit, and so are its derivatives in reverse mode; there
      is no forward mode through its pooling.

    >>> from jax import lax
    >>> window = (2, 2, 1)
    >>> pool = lambda x: lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")
    >>> rewrite_pooling(pool)(jnp.arange(16.0).reshape(4, 4, 1))[..., 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """
    return Repooled(portable(score_fn))


def pooling_sites(score_fn: Callable[..., Any], *args: Any) -> Report:
    """The max-poolings that `rewrite_pooling` replaces in `score_fn`, without running it.

    Args:
      score_fn: as of `rewrite`.
      *args: what it is to be called with, arrays or `jax.ShapeDtypeStruct`s.

    Returns:
      Those through which a derivative of the results passes; under `not_entered` also the
      poolings that do not fit, each with the reason.
    """
    return examine(score_fn, args, _POOLINGS).report


def repool(eqn: JaxprEqn, site: Pooling) -> list[JaxprEqn]:
    """The equations in the place of a pooling."""

    def pooled(x):
        y = ops.max_pool(jnp.moveaxis(x, site.channels, -1), site.pool)
        return jnp.moveaxis(y, -1, site.channels)

    return equations(pooled, [site.x], eqn)


def _find(eqn, args, inside, scope):
    del args, inside, scope
    if eqn.primitive is not p.reduce_window_max_p:
        return Value(), None
    window, strides, padding = (
        eqn.params[name] for name in ("window_dimensions", "window_strides", "padding")
    )
    pooled = [(w, s, *q) != (1, 1, 0, 0) for w, s, q in zip(window, strides, padding, strict=True)]
    axes = {axis - len(window) for axis, here in enumerate(pooled) if here}
    if reason := _misfit(eqn, axes):
        return Value(), f"{eqn.primitive.name} ({reason})"
    channels, (rows, columns) = (-1, (-3, -2)) if axes <= {-3, -2} else (-3, (-2, -1))
    pool = ops.Pool(
        (window[rows], window[columns]),
        (strides[rows], strides[columns]),
        (tuple(padding[rows]), tuple(padding[columns])),
    )
    return Value(), Pooling(eqn.invars[0], pool, channels)


def _misfit(eqn, axes):
    """Why `ops.max_pool` cannot do what `eqn` does over `axes`; or an empty string."""
    x, params = aval(eqn.invars[0]), eqn.params
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return f"of {x.dtype}"
    if any(dilation != 1 for dilation in params["base_dilation"] + params["window_dilation"]):
        return "dilated"
    if any(side < 0 for sides in params["padding"] for side in sides):
        return "negative padding"
    if math.prod(params["window_dimensions"]) > ops.LARGEST_WINDOW:
        return f"a window of more than {ops.LARGEST_WINDOW} pixels"
    if x.ndim < 3 or not (axes <= {-3, -2} or axes <= {-2, -1}):
        return "over other axes than an image plane's"
    return "empty" if 0 in aval(eqn.outvars[0]).shape else ""


_POOLINGS = Finder(_find)
