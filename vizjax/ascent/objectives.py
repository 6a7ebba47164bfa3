"""What an ascent climbs: a class's score or posterior, less what keeps the image natural."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from vizjax.targets import select
from vizjax.types import ScoreFn

Images = Float[Array, "images height width channels"]
Weight = float | Float[Array, ""]

TINY = float(jnp.finfo(jnp.float32).tiny)
"""Keeps a norm of 0, and its derivative, from being divided by."""


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


def diverse(
    objective: Callable[[Images], Array],
    layer_fn: ScoreFn,
    mean: Float[Array, "..."],
    weight: Weight,
    images: Images,
) -> Float[Array, " images"]:
    """An objective less the likeness of each image to the others (Olah et al. 2017).

    `objective_i − δ·gram_similarity_i`, so that the mean over the images is the mean objective less
    δ times the mean similarity of two of them.

    Args:
      objective: zero-centred images to one value an image.
      layer_fn: one image to the activation that is compared.
      mean: what is added before `layer_fn` sees an image; broadcastable to one image.
      weight: δ, in units of the objective, not negative.
      images: zero-centred, two at least.

    Returns:
      One value an image.
    """

    def activation(image):
        return layer_fn(image + jnp.broadcast_to(mean, image.shape))

    return objective(images) - weight * gram_similarity(jax.vmap(activation)(images))


def gram_similarity(
    activations: Float[Array, "images *plane channels"],
) -> Float[Array, " images"]:
    """How alike each image is to the others in what occurs together, wherever it occurs.

    The mean over `j ≠ i` of `⟨G_i, G_j⟩ / (‖G_i‖·‖G_j‖)`, with the Gram matrix `G = Σ_p a_p a_pᵀ`
    (channels × channels) summed over the positions `p` of the plane. Olah et al. 2017, "Feature
    Visualization", doi 10.23915/distill.00007, whose diversity term is minus the sum of the same
    cosines over all pairs; here it is a mean, so that its weight does not depend on the number of
    images.

    Args:
      activations: of one layer, one an image, two at least.

    Returns:
      One value an image, from 0 to 1 (Gram matrices are positive semi-definite); an activation
      that is 0 everywhere is like none.
    """
    n, channels = len(activations), activations.shape[-1]
    flat = activations.reshape(n, -1, channels)
    grams = jnp.einsum("ipc,ipd->icd", flat, flat).reshape(n, -1)
    norms = jnp.sqrt(jnp.maximum(jnp.sum(grams**2, axis=1, keepdims=True), TINY))
    cosines = jnp.matmul(grams / norms, (grams / norms).T)
    return jnp.sum(jnp.where(jnp.eye(n, dtype=bool), 0, cosines), axis=1) / (n - 1)
