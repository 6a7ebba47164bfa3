"""How pixels become what a module takes."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.tree_util import register_dataclass

from vizjax.types import Image

STATIC: Any = {"metadata": {"static": True}}


@register_dataclass
@dataclass(frozen=True)
class Preprocessing:
    """How pixels become what the module takes: `(image − mean) / scale`, channels in its order.

    Attributes:
      mean: in RGB, 0-255: one number, one a channel, or a whole mean image.
      scale: likewise; 1 where a network works in pixel units.
      size: height and width of the input in pixels; None where any will do.
      short_side: the photograph's short side before a view is cut out of it, in pixels.
      channels: the module's order, `rgb` or `bgr`. An `Image` is always RGB.
    """

    mean: Any = dataclasses.field(default_factory=lambda: np.zeros((), np.float32))
    scale: Any = dataclasses.field(default_factory=lambda: np.ones((), np.float32))
    size: tuple[int, int] | None = dataclasses.field(default=None, **STATIC)
    short_side: int | None = dataclasses.field(default=None, **STATIC)
    channels: str = dataclasses.field(default="rgb", **STATIC)

    def __call__(self, image: Image) -> Image:
        """The module's input for `image` (RGB, 0-255)."""
        image = (image - jnp.broadcast_to(self.mean, image.shape)) / jnp.broadcast_to(
            self.scale, image.shape
        )
        return image[..., ::-1] if self.channels == "bgr" else image
