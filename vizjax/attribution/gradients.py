"""The gradient of a score, and the saliency map made of it (Simonyan et al. 2013, §3.1)."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from vizjax.errors import InputError
from vizjax.targets import select
from vizjax.types import Label, SaliencyMap, ScoreFn


def gradient(score_fn: ScoreFn, x: Float[Array, "..."], label: Label) -> Float[Array, "..."]:
    """The derivative of one score with respect to the input: `∂S_c/∂x` (eq. 4).

    The weights of the first-order Taylor expansion `S_c(x') ≈ S_c(x) + ⟨∂S_c/∂x, x' − x⟩`. With
    `network.with_rule("deconvnet")` or `"guided"` as the score function it is the reconstruction
    of that method instead.

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
    if not jnp.issubdtype(jnp.result_type(x), jnp.floating):
        raise InputError(
            f"`x` is of {jnp.result_type(x)}; expected floating point: use `jnp.asarray(x, float)`"
        )
    return jax.grad(lambda x: select(score_fn(x), label))(x)


def saliency(
    score_fn: ScoreFn, image: Float[Array, "height width *channels"], label: Label
) -> SaliencyMap:
    """The class saliency map: `M_ij = max_c |∂S/∂I_ijc|`, for a grey image `|∂S/∂I_ij|` (§3.1).

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
