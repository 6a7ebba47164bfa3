"""Figures for a file: pictures with titles and a caption that states every parameter."""

import io
import textwrap
import warnings
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
from jaxtyping import Array, Float
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from vizjax import pictures
from vizjax.explain import Explanation
from vizjax.models.labels import Labels
from vizjax.pictures import Picture

CAPTION_POINTS, TITLE_POINTS = 8.0, 9.0

DOTS, PHOTO_DOTS = 150, 110
"""Dots per inch of a figure in a file, and of one that shows photographs whole.

With 110 a canvas of short side 256 is drawn nearly pixel for pixel. More would enlarge it, and take
twice as long to draw and to write. Class models and exemplars are smaller than that.
"""

GAP = 0.05
"""Inches between the pictures of a grid."""

MAX_ROWS = 20
"""Classes in a figure: of a thousand the picture would be too tall to open."""


def explanation_figure(
    explanation: Explanation, labels: Labels, *, caption: str, column: str = "saliency"
) -> Figure:
    """A row a class: the image with its box, the map, the seeds, and what the mask cuts out.

    Args:
      explanation: from `explain`.
      labels: the network's classes, for the names.
      caption: every parameter, in words.
      column: what the maps are called.

    Returns:
      The figure, with the first `MAX_ROWS` classes; the caption says so where there are more.
    """
    image = explanation.canvas
    rows = []
    shown = explanation.predictions[:MAX_ROWS]
    for prediction in shown:
        mask, box, seeds = prediction.localisation
        found = image if box is None else pictures.framed(image, box)
        rows.append(
            [
                pictures.to_pixels(found),
                pictures.attribution(prediction.saliency),
                pictures.seeded(image, seeds),
                pictures.cut_out(image, mask, box),
            ]
        )
    names = [
        f"{textwrap.fill(labels.name(p.label), 20)}\nscore {p.score:.1f}\n"
        f"posterior {p.posterior:.3f}"
        for p in shown
    ]
    if len(shown) < len(explanation.predictions):
        caption += f"; the first {len(shown)} of {len(explanation.predictions)} classes"
    return grid(rows, columns=["box", column, "seeds", "mask"], rows=names, caption=caption)


def class_model_figure(
    images: Sequence[Picture],
    titles: Sequence[str],
    trace: Float[np.ndarray | Array, "steps classes"],
    *,
    caption: str,
) -> Figure:
    """The images of classes, and under them how the objective rose.

    Args:
      images: one a class, at least one.
      titles: one an image; its first line names the curve.
      trace: the objective before each step, in the order of the images.
      caption: every parameter, in words.

    Returns:
      The figure, four images a row.

    Raises:
      ValueError: there are not as many titles as images.
    """
    across = min(4, len(images))
    down = -(-len(images) // across)
    figure = Figure(figsize=(2.6 * max(across, 2), 2.9 * down + 2.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_gridspec(down + 1, across, height_ratios=[*[1.0] * down, 0.7])
    for number, (image, title) in enumerate(zip(images, titles, strict=True)):
        _picture(figure.add_subplot(axes[number // across, number % across]), image, title)
    plot = figure.add_subplot(axes[down, :])
    plot.plot(np.asarray(trace), label=[title.partition("\n")[0] for title in titles], linewidth=1)
    plot.set_xlabel("step", fontsize=CAPTION_POINTS)
    plot.set_ylabel("objective", fontsize=CAPTION_POINTS)
    plot.tick_params(labelsize=CAPTION_POINTS)
    plot.locator_params("x", integer=True)
    if 1 < len(images) <= 10:  # so many colours are told apart
        plot.legend(fontsize=6, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return _captioned(figure, caption)


def grid(
    pictures: Sequence[Sequence[np.ndarray]],
    *,
    columns: Sequence[str],
    rows: Sequence[str],
    caption: str,
) -> Figure:
    """Pictures in rows and columns, each with its name.

    Args:
      pictures: RGB, row by row; the first gives every cell its proportions.
      columns: names, one a column.
      rows: names, one a row.
      caption: every parameter, in words.

    Returns:
      The figure.

    Raises:
      ValueError: the names are not as many as the pictures.
    """
    height, width = pictures[0][0].shape[:2]
    scale = min(2.4 / min(height, width), 7.2 / width, 6 / height)  # the short side 2.4 inches
    wide, tall = max(scale * width, 0.96), max(scale * height, 0.8)
    centres = [(number + 0.5) * wide + number * GAP for number in range(len(columns))]
    middles = [(number + 0.5) * tall + number * GAP for number in range(len(rows))]
    across, down = centres[-1] + wide / 2, middles[-1] + tall / 2
    figure = Figure(figsize=(across + 1.2, down + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    # One for all pictures: to make, lay out and draw axes is most of what a figure costs.
    axis = figure.add_subplot(frame_on=False)
    for middle, row in zip(middles, pictures, strict=True):
        for centre, picture in zip(centres, row, strict=True):
            _placed(axis, picture, centre, middle, wide, tall)
    axis.set(xlim=(0, across), ylim=(down, 0))
    axis.set_xticks(centres, columns)
    axis.set_yticks(middles, rows)
    axis.tick_params(length=0, labelsize=TITLE_POINTS, labelbottom=False, labeltop=True)
    return _captioned(figure, caption)


def write(figure: Figure, file: BinaryIO | io.BytesIO, *, dots: int = DOTS) -> None:
    """Writes a figure as a PNG, byte for byte the same each time.

    Args:
      figure: the figure; its texts are set as they are, a `$` is a `$`.
      file: open for writing, such as that of `vizjax.data.files.atomic_write`.
      dots: per inch.
    """
    for text in figure.findobj(Text):
        text.set_parse_math(False)  # a file or a class may be called `a$b$`
    figure.set_dpi(dots)
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # of a name in another script
        # `savefig` would draw all twice, the first time for the layout alone.
        if (layout := figure.get_layout_engine()) is not None:
            layout.execute(figure)
            figure.set_layout_engine("none")
        canvas.draw()
    opaque = np.asarray(canvas.buffer_rgba())[..., :3]
    # Of photographs, the hardest compression is 2 % smaller than the fastest, and takes 15 times
    # as long.
    Image.fromarray(opaque).save(file, format="PNG", dpi=(dots, dots), compress_level=1)


def _picture(axis, picture: Picture, title: str = "") -> None:
    axis.imshow(picture)
    axis.set(xticks=[], yticks=[])
    if title:
        axis.set_title(title, fontsize=CAPTION_POINTS)


def _placed(axis, picture: Picture, x: float, y: float, wide: float, tall: float) -> None:
    """Draws a picture about a point, in a frame, as large as the room for it allows."""
    height, width = picture.shape[:2]
    scale = min(wide / width, tall / height) / 2
    left, right = x - scale * width, x + scale * width
    top, bottom = y - scale * height, y + scale * height
    axis.imshow(picture, extent=(left, right, bottom, top))
    frame = Rectangle((left, top), right - left, bottom - top, fill=False, linewidth=0.8)
    axis.add_patch(frame)
    frame.set_clip_on(False)  # half of its line lies outside


def _captioned(figure: Figure, caption: str) -> Figure:
    characters = int(figure.get_size_inches()[0] * 12)
    figure.supxlabel(textwrap.fill(caption, characters), fontsize=CAPTION_POINTS)
    return figure
