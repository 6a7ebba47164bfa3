"""Figures that are legible on a phone and in print: pictures in rows, few words, large type.

A sheet's pixels are laid out here, not by matplotlib's own layouts, which leave uneven gaps between
pictures of different proportions.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from vizjax.pictures import Picture

WIDTH = 8.0
"""In inches, of every figure: 1200 pixels at the dots of a file."""

POINTS = 16.0
"""Of the titles. On a screen 390 pixels wide they are 11 pixels high."""

SMALL = 14.0
"""Points of what stands at the axes of a chart."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, which the colour-blind tell apart."""

MARGIN, GAP, LINE = 0.1, 0.12, 1.2 * POINTS / 72
"""In inches: around all, between pictures, from one line of a title to the next."""


class Cell(NamedTuple):
    """A picture and what stands above it; its lines are broken where they would be too long."""

    picture: Picture
    title: str = ""


class Row(NamedTuple):
    """Pictures side by side, under a heading of their own if there is one."""

    cells: Sequence[Cell]
    heading: str = ""


def sheet(rows: Sequence[Row]) -> Figure:
    """Rows of pictures, as many a row as the longest has, all of one width.

    Args:
      rows: at least one, each with at least one picture.

    Returns:
      The figure, `WIDTH` inches wide and as high as it has to be.
    """
    across = max(len(row.cells) for row in rows)
    wide = (WIDTH - 2 * MARGIN - GAP * (across - 1)) / across
    blocks, height = [], MARGIN
    for row in rows:
        heading = wrapped(row.heading, WIDTH - 2 * MARGIN)
        titles = [wrapped(cell.title, wide) for cell in row.cells]
        top = height + len(heading) * LINE
        top += max(map(len, titles)) * LINE + (0.08 if heading or any(titles) else 0)
        tall = [wide * cell.picture.shape[0] / cell.picture.shape[1] for cell in row.cells]
        blocks.append((row, height, heading, titles, top, tall))
        height = top + max(tall) + GAP
    height += MARGIN - GAP
    figure = blank(height)

    def text(x: float, y: float, lines: Sequence[str], **style: Any) -> None:
        for number, line in enumerate(lines):
            place = x / WIDTH, 1 - (y + number * LINE) / height
            figure.text(*place, line, ha="left", va="top", fontsize=POINTS, **style)

    for row, start, heading, titles, top, tall in blocks:
        text(MARGIN, start, heading, weight="bold")
        for number, (cell, lines, high) in enumerate(zip(row.cells, titles, tall, strict=True)):
            left = MARGIN + number * (wide + GAP)
            # Titles of fewer lines stand right above their pictures.
            text(left, top - 0.06 - len(lines) * LINE, lines)
            place = left / WIDTH, 1 - (top + high) / height, wide / WIDTH, high / height
            axis = figure.add_axes(place)
            axis.imshow(cell.picture, aspect="auto", interpolation="antialiased")
            axis.set_axis_off()
    return figure


def headed(rows: Sequence[Row], titles: Sequence[str]) -> list[Row]:
    """The rows, the first of them with titles above its pictures."""
    cells = [c._replace(title=t) for c, t in zip(rows[0].cells, titles, strict=True)]
    return [rows[0]._replace(cells=cells), *rows[1:]]


def blank(height: float, *, layout: Any = "none") -> Figure:
    """An empty figure of a sheet's width, so many inches high."""
    figure = Figure(figsize=(WIDTH, height), layout=layout)
    FigureCanvasAgg(figure)
    return figure


def chart(height: float, *, panels: int = 1) -> tuple[Figure, Sequence[Axes]]:
    """A figure with one panel of axes above the other, dressed alike.

    Args:
      height: of the whole, in inches.
      panels: how many.
    """
    figure = blank(height, layout="constrained")
    axes: Any = figure.subplots(panels, squeeze=False)[:, 0]
    for axis in axes:
        axis.tick_params(labelsize=SMALL)
        axis.grid(alpha=0.3, lw=0.8)
        axis.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)


def named(axis: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Says above a panel what it shows, and at its axes what is on them."""
    axis.set_title("\n".join(wrapped(title, WIDTH - 0.6)), fontsize=POINTS, loc="left")
    axis.set_xlabel(x, fontsize=SMALL)
    axis.set_ylabel(y, fontsize=SMALL)


def wrapped(text: str, width: float) -> list[str]:
    """The lines of a text, broken between words so that each fits into so many inches.

    A single word that is longer stays whole.

    >>> wrapped("", 1.0), wrapped("bell pepper", 3.0), wrapped("bell pepper", 0.8)
    ([], ['bell pepper'], ['bell', 'pepper'])
    """
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and _inches(longer) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def _inches(line: str) -> float:
    path = TextPath((0, 0), line.replace("$", "S"), size=POINTS)
    return 1.03 * path.get_extents().width / 72
