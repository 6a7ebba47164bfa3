"""Arrays made visible: maps, gradients, seeds and masks as RGB pixels. NumPy alone.

Maps leave vizjax raw; only here are they brought to a visible range, and a map that is zero
everywhere stays black instead of becoming NaN.
"""

import numpy as np
from jaxtyping import Array, Float, Num, UInt8

from vizjax.localisation import Seeds
from vizjax.types import Box, Mask

Picture = UInt8[np.ndarray, "height width 3"]
Pixels = Num[np.ndarray | Array, "height width 3"]

RED, BLUE = np.array([230, 30, 30]), np.array([40, 80, 230])
"""The colours of the foreground and of the background."""


def to_pixels(image: Pixels) -> Picture:
    """RGB in 0-255, rounded and clipped.

    >>> to_pixels(np.array([[[-3.0, 1.6, 300.0]]])).tolist()
    [[[0, 2, 255]]]
    """
    return np.round(np.clip(np.asarray(image), 0, 255)).astype(np.uint8)


def unit_interval(
    saliency_map: Float[np.ndarray | Array, "*shape"], *, quantile: float = 0.995
) -> Float[np.ndarray, "*shape"]:
    """A map that is not negative, brought to 0-1: its `quantile` and all above become 1.

    A zero map stays zero; a map that is zero up to that quantile is divided by its maximum.

    Args:
      saliency_map: of any shape and unit, not negative.
      quantile: in [0, 1]; 1 is the maximum itself.

    Returns:
      Values from 0 to 1, shaped as the map.

    >>> unit_interval(np.array([0.0, 1.0, 4.0]), quantile=1.0).tolist()
    [0.0, 0.25, 1.0]
    """
    values = np.asarray(saliency_map)
    top = float(np.quantile(values, quantile)) or float(values.max())
    return np.clip(values / top, 0, 1) if top > 0 else np.zeros_like(values)


def heat(saliency_map: Float[np.ndarray | Array, "height width"]) -> Picture:
    """A saliency map as the paper prints it: black to white."""
    return to_pixels(255 * np.repeat(unit_interval(saliency_map)[..., None], 3, axis=2))


def signed(gradient: Float[np.ndarray | Array, "height width 3"]) -> Picture:
    """A signed gradient or reconstruction: grey is 0; one scale for both signs and all colours."""
    values = np.asarray(gradient)
    return to_pixels(127.5 + 127.5 * np.sign(values) * unit_interval(np.abs(values)))


def seeded(image: Pixels, seeds: Seeds) -> Picture:
    """The image, greyed, with foreground seeds in red and background seeds in blue.

    Args:
      image: RGB, 0-255.
      seeds: at the image's size.
    """
    grey = np.repeat(np.asarray(image).mean(axis=2, keepdims=True), 3, axis=2)
    picture = 0.6 * grey + 60
    picture[seeds.background] = 0.5 * picture[seeds.background] + 0.5 * BLUE
    picture[seeds.foreground] = RED
    return to_pixels(picture)


def cut_out(image: Pixels, mask: Mask, box: Box | None) -> Picture:
    """The image, dark outside the mask, with the box drawn in red.

    Args:
      image: RGB, 0-255.
      mask: at the image's size.
      box: in the image's pixels; None draws none.
    """
    picture = to_pixels(np.where(mask[..., None], np.asarray(image), 0.25 * np.asarray(image)))
    return picture if box is None else framed(picture, box)


def framed(image: Pixels, box: Box) -> Picture:
    """The image with a box drawn on it, just inside its bounds, as thick as the image asks for.

    Args:
      image: RGB, 0-255.
      box: in the image's pixels.

    Returns:
      A copy; the image itself is left alone.
    """
    picture = to_pixels(image).copy()
    thickness = max(1, round((picture.shape[0] * picture.shape[1]) ** 0.5 / 120))
    inner = Box(box.x0 + thickness, box.y0 + thickness, box.x1 - thickness, box.y1 - thickness)
    edge = np.zeros(picture.shape[:2], bool)
    edge[box.y0 : box.y1, box.x0 : box.x1] = True
    edge[inner.y0 : max(inner.y0, inner.y1), inner.x0 : max(inner.x0, inner.x1)] = False
    picture[edge] = RED
    return picture
