"""Arrays made visible: maps, gradients, seeds and masks as RGB pixels. NumPy alone.

Maps leave vizjax raw; only here are they brought to a visible range, and a map that is zero
everywhere stays black instead of becoming NaN.
"""

import numpy as np
from jaxtyping import Array, Float, Num, UInt8

from vizjax.errors import InputError
from vizjax.localisation import Seeds
from vizjax.types import Box, Mask

Picture = UInt8[np.ndarray, "height width 3"]
Pixels = Num[np.ndarray | Array, "height width 3"]

RED, BLUE = np.array([230, 30, 30]), np.array([40, 80, 230])
"""The colours of the foreground and of the background."""

GREY = np.array([128, 128, 128])
"""What lies between the maps of a grid."""


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


def diverging(attribution: Float[np.ndarray | Array, "height width"]) -> Picture:
    """A map of both signs: red is positive, blue negative, white 0, one scale for both."""
    values = np.asarray(attribution)
    strength = unit_interval(np.abs(values))[..., None]
    colour = np.where(values[..., None] > 0, RED, BLUE)
    return to_pixels((1 - strength) * 255 + strength * colour)


def attribution(values: Float[np.ndarray | Array, "height width"]) -> Picture:
    """A map of any method: red and blue if it has both signs, else black (its least) to white.

    The least value is no evidence where all are positive, as with RISE, whose maps lie around the
    mean posterior.
    """
    values = np.asarray(values)
    return diverging(values) if np.any(values < 0) else heat(values - values.min())


def spotlight(image: Pixels, attribution: Float[np.ndarray | Array, "height width"]) -> Picture:
    """The image, the darker the less evidence the map has.

    Negative evidence counts as none; where all is positive, the least value does.

    Args:
      image: RGB, 0-255.
      attribution: at the image's size, of any unit.
    """
    values = np.maximum(np.asarray(attribution), 0)
    light = unit_interval(values - values.min())[..., None]
    return to_pixels((0.15 + 0.85 * light) * np.asarray(image))


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


def activation_grid(
    activation: Float[np.ndarray | Array, "rows columns channels"],
    *,
    count: int | None = None,
    strongest: bool = False,
    jointly: bool = False,
) -> Picture:
    """The maps of a layer's channels side by side, one pixel of grey between them.

    Maps without negative values are black to white, as by `heat`; if any value shown is negative,
    all are blue to white to red, as by `diverging`. A map of zeros has the colour of 0. The picture
    is as nearly square as whole maps allow; cells left over are grey.

    Args:
      activation: of one image.
      count: how many maps to show, at least 1; None, or more than there are, shows all.
      strongest: True for those of the largest mean absolute value, the largest first; False for
        the first, in the order of the channels.
      jointly: True for one scale for all, which shows which are strong; False for a scale for each,
        which shows the shape of the weak ones too.

    Returns:
      The picture, one pixel a position.

    Raises:
      InputError: `count` is less than 1.
    """
    if count is not None and count < 1:
        raise InputError(f"`count` is {count}; expected how many maps to show, at least 1, or None")
    maps = np.moveaxis(np.asarray(activation), -1, 0)
    if strongest:
        maps = maps[np.argsort(-np.abs(maps).mean(axis=(1, 2)), kind="stable")]
    maps = maps[:count]
    number, height, width = maps.shape
    paint = diverging if (maps < 0).any() else heat
    if jointly:
        tiles = paint(maps.reshape(-1, width)).reshape(number, height, width, 3)
    else:
        tiles = [paint(one) for one in maps]
    across = min(max(round((number * (height + 1) / (width + 1)) ** 0.5), 1), number)
    down = -(-number // across)
    picture = np.empty((down * (height + 1) - 1, across * (width + 1) - 1, 3), np.uint8)
    picture[:] = GREY
    for k, tile in enumerate(tiles):
        top, left = k // across * (height + 1), k % across * (width + 1)
        picture[top : top + height, left : left + width] = tile
    return picture
