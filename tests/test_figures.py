"""Figures: nothing cut off, nothing in anything's way, the same bytes each time."""

import io
import tempfile

import numpy as np
import pytest
from matplotlib.image import AxesImage
from matplotlib.text import Text
from PIL import Image

from vizjax import figures
from vizjax.explain import Explanation, Prediction
from vizjax.localisation import Localisation, Seeds
from vizjax.models.labels import Labels
from vizjax.types import Box

LONG = "black and gold garden spider of the northern woods"
LABELS = Labels(names=(*((f"class {number}",) for number in range(30)), (LONG,)))
CAPTION = (
    "PANORAMA_OF_THE_MOUNTAINS_IN_WINTER_2024_HDR_EDITED.JPG: "
    "squeezenet1_1; saliency by the gradient rule, mean of 10 views; seeds: 95 % and 30 % "
    "quantiles; mixtures of 5 colours; graph cut with smoothness 5; largest component"
)


def explanation(height, width, labels):
    rng = np.random.default_rng(0)
    saliency = rng.uniform(size=(height, width)).astype(np.float32)
    mask = np.zeros((height, width), bool)
    mask[height // 4 :, : width // 2] = True
    place = Localisation(mask, Box(0, height // 4, width // 2, height), Seeds(mask, ~mask))
    nothing = Localisation(np.zeros_like(mask), None, Seeds(mask, ~mask))
    return Explanation(
        rng.uniform(0, 255, (height, width, 3)).astype(np.float32),
        [
            Prediction(label, 9.5, 0.25, saliency, place if number else nothing)
            for number, label in enumerate(labels)
        ],
    )


def written(figure, *, dots=figures.DOTS):
    with tempfile.TemporaryFile() as file:
        figures.write(figure, file, dots=dots)
        file.seek(0)
        return file.read()


def drawn(figure):
    """Lays the figure out as it is written."""
    figure.set_dpi(150)
    figure.canvas.draw()
    return figure.canvas.get_renderer()


def pictures_of(figure):
    """Where the pictures lie in a figure that has been laid out, in pixels."""
    return [picture.get_window_extent() for picture in figure.findobj(AxesImage)]


def check_layout(figure):
    """All texts lie within the figure, and no picture or text upon another."""
    renderer = drawn(figure)
    canvas = figure.bbox
    boxes = {
        text.get_text(): text.get_window_extent(renderer)
        for text in figure.findobj(Text)
        if text.get_text() and not (text.axes and text.axes.lines)  # a plot has texts inside
    }
    plots = [("the plot", axis.get_tightbbox(renderer)) for axis in figure.axes if axis.lines]
    for name, box in [*boxes.items(), *plots]:
        outside = min(*(box.min - canvas.min), *(canvas.max - box.max))
        assert outside > -1, f"{name} is cut off"
    panels = [axis.get_window_extent(renderer) for axis in figure.axes if axis.lines]
    pictures = [*pictures_of(figure), *panels]
    for number, one in enumerate(pictures):
        for other in pictures[number + 1 :]:
            assert not one.overlaps(other)
        for name, box in boxes.items():
            shared = np.minimum(one.max, box.max) - np.maximum(one.min, box.min)
            assert min(shared) < 1, f"{name} stands upon a picture"


@pytest.mark.parametrize(
    "size",
    [(60, 60), (60, 90), (90, 60), (40, 170), (170, 40), (16, 320), (320, 16)],
    ids=str,
)
def test_a_photograph_of_any_shape(size):
    height, width = size
    figure = figures.explanation_figure(
        explanation(height, width, [0, 30]), LABELS, caption=CAPTION
    )
    check_layout(figure)
    pictures = pictures_of(figure)
    assert len(pictures) == 2 * 4
    assert max(figure.get_size_inches()) * 150 < 5000
    for extent in pictures:  # squares stay squares
        assert extent.width / extent.height == pytest.approx(width / height, rel=0.02)
        # Two inches and more: a long name beside it is wrapped rather than given the room.
        assert max(extent.width, extent.height) > 330


def test_of_many_classes_the_first_are_shown_and_the_caption_says_so():
    figure = figures.explanation_figure(explanation(12, 12, range(25)), LABELS, caption="Of it")
    assert len(pictures_of(figure)) == 4 * figures.MAX_ROWS == 80
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert "Of it; the first 20 of 25 classes" in texts


def test_a_name_in_any_script_and_with_dollars_is_taken_literally():
    caption = "a$\\foo$ 猫 %s {} _b_"
    figure = figures.explanation_figure(explanation(20, 30, [0]), LABELS, caption=caption)
    written(figure)  # neither an error nor a warning
    assert caption in [text.get_text() for text in figure.findobj(Text)]


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_class_models(count):
    images = [np.full((30, 30, 3), 8 * n, np.uint8) for n in range(count)]
    titles = [f"class {n}\nposterior 0.500" for n in range(count)]
    trace = np.random.default_rng(0).normal(size=(6, count)).astype(np.float32)
    figure = figures.class_model_figure(images, titles, trace, caption=CAPTION)
    check_layout(figure)
    plot = figure.axes[-1]
    assert len(plot.lines) == count
    np.testing.assert_allclose(np.stack([line.get_ydata() for line in plot.lines], 1), trace)
    assert (plot.get_legend() is not None) == (1 < count <= 10)


def test_the_same_figure_is_the_same_bytes():
    made = [
        written(figures.explanation_figure(explanation(20, 30, [3]), LABELS, caption=CAPTION))
        for _ in range(2)
    ]
    assert made[0] == made[1]
    image = Image.open(io.BytesIO(made[0]))
    assert image.format == "PNG"
    assert "Software" not in image.info


@pytest.mark.parametrize(("height", "width"), [(256, 384), (384, 256), (256, 256)])
def test_a_canvas_is_drawn_nearly_pixel_for_pixel(height, width):
    figure = figures.explanation_figure(explanation(height, width, [0, 1]), LABELS, caption=CAPTION)
    written(figure, dots=figures.PHOTO_DOTS)
    for extent in pictures_of(figure):
        assert (extent.height, extent.width) == pytest.approx((height, width), rel=0.06)
