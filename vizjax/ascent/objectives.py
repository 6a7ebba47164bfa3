"""What an ascent climbs: a class's score, less what keeps the image natural."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from vizjax.targets import select
from vizjax.types import ScoreFn

OBJECTIVES = ("score", "posterior")


def class_objective(
    score_fn: ScoreFn,
    labels: Int[Array, "images ..."],
    mean: Float[Array, "..."],
    l2: Float[Array, ""],
    total_variation_weight: Float[Array, ""],
    posterior: bool,
    images: Float[Array, "images height width channels"],
) -> Float[Array, " images"]:
    """The paper's objective for a batch of images, one class each (eq. 1).

    `S_c(I + mean) − λ‖I‖² − τ·TV(I)`, or with the posterior `P_c = exp S_c / Σ exp S` in place of
    the score, which the paper finds to give worse images: it can also grow by lowering others.

    Args:
      score_fn: one image to unnormalised scores.
      labels: one target an image: see `vizjax.targets.select`.
      mean: what is added before `score_fn` sees the image, broadcastable to one image.
      l2: λ, in units of score per squared unit of pixel value.
      total_variation_weight: τ, in units of score per unit of pixel value.
      posterior: whether to climb the posterior.
      images: zero-centred.

    Returns:
      One value an image.
    """

    def objective(image, label):
        scores = score_fn(image + jnp.broadcast_to(mean, image.shape))
        climbed = jax.nn.softmax(scores) if posterior else scores
        return (
            select(climbed, label)
            - l2 * jnp.sum(image**2)
            - total_variation_weight * total_variation(image)
        )

    return jax.vmap(objective)(images, labels)


def total_variation(image: Float[Array, "height width channels"]) -> Float[Array, ""]:
    """`TV(I) = Σ |I_(i+1)j − I_ij| + |I_i(j+1) − I_ij|`, anisotropic, over all channels.

    >>> total_variation(jnp.array([[[1.0], [3.0]], [[1.0], [0.0]]])).item()
    6.0
    """
    return jnp.abs(jnp.diff(image, axis=0)).sum() + jnp.abs(jnp.diff(image, axis=1)).sum()
