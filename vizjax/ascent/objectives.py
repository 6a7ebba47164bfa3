"""What an ascent climbs: a class's score or posterior, less what keeps the image natural."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from vizjax.targets import select
from vizjax.types import ScoreFn

Images = Float[Array, "images height width channels"]
Weight = float | Float[Array, ""]


def class_score(
    score_fn: ScoreFn,
    labels: Int[Array, "images ..."],
    mean: Float[Array, "..."],
    l2: Weight,
    variation: Weight,
    images: Images,
) -> Float[Array, " images"]:
    """The paper's objective (eq. 1) for a batch of images, one class each.

    `S_c(I + mean) − λ‖I‖² − τ·TV(I)`, with `S_c` the unnormalised score.

    Args:
      score_fn: one image to unnormalised scores.
      labels: one target an image; see `vizjax.targets.select`.
      mean: what is added before `score_fn` sees an image; broadcastable to one image.
      l2: λ, score per squared unit of pixel value.
      variation: τ, score per unit of pixel value.
      images: zero-centred.

    Returns:
      One value an image.
    """
    return _climbed(lambda scores: scores, score_fn, labels, mean, l2, variation, images)


def class_posterior(
    score_fn: ScoreFn,
    labels: Int[Array, "images ..."],
    mean: Float[Array, "..."],
    l2: Weight,
    variation: Weight,
    images: Images,
) -> Float[Array, " images"]:
    """As `class_score`, with the posterior `P_c = exp S_c / Σ_k exp S_k` in place of the score.

    The paper's ablation (§2): the posterior also grows when other classes' scores fall, and its
    gradient dies where it is near 0 or 1.

    Args:
      score_fn: as of `class_score`; its scores are one a class.
      labels: one class an image.
      mean: as of `class_score`.
      l2: λ, probability per squared unit of pixel value.
      variation: τ, probability per unit of pixel value.
      images: zero-centred.

    Returns:
      One value an image, at most 1.
    """
    return _climbed(jax.nn.softmax, score_fn, labels, mean, l2, variation, images)


OBJECTIVES: dict[str, Callable] = {"score": class_score, "posterior": class_posterior}
"""The objectives by name."""


def _climbed(normalised, score_fn, labels, mean, l2, variation, images):
    def one(image, label):
        scores = normalised(score_fn(image + jnp.broadcast_to(mean, image.shape)))
        penalty = l2 * jnp.sum(image**2) + variation * total_variation(image)
        return select(scores, label) - penalty

    return jax.vmap(one)(images, labels)


def total_variation(image: Float[Array, "height width channels"]) -> Float[Array, ""]:
    """`TV(I) = Σ |I_(i+1)j − I_ij| + |I_i(j+1) − I_ij|`: anisotropic, over all channels.

    Args:
      image: of any scale; the mean need not be subtracted.

    Returns:
      The sum, not negative, in units of pixel value.

    >>> total_variation(jnp.array([[[1.0], [3.0]], [[1.0], [0.0]]])).item()
    6.0
    """
    return jnp.abs(jnp.diff(image, axis=0)).sum() + jnp.abs(jnp.diff(image, axis=1)).sum()
