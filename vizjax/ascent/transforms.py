"""What makes optimised images better: random transformations, and a blur.

Random ones are frozen dataclasses `(key, images) -> images`, drawn once a call for all images.
Optimising under them keeps an image from relying on single pixels (Mordvintsev et al. 2015;
Olah et al. 2017, doi 10.23915/distill.00007).
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from vizjax.errors import InputError
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
    """A zoom and a turn about the centre, bilinear; the edge's colour comes in from outside.

    Attributes:
      scale: the zoom is drawn from `[1 − scale, 1 + scale]`, evenly in its logarithm; below 1.
      degrees: the turn is drawn evenly from `[−degrees, degrees]`.
    """

    scale: float = 0.0
    degrees: float = 0.0

    def __post_init__(self):
        if not 0 <= self.scale < 1:
            raise InputError(f"`scale` is {self.scale}; expected a share from 0 to below 1")

    def __call__(self, key: KeyArray, images: Images) -> Images:
        """The images, zoomed and turned."""
        zoom_key, turn_key = jax.random.split(key)
        low, high = np.log1p(-self.scale), np.log1p(self.scale)
        zoom = jnp.exp(jax.random.uniform(zoom_key, minval=low, maxval=high))
        turn = jnp.deg2rad(jax.random.uniform(turn_key, minval=-self.degrees, maxval=self.degrees))
        height, width, channels = images.shape[-3:]
        middle = (height - 1) / 2, (width - 1) / 2
        y = jnp.arange(height, dtype=jnp.float32)[:, None] - middle[0]
        x = jnp.arange(width, dtype=jnp.float32)[None, :] - middle[1]
        sine, cosine = jnp.sin(turn) / zoom, jnp.cos(turn) / zoom
        source_y = jnp.clip(cosine * y - sine * x + middle[0], 0, height - 1)
        source_x = jnp.clip(sine * y + cosine * x + middle[1], 0, width - 1)
        # All images and colours move alike, so one index fetches a whole row of them.
        rows = jnp.moveaxis(images.reshape(-1, height, width, channels), 0, 2)
        turned = _bilinear(rows.reshape(height, width, -1), source_y, source_x)
        turned = turned.reshape(height, width, -1, channels)
        return jnp.moveaxis(turned, 2, 0).reshape(images.shape)


def _bilinear(
    values: Float[Array, "height width n"],
    y: Float[Array, "height width"],
    x: Float[Array, "height width"],
) -> Float[Array, "height width n"]:
    """`values` between the pixels, at coordinates inside the image."""
    height, width, _ = values.shape
    top, left = jnp.floor(y), jnp.floor(x)
    down, right = (y - top)[..., None], (x - left)[..., None]
    top, left = top.astype(jnp.int32), left.astype(jnp.int32)
    bottom, end = jnp.minimum(top + 1, height - 1), jnp.minimum(left + 1, width - 1)
    upper = (1 - right) * values[top, left] + right * values[top, end]
    lower = (1 - right) * values[bottom, left] + right * values[bottom, end]
    return (1 - down) * upper + down * lower


@dataclass(frozen=True)
class Compose:
    """A parameterisation, then transformations, the first first, each with a key of its own.

    Attributes:
      parameterisation: from what the ascent moves to images.
      transforms: `(key, images) -> images` each.
      untouched: the share of calls, at random, that leave out all transforms: without any, the
        one view that nobody optimised is the image as it will be shown.
    """

    parameterisation: Callable[[Array], Images]
    transforms: tuple[Callable[[KeyArray, Images], Images], ...] = ()
    untouched: float = 0.0

    def __call__(self, key: KeyArray, parameters: Array) -> Images:
        """What the objective sees."""
        images = transformed = self.parameterisation(parameters)
        for number, transform in enumerate(self.transforms):
            transformed = transform(jax.random.fold_in(key, number), transformed)
        rest = jax.random.fold_in(key, len(self.transforms))
        return jnp.where(jax.random.bernoulli(rest, self.untouched), images, transformed)


@dataclass(frozen=True)
class Blur:
    """A Gaussian blur of standard deviation `sigma` pixels; zero beyond the edge.

    As a projection after each step it suppresses high frequencies (Yosinski et al. 2015, arXiv
    1506.06579).
    """

    sigma: float

    def __post_init__(self):
        if not 0 < self.sigma < np.inf:
            raise InputError(f"`sigma` is {self.sigma}; expected more than 0 pixels")

    def __call__(self, images: Images) -> Images:
        """The images, blurred."""
        radius = int(np.ceil(3 * self.sigma))
        weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / self.sigma) ** 2)
        weights = (weights / weights.sum()).astype(np.float32)
        for axis in (-3, -2):
            pads = [(0, 0)] * images.ndim
            pads[axis] = (radius, radius)
            padded, size = jnp.pad(images, pads), images.shape[axis]
            shifted = (
                jax.lax.slice_in_dim(padded, k, k + size, axis=axis) for k in range(len(weights))
            )
            images = sum(
                (w * s for w, s in zip(weights, shifted, strict=True)), jnp.zeros_like(images)
            )
        return images
