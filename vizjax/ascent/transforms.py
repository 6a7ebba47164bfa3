"""Random transformations of images between the ascent and the network, and their composition.

Each is a frozen dataclass `(key, images) -> images` on `(..., height, width, channels)`, drawn
once a call for all leading axes. Optimising under them keeps an image from relying on single
pixels (Mordvintsev et al. 2015; Olah et al. 2017, doi 10.23915/distill.00007).
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates
from jaxtyping import Array, Float

from vizjax.types import KeyArray

Images = Float[Array, "*batch height width channels"]


@dataclass(frozen=True)
class Jitter:
    """A shift by up to `pixels` each way, cyclic."""

    pixels: int

    def __call__(self, key: KeyArray, images: Images) -> Images:
        """The images, shifted."""
        dy, dx = jax.random.randint(key, (2,), -self.pixels, self.pixels + 1)
        return jnp.roll(images, (dy, dx), axis=(-3, -2))


@dataclass(frozen=True)
class ScaleRotate:
    """A zoom and a turn about the centre, bilinear; what comes in from outside is the edge's.

    Attributes:
      scale: the zoom is drawn from `[1 − scale, 1 + scale]`, in log scale evenly.
      degrees: the turn is drawn from `[−degrees, degrees]`.
    """

    scale: float = 0.0
    degrees: float = 0.0

    def __call__(self, key: KeyArray, images: Images) -> Images:
        """The images, zoomed and turned."""
        zoom_key, turn_key = jax.random.split(key)
        low, high = jnp.log1p(-self.scale), jnp.log1p(self.scale)
        zoom = jnp.exp(jax.random.uniform(zoom_key, (), images.dtype, low, high))
        angle = jnp.deg2rad(
            jax.random.uniform(turn_key, (), images.dtype, -self.degrees, self.degrees)
        )
        height, width = images.shape[-3:-1]
        y, x = jnp.meshgrid(
            jnp.arange(height, dtype=images.dtype) - (height - 1) / 2,
            jnp.arange(width, dtype=images.dtype) - (width - 1) / 2,
            indexing="ij",
        )
        sine, cosine = jnp.sin(angle) / zoom, jnp.cos(angle) / zoom
        source = (
            cosine * y - sine * x + (height - 1) / 2,
            sine * y + cosine * x + (width - 1) / 2,
        )
        planes = jnp.moveaxis(images, -1, -3).reshape(-1, height, width)
        turned = jax.vmap(lambda p: map_coordinates(p, source, order=1, mode="nearest"))(planes)
        return jnp.moveaxis(
            turned.reshape(*images.shape[:-3], images.shape[-1], height, width), -3, -1
        )


@dataclass(frozen=True)
class Compose:
    """Several transformations, the first first, each with a key of its own."""

    transforms: tuple

    def __call__(self, key: KeyArray, images: Images) -> Images:
        """The images after all of them."""
        keys = jax.random.split(key, max(1, len(self.transforms)))
        for transform, part in zip(self.transforms, keys, strict=False):
            images = transform(part, images)
        return images
