"""Drawing one picture: a cluttered ground, and one or two shapes of one class upon it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from vizjax.data.datasets.boxes import tight_box
from vizjax.data.shapes.outlines import OUTLINES, area
from vizjax.data.shapes.textures import colour_pair, noise, paint, pattern
from vizjax.types import Box, Photo

SIDE = 128
"""Of the pictures, in pixels; they are square."""

AREA = 0.03, 0.14
"""How much of the picture a shape covers, whatever its class: its size does not give it away."""


class Drawing(NamedTuple):
    """A picture and the truth about it.

    Attributes:
      picture: RGB, 0-255, `SIDE` × `SIDE`.
      label: the class of its shapes, an index into `OUTLINES`.
      boxes: the box of each shape.
      numbers: for each pixel the shape that it belongs to, counted from 1; 0 is the ground.
    """

    picture: Photo
    label: int
    boxes: tuple[Box, ...]
    numbers: UInt8[np.ndarray, "height width"]


def draw(seed: int, split: int, index: int) -> Drawing:
    """Draw a picture: the same one for the same numbers.

    The shapes lie wholly on the picture, apart from each other, turned, sized and placed at random.
    What lies behind them has the same kinds of texture, in patches of irregular outline; the
    shapes' colours differ from those of the ground, and are as random as they.

    Args:
      seed: the dataset's, not negative.
      split: the split's number, likewise.
      index: the picture's number in its split, likewise. Classes follow each other in turn.

    Returns:
      The picture, and the truth.
    """
    rng = np.random.default_rng([seed, split, index])
    label = index % len(OUTLINES)
    picture, palette = _ground(rng)
    numbers = np.zeros((SIDE, SIDE), np.uint8)
    boxes: list[Box] = []
    for number in range(1, 2 + (rng.random() < 0.3)):
        mask = _placed(rng, list(OUTLINES)[label], numbers > 0)
        box = None if mask is None else tight_box(mask)
        if mask is None or box is None:
            continue
        texture = paint(colour_pair(rng, palette, 75.0), pattern(rng, SIDE))
        picture[mask] = texture[mask]
        numbers[mask] = number
        boxes.append(box)
    shade = 0.8 + 0.3 * noise(rng, SIDE, 2)[..., None]  # one light for all
    photo = np.clip(np.rint(picture * shade), 0, 255).astype(np.uint8)
    return Drawing(photo, label, tuple(boxes), numbers)


def _ground(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A ground of textured patches, and its colours."""
    colours = colour_pair(rng, np.zeros((0, 3)), 0.0)
    picture, palette = paint(colours, pattern(rng, SIDE)), [colours]
    for _ in range(rng.integers(1, 4)):
        colours = colour_pair(rng, np.zeros((0, 3)), 0.0)
        patch = noise(rng, SIDE, int(rng.integers(2, 6))) > rng.uniform(0.6, 0.75)
        picture[patch] = paint(colours, pattern(rng, SIDE))[patch]
        palette.append(colours)
    return picture, np.concatenate(palette)


def _placed(rng: np.random.Generator, name: str, taken: np.ndarray) -> np.ndarray | None:
    """The mask of a shape that overlaps nothing, with a pixel between; None if none is found."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5  # the pixels' centres
    near = _grown(taken)
    for _ in range(50):
        radius = SIDE * np.sqrt(rng.uniform(*AREA) / area(name))
        turn, (x, y) = rng.uniform(0, 2 * np.pi), rng.uniform(radius, SIDE - radius, 2)
        across, up = (columns - x) / radius, (y - rows) / radius
        u = across * np.cos(turn) + up * np.sin(turn)
        v = up * np.cos(turn) - across * np.sin(turn)
        mask = OUTLINES[name](u, v)
        if not (mask & near).any():
            return mask
    return None


def _grown(mask: np.ndarray) -> np.ndarray:
    padded = np.pad(mask, 1)
    shifts = [(1 + i, 1 + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return np.any([padded[i : i + SIDE, j : j + SIDE] for i, j in shifts], axis=0)
