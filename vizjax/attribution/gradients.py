"""The gradient of a score, and what one of it makes: the saliency map, gradient × input."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from vizjax.targets import check_floating, select
from vizjax.types import Label, SaliencyMap, ScoreFn


def gradient(score_fn: ScoreFn, x: Float[Array, "..."], label: Label) -> Float[Array, "..."]:
    """The derivative of one score with respect to the input: `∂S_c/∂x` (eq. 4).

    The weights of the first-order Taylor expansion `S_c(x') ≈ S_c(x) + ⟨∂S_c/∂x, x' − x⟩`. With
    `network.with_rule("deconvnet")` or `"guided"` as the score function it is the reconstruction
    of that method instead.

    It jumps where a rectifier's input changes sign or a window's maximum moves. In float32 rounding
    decides a few of those, and there maps of two libraries or devices may differ by a thousandth of
    their largest value.

    Args:
      score_fn: one input to unnormalised scores: a `Network`, `network.layer(name)`,
        `network.after(name)`, or any JAX function.
      x: an image or an activation; what `score_fn` takes.
      label: which score; see `vizjax.targets.select`.

    Returns:
      An array shaped as `x`, signed and raw. Several labels of one image share one forward pass
      under `jax.vmap(gradient, (None, None, 0))`.

    Raises:
      InputError: `x` is not of floating point, or `label` does not name one score.

    >>> gradient(lambda x: x**2, jnp.array([3.0, 5.0]), 1).tolist()
    [0.0, 10.0]
    """
    check_floating("x", x)
    return jax.grad(lambda x: select(score_fn(x), label))(x)


def saliency(
    score_fn: ScoreFn, image: Float[Array, "height width *channels"], label: Label
) -> SaliencyMap:
    """The class saliency map: `M_ij = max_c |∂S/∂I_ijc|`, for a grey image `|∂S/∂I_ij|` (§3.1).

    Captum's `Saliency` keeps the channels apart; this is its maximum over them.

    Args:
      score_fn: one image to unnormalised scores.
      image: `(height, width, channels)`, or `(height, width)` for grey.
      label: which score; see `vizjax.targets.select`.

    Returns:
      `(height, width)`, not negative, raw: in units of score per unit of pixel value.

    Raises:
      InputError: as of `gradient`.
    """
    magnitude = jnp.abs(gradient(score_fn, image, label))
    return magnitude if magnitude.ndim == 2 else magnitude.max(axis=-1)


def gradient_times_input(
    score_fn: ScoreFn, x: Float[Array, "*shape"], label: Label
) -> Float[Array, "*shape"]:
    """The gradient weighted by the input: `x · ∂S_c/∂x`, elementwise.

    What each value adds to the first-order estimate of how far the score is above that of the zero
    input, and exactly that where the score is linear on the way there. The zero input is the
    score function's own: for a `Network` x is the image in 0-255, so that black adds nothing, while
    implementations that multiply with the normalised image give nothing to the mean colour.

    Args:
      score_fn: one input to unnormalised scores.
      x: an image or an activation; what `score_fn` takes.
      label: which score; see `vizjax.targets.select`.

    Returns:
      An array shaped as `x`, signed, in units of score.

    Raises:
      InputError: as of `gradient`.

    Source: Shrikumar, Greenside, Shcherbina & Kundaje 2016, arXiv 1605.01713.

    >>> gradient_times_input(lambda x: x**2, jnp.array([3.0, 5.0]), 1).tolist()
    [0.0, 50.0]
    """
    return x * gradient(score_fn, x, label)
