"""Integrated gradients, and how far an attribution is from adding up to the score."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from vizjax.attribution.gradients import gradient
from vizjax.chunks import check_count, chunked_sum
from vizjax.errors import InputError, unknown
from vizjax.targets import check_floating, select
from vizjax.types import Label, ScoreFn

Quadrature: TypeAlias = tuple[np.ndarray, np.ndarray]
"""Nodes in 0-1 and their weights, which add up to 1."""


class IntegratedGradients(NamedTuple):
    """A map and what it lacks of completeness.

    Attributes:
      map: the attribution, shaped as the image.
      error: its completeness error, signed, in units of score.
    """

    map: Array
    error: Array


def integrated_gradients(
    score_fn: ScoreFn,
    image: Float[Array, "*shape"],
    label: Label,
    *,
    baselines: Float[Array, "..."] | None = None,
    steps: int = 50,
    rule: str = "gauss_legendre",
    chunk: int | None = None,
) -> Float[Array, "*shape"]:
    """The gradient integrated along the straight way from a baseline to the image.

    `IG_i = (x_i − b_i) · ∫₀¹ ∂S_c/∂x_i (b + α·(x − b)) dα`

    The integral is the sum of `weight · gradient` over `steps` nodes α. Of several baselines the
    mean over each one's integrated gradients is taken. The map is complete: its sum is the rise of
    the score, `S_c(x) − S_c(b)`, up to the error of the quadrature (see `completeness_error`).

    | rule             | nodes α               | weights           | Captum              |
    |------------------|-----------------------|-------------------|---------------------|
    | `gauss_legendre` | Gauss-Legendre's      | theirs            | `gausslegendre`     |
    | `left`           | `k/n`, k from 0       | `1/n`             | `riemann_left`      |
    | `right`          | `k/n`, k from 1       | `1/n`             | `riemann_right`     |
    | `middle`         | `(k + ½)/n`, k from 0 | `1/n`             | `riemann_middle`    |
    | `trapezoid`      | `k/(n − 1)`, k from 0 | `1/(n − 1)`, half | `riemann_trapezoid` |
    |                  |                       | of it at the ends |                     |

    The paper's eq. 3 is `right`. Captum 0.9's trapezoid divides by n instead of n − 1: its maps are
    `(n − 1)/n` of these.

    Args:
      score_fn: one image to unnormalised scores.
      image: what `score_fn` takes.
      label: which score; see `vizjax.targets.select`.
      baselines: where the ways begin: one array of exactly the image's shape, or at least one
        stacked on a leading axis; None for the zero image, which is black for a `Network`.
      steps: n, gradients for each baseline, at least 1 (`trapezoid`: 2); the paper advises 20-300.
      rule: of the quadrature, as above. Gauss-Legendre is exact where the gradient is a polynomial
        of degree `2n − 1` in α; at the kinks of a rectifier no rule is.
      chunk: gradients in memory at a time, of all `steps × baselines`; None for all.

    Returns:
      An array shaped as `image`, signed, in units of score. Several labels of one image share the
      forward passes under `jax.vmap`.

    Raises:
      InputError: `image` or `baselines` is not of floating point, `baselines` not of the shape
        expected, `steps` or `chunk` too small, `rule` unknown, or as of `gradient`.

    Source: Sundararajan, Taly & Yan 2017, arXiv 1703.01365.

    >>> score_fn = lambda x: (x**3).sum()[None]
    >>> integrated_gradients(score_fn, jnp.array([1.0, 2.0]), 0, steps=2).round(5).tolist()
    [1.0, 8.0]
    """
    image = jnp.asarray(image)
    check_floating("image", image)
    stack = baseline_stack(baselines, image)
    nodes, weights = quadrature(rule, steps)
    count = len(stack)
    points = (
        jnp.asarray(np.tile(nodes, count), image.dtype),
        jnp.asarray(np.tile(weights / count, count), image.dtype),
        jnp.asarray(np.repeat(np.arange(count), steps)),
    )

    def contribution(point):
        alpha, weight, which = point
        way = image - stack[which]
        return weight * way * gradient(score_fn, stack[which] + alpha * way, label)

    return chunked_sum(contribution, points, chunk=chunk)


def integrated_gradients_and_error(
    score_fn: ScoreFn,
    image: Float[Array, "*shape"],
    label: Label,
    *,
    baselines: Float[Array, "..."] | None = None,
    steps: int = 50,
    rule: str = "gauss_legendre",
    chunk: int | None = None,
) -> IntegratedGradients:
    """Integrated gradients and their completeness error, to tell whether `steps` are enough.

    Args:
      score_fn: as of `integrated_gradients`.
      image: as there.
      label: as there.
      baselines: as there.
      steps: as there.
      rule: as there.
      chunk: as there.

    Returns:
      `map`, as of `integrated_gradients`, and `error`, as of `completeness_error`.

    Raises:
      InputError: as of `integrated_gradients`.
    """
    attribution = integrated_gradients(
        score_fn, image, label, baselines=baselines, steps=steps, rule=rule, chunk=chunk
    )
    error = completeness_error(
        score_fn, image, label, attribution, baselines=baselines, chunk=chunk
    )
    return IntegratedGradients(attribution, error)


def completeness_error(
    score_fn: ScoreFn,
    image: Float[Array, "*shape"],
    label: Label,
    attribution: Float[Array, "..."],
    *,
    baselines: Float[Array, "..."] | None = None,
    chunk: int | None = None,
) -> Float[Array, ""]:
    """By how much an attribution exceeds the rise of the score that it should add up to.

    `Σ_i A_i − (S_c(x) − mean_b S_c(b))`, which is 0 for a complete attribution (Sundararajan et
    al. 2017, proposition 1). Defined for any additive method: integrated and expected gradients,
    Shapley values, gradient × input.

    Args:
      score_fn: one image to unnormalised scores.
      image: what was explained.
      label: which score; see `vizjax.targets.select`.
      attribution: its map, of any shape, in units of score.
      baselines: what it was compared with, as of `integrated_gradients`.
      chunk: baselines evaluated at a time; None for all.

    Returns:
      A signed scalar in units of score. It includes the rounding of the sum over all pixels.

    Raises:
      InputError: as of `integrated_gradients`.

    >>> score_fn = lambda x: (x**2).sum()[None]
    >>> completeness_error(score_fn, jnp.array([3.0]), 0, jnp.array([10.0])).item()
    1.0
    """
    image = jnp.asarray(image)
    check_floating("image", image)
    stack = baseline_stack(baselines, image)
    before = chunked_sum(lambda b: select(score_fn(b), label), stack, chunk=chunk) / len(stack)
    return attribution.sum() - (select(score_fn(image), label) - before)


def baseline_stack(baselines: Array | None, image: Array) -> Array:
    """The baselines of `image` on a leading axis, of its type; None is the zero image.

    Raises:
      InputError: not of floating point, or neither of the image's shape nor a stack of such.
    """
    if baselines is None:
        return jnp.zeros_like(image)[None]
    stack = jnp.asarray(baselines)
    check_floating("baselines", stack)
    if stack.shape == image.shape:
        stack = stack[None]
    if stack.shape[1:] != image.shape or stack.ndim == image.ndim or not len(stack):
        raise InputError(
            f"`baselines` is of shape {jnp.shape(baselines)}; expected that of the image, "
            f"{image.shape}, or some of them stacked, ({', '.join(['n', *map(str, image.shape)])}):"
            " `jnp.full_like(image, 127)` is a grey one"
        )
    return stack.astype(image.dtype)


def quadrature(rule: str, steps: int) -> Quadrature:
    """Nodes and weights of `rule` on 0-1, each `(steps,)`.

    Raises:
      InputError: an unknown rule, or fewer steps than it needs.
    """
    if rule not in QUADRATURES:
        raise unknown("rule", rule, list(QUADRATURES))
    check_count("steps", steps)
    return QUADRATURES[rule](steps)


def _gauss_legendre(steps: int) -> Quadrature:
    nodes, weights = np.polynomial.legendre.leggauss(steps)  # on −1 to 1
    return (nodes + 1) / 2, weights / 2


def _riemann(offset: float) -> Callable[[int], Quadrature]:
    return lambda steps: ((np.arange(steps) + offset) / steps, np.full(steps, 1 / steps))


def _trapezoid(steps: int) -> Quadrature:
    if steps < 2:
        raise InputError(f"`steps` is {steps}; expected at least 2 for the trapezoid's two ends")
    weights = np.full(steps, 1 / (steps - 1))
    weights[[0, -1]] /= 2
    return np.linspace(0, 1, steps), weights


QUADRATURES: dict[str, Callable[[int], Quadrature]] = {
    "gauss_legendre": _gauss_legendre,
    "left": _riemann(0.0),
    "right": _riemann(1.0),
    "middle": _riemann(0.5),
    "trapezoid": _trapezoid,
}
"""Nodes and weights for a number of steps, by the rule's name."""
