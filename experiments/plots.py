"""What the experiments' figures share: a page, pictures on it, a small file."""

import io
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from vizjax.pictures import Picture

POINTS = 8.0
"""The size of all text."""

DOTS = 100
"""Dots an inch."""

GREYS = 48
"""Of a figure's 256 colours: noisy maps in all greys would take twice as many bytes."""


def page(width: float, height: float) -> Figure:
    """An empty figure, so many inches wide and high; nothing that is open or shown."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def picture(axis: Axes, pixels: Picture, *, title: str = "") -> None:
    """Shows pixels without ticks, with a title above."""
    axis.imshow(pixels)
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=POINTS)


def side(axis: Axes, name: str) -> None:
    """Names a row of pictures, to the left of its first."""
    axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=POINTS)


def png(figure: Figure) -> bytes:
    """A figure as a PNG of 256 colours, byte for byte the same each time."""
    figure.set_dpi(DOTS)
    canvas: Any = figure.canvas
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    file = io.BytesIO()
    few(pixels).save(file, format="PNG", dpi=(DOTS, DOTS), optimize=True)
    return file.getvalue()


def few(pixels: Picture) -> Image.Image:
    """The picture in 256 colours: even greys, so that maps stay grey, and the rest by coverage.

    Args:
      pixels: RGB, 0-255.
    """
    steps = GREYS - 1
    numbers = np.round(pixels.mean(axis=2) * (steps / 255)).astype(np.uint8)
    palette = np.repeat(np.round(np.arange(GREYS) * (255 / steps)).astype(np.uint8), 3).tolist()
    coloured = np.ptp(pixels, axis=2) > 8
    if coloured.any():
        # Not by median cut: the many pixels of the photographs would take the few of the curves.
        rest = Image.fromarray(pixels[coloured][None]).quantize(
            256 - GREYS, method=Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE
        )
        numbers[coloured] = GREYS + np.asarray(rest)[0]
        palette += rest.getpalette() or []
    picture = Image.fromarray(numbers)
    picture.putpalette(palette[: 3 * 256])
    return picture
