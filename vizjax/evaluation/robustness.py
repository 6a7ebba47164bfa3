"""Whether a map says what the score does nearby, and whether it holds still (Yeh et al. 2019)."""

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from vizjax.chunks import check_count, chunked_map
from vizjax.errors import InputError
from vizjax.targets import check_floating, select
from vizjax.types import KeyArray, Label, Method, ScoreFn

Perturbation: TypeAlias = Callable[[KeyArray, Array], Array]
"""`(key, image) -> I`: what is *taken from* the image, shaped as it; the key is consumed."""


class Infidelity(NamedTuple):
    """How far an attribution is from what the score does.

    Attributes:
      value: `E[(Iᵀ Φ − (f(x) − f(x − I)))²]`, in units of score squared; 0 is perfect.
      scale: `β = E[(f(x) − f(x − I)) Iᵀ Φ] / E[(Iᵀ Φ)²]`, the factor that suits Φ best; 0 where
        `Iᵀ Φ` always is.
      scaled: the infidelity of `β Φ`: maps whose scale means nothing compare by it.
    """

    value: Float[Array, ""]
    scale: Float[Array, ""]
    scaled: Float[Array, ""]


def gaussian(sigma: float) -> Perturbation:
    """The perturbation `I ~ N(0, σ²)`, independent in each value.

    The attribution of least infidelity is then SmoothGrad's with the same σ: by Stein's lemma
    `E[I (f(x) − f(x − I))] / σ² = E[∇f(x − I)]`.

    Args:
      sigma: σ, more than 0, in the image's units.

    Returns:
      `(key, image) -> I`.

    Raises:
      InputError: `sigma` is not finite and more than 0.
    """
    if not 0 < sigma < math.inf:
        raise InputError(
            f"`sigma` is {sigma}; expected a finite standard deviation in the image's units, more "
            "than 0"
        )
    return lambda key, image: float(sigma) * jax.random.normal(key, image.shape, image.dtype)


def infidelity(
    key: KeyArray,
    score_fn: ScoreFn,
    image: Float[Array, "*shape"],
    attribution: Float[Array, "*shape"],
    label: Label,
    *,
    perturb: Perturbation,
    samples: int = 1000,
    chunk: int | None = None,
) -> Infidelity:
    """How well an attribution predicts the fall of the score under random perturbations.

    `INFD(Φ) = E_I[(Iᵀ Φ − (f(x) − f(x − I)))²]`, `f = S_c`, estimated by a mean over `samples`.

    Args:
      key: a random key, consumed. Perturbation k depends on the key and k only.
      score_fn: one image to unnormalised scores.
      image: x, an array of any shape.
      attribution: Φ, signed and of the image's shape: score per unit of the image, such as the
        gradient, and not its product with the image.
      label: which score; see `vizjax.targets.select`.
      perturb: draws I: `gaussian(sigma)`, or any `(key, image) -> I`, such as the image within a
        random square and 0 elsewhere, the paper's removal of squares.
      samples: perturbations, at least 1.
      chunk: of them in memory at a time; None for all.

    Returns:
      The infidelity as it is and under the best scale, both from the same perturbations.

    Raises:
      InputError: the attribution has another shape than the image, `samples` or `chunk` is less
        than 1, or the label is wrong.

    Source: Yeh, Hsieh, Suggala, Inouye & Ravikumar 2019, arXiv 1901.09392, §2; the scale is
    that of its experiments.
    """
    check_count("samples", samples)
    check_floating("image", image)
    if attribution.shape != image.shape:
        raise InputError(
            f"`attribution` has shape {attribution.shape}; expected {image.shape}, that of the "
            "image: give a map with its channels and signs, such as `gradient`"
        )
    score = select(score_fn(image), label)

    def pair(number):
        perturbation = perturb(jax.random.fold_in(key, number), image)
        fall = score - select(score_fn(image - perturbation), label)
        return jnp.sum(perturbation * attribution), fall

    predicted, falls = chunked_map(pair, jnp.arange(samples), chunk=chunk)
    power = jnp.mean(predicted**2)
    scale = jnp.mean(falls * predicted) / jnp.where(power == 0, 1, power)
    return Infidelity(
        value=jnp.mean((predicted - falls) ** 2),
        scale=scale,
        scaled=jnp.mean((scale * predicted - falls) ** 2),
    )


def sensitivity_max(
    key: KeyArray,
    method: Method,
    score_fn: ScoreFn,
    image: Float[Array, "..."],
    label: Label,
    *,
    radius: float,
    samples: int = 50,
    chunk: int | None = None,
) -> Float[Array, ""]:
    """How far a map moves, at most, when the image moves a little.

    `SENS_MAX(Φ, r) = max_{‖δ‖_∞ ≤ r} ‖Φ(x + δ) − Φ(x)‖₂ / ‖Φ(x)‖₂`, of δ drawn uniformly from the
    cube: a lower bound of the maximum, which grows with `samples`. The paper's definition is the
    numerator; the quotient, which its experiments report, compares methods of different scales.

    Args:
      key: a random key, consumed. Copy k of the image depends on the key and k only.
      method: Φ, `(score_fn, image, label) -> map`; a random one with its key bound, so that the
        same draws serve all copies.
      score_fn: one image to unnormalised scores.
      image: x.
      label: which score; see `vizjax.targets.select`.
      radius: r, not negative, in the image's units: 5 is 2 % of 0-255.
      samples: copies of the image, at least 1.
      chunk: of them in memory at a time; None for all.

    Returns:
      Not negative. Where `Φ(x)` is zero the quotient is not defined and the numerator alone is
      returned, as in Captum.

    Raises:
      InputError: `radius` is negative or not finite, or `samples` or `chunk` less than 1; or as of
        the method.

    Source: Yeh, Hsieh, Suggala, Inouye & Ravikumar 2019, arXiv 1901.09392, §3.
    """
    check_count("samples", samples)
    check_floating("image", image)
    if not 0 <= radius < math.inf:
        raise InputError(
            f"`radius` is {radius}; expected a finite distance in the image's units, not negative"
        )
    reference = method(score_fn, image, label)

    def moved(number):
        unit = jax.random.uniform(
            jax.random.fold_in(key, number), image.shape, image.dtype, minval=-1, maxval=1
        )
        return _norm(method(score_fn, image + float(radius) * unit, label) - reference)

    largest = chunked_map(moved, jnp.arange(samples), chunk=chunk).max()
    norm = _norm(reference)
    return largest / jnp.where(norm == 0, 1, norm)


def _norm(x: Array) -> Array:
    """Of all values; of a map whose squares would underflow, too."""
    largest = jnp.abs(x).max()
    scale = jnp.where(largest == 0, 1, largest)
    return scale * jnp.sqrt(jnp.sum((x / scale) ** 2))
