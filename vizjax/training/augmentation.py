"""Random changes of a training picture: pure functions of a key and one image.

All of them work on zero-centred images, so that zero is the training set's mean. Krizhevsky et al.
2012 crop, reflect and jitter the colours; Simonyan et al. 2013 also zero out random parts.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from vizjax.types import Image, KeyArray

Augment = Callable[[KeyArray, Image], Image]
"""`(key, image) -> image`."""


def crop(
    key: KeyArray, image: Image, *, size: int, margin: int = 0
) -> Float[Array, "{size} {size} channels"]:
    """A random window of the image and of a margin of zeros around it.

    Args:
      key: consumed.
      image: zero-centred.
      size: height and width of the window, in pixels.
      margin: the width of the margin, in pixels.

    Returns:
      `(size, size, channels)`, each offset as likely as any other.
    """
    padded = jnp.pad(image, ((margin, margin), (margin, margin), (0, 0)))
    height, width, channels = padded.shape
    places = jnp.array([height - size + 1, width - size + 1])
    y, x = jax.random.randint(key, (2,), jnp.zeros_like(places), places)
    return jax.lax.dynamic_slice(padded, (y, x, jnp.zeros_like(y)), (size, size, channels))


def reflect(key: KeyArray, image: Image) -> Image:
    """The image, or as often its reflection, left to right.

    Args:
      key: consumed.
      image: any.
    """
    return jnp.where(jax.random.bernoulli(key), image[:, ::-1], image)


def light(
    key: KeyArray, image: Image, *, axes: Float[Array, "channels channels"], deviation: float
) -> Image:
    """The image in another light: one random colour added to all pixels.

    `I + Σ_i α_i a_i`, `α_i` normal (Krizhevsky et al. 2012, §4.1). `a_i` are the principal axes of
    the training set's colours, each as long as the colours' deviation along it; the paper's text
    has the variance there.

    Args:
      key: consumed.
      image: zero-centred.
      axes: one a row, in the image's units.
      deviation: of α, not negative.
    """
    strengths = deviation * jax.random.normal(key, axes.shape[:1], image.dtype)
    return image + (strengths @ axes.astype(image.dtype))[None, None, :]


def zero_out(key: KeyArray, image: Image, *, patches: int, patch: float) -> Image:
    """The image with random rectangles of it set to zero, the mean.

    Simonyan et al. 2013 ("ConvNet implementation details") do so, and do not say how many there
    are or how large. Here height and width of each are uniform from 0
    to `patch` of the image's, and every place in which it lies wholly within the image is as
    likely.

    Args:
      key: consumed.
      image: zero-centred.
      patches: how many rectangles; they may overlap.
      patch: from 0 to 1.
    """
    lengths_of, place_of = jax.random.split(key)
    sides = jnp.array(image.shape[:2], jnp.float32)[None]
    lengths = patch * sides * jax.random.uniform(lengths_of, (patches, 2))
    starts = (sides - lengths) * jax.random.uniform(place_of, (patches, 2))

    def inside(axis):
        centres = jnp.arange(image.shape[axis], dtype=jnp.float32)[None] + 0.5
        start, length = starts[:, axis, None], lengths[:, axis, None]
        return (start <= centres) & (centres < start + length)

    hidden = jnp.any(inside(0)[:, :, None] & inside(1)[:, None, :], axis=0)
    return jnp.where(hidden[..., None], jnp.zeros((), image.dtype), image)


def sequence(*steps: Augment) -> Augment:
    """The steps one after another, each with a key of its own."""

    def augment(key, image):
        for number, step in enumerate(steps):
            image = step(jax.random.fold_in(key, number), image)
        return image

    return augment
