"""Sheets: nothing cut off or covered, and pictures keep their proportions."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from experiments import sheet
from experiments.sheet import Cell, Row


def picture(height, width):
    return np.zeros((height, width, 3), np.uint8)


ROWS = [
    Row(
        [Cell(picture(30, 40), "bell pepper"), Cell(picture(30, 40), "a much longer title")], "one"
    ),
    Row([Cell(picture(60, 40)), Cell(picture(20, 40), "of another height"), Cell(picture(9, 9))]),
    Row([Cell(picture(30, 40))], "a heading that is so long that no line of a sheet could hold it"),
]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], ROWS[2:]], ids=["all", "two", "one"])
def test_nothing_is_cut_off_or_covered(rows):
    figure = sheet.sheet(rows)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    texts = [t.get_window_extent(renderer) for t in figure.findobj(Text) if t.get_text()]
    pictures = [axis.get_window_extent(renderer) for axis in figure.axes]
    assert len(pictures) == sum(len(row.cells) for row in rows)
    for box in [*texts, *pictures]:
        below, above = np.subtract(box.min, figure.bbox.min), np.subtract(figure.bbox.max, box.max)
        assert min(below.min(), above.min()) > -1
    for number, one in enumerate([*texts, *pictures]):
        for other in [*texts, *pictures][number + 1 :]:
            shared = np.minimum(one.max, other.max) - np.maximum(one.min, other.min)
            assert min(shared) < 1


def test_pictures_keep_their_proportions():
    figure = sheet.sheet(ROWS)
    cells = [cell for row in ROWS for cell in row.cells]
    for axis, cell in zip(figure.axes, cells, strict=True):
        extent, (height, width, _) = axis.get_window_extent(), cell.picture.shape
        assert extent.width / extent.height == pytest.approx(width / height)
        assert extent.width == pytest.approx(figure.axes[0].get_window_extent().width)


def test_titles_are_legible_on_a_phone():
    assert sheet.POINTS / 72 * 390 / sheet.WIDTH > 10


def test_a_title_stands_above_the_first_row_only():
    rows = sheet.headed(ROWS[:1], ("left", "right"))
    assert [cell.title for cell in rows[0].cells] == ["left", "right"]
    with pytest.raises(ValueError, match="zip"):
        sheet.headed(ROWS, ("left",))


def test_lines_fit():
    text = "a title of many words, one of which is unbreakableinanyplaceofit"
    lines = sheet.wrapped(text, 2.0)
    assert " ".join(lines) == text
    assert len(lines) > 3
    assert all(sheet._inches(line) <= 2 for line in lines[:-1])


def test_charts_have_panels_one_above_the_other():
    figure, axes = sheet.chart(6, panels=2)
    sheet.named(axes[0], title="what is shown", x="step", y="score")
    figure.canvas.draw()
    assert axes[0].get_window_extent().y0 > axes[1].get_window_extent().y1
    assert axes[0].get_title(loc="left") == "what is shown"
