"""Figures: nothing cut off, nothing in anything's way, the same bytes each time."""

import io
import tempfile

import numpy as np
import pytest
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
    "squeezenet1_1; saliency by the gradient rule, mean of 10 views; seeds: 95 % and 30 % "
    "quantiles; mixtures of 5 colours; graph cut with smoothness 5; largest component"
)


def explanation(height, width, labels):
    rng = np.random.default_rng(0)
    mask = np.zeros((height, width), bool)
    mask[height // 4 :, : width // 2] = True
    place = Localisation(mask, Box(0, height // 4, width // 2, height), Seeds(mask, ~mask))
    nothing = Localisation(np.zeros_like(mask), None, Seeds(mask, ~mask))
    return Explanation(
        rng.uniform(0, 255, (height, width, 3)).astype(np.float32),
        [
            Prediction(
                label, 9.5, 0.25, rng.random((height, width), np.float32), place if n else nothing
            )
            for n, label in enumerate(labels)
        ],
    )


def written(figure):
    with tempfile.TemporaryFile() as file:
        figures.write(figure, file)
        file.seek(0)
        return file.read()


def check_layout(figure):
    """All texts lie within the figure, and no picture or text upon another."""
    written(figure)
    canvas, renderer = figure.bbox, figure.canvas.get_renderer()
    texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    boxes = {text.get_text(): text.get_window_extent(renderer) for text in texts}
    for name, box in boxes.items():
        outside = min(*(box.min - canvas.min), *(canvas.max - box.max))
        assert outside > -1, f"{name} is cut off"
    pictures = [axis.get_window_extent(renderer) for axis in figure.axes]
    for number, one in enumerate(pictures):
        for other in pictures[number + 1 :]:
            assert not one.overlaps(other)
        for text in texts:
            if text.axes is None or not text.axes.lines:  # a plot has texts inside
                box = boxes[text.get_text()]
                assert not (
                    one.x0 + 1 < box.x1 and box.x0 < one.x1 - 1
                    and one.y0 + 1 < box.y1 and box.y0 < one.y1 - 1
                ), f"{text.get_text()} stands upon a picture"  # fmt: skip


@pytest.mark.parametrize(
    "size",
    [(60, 60), (60, 90), (90, 60), (40, 170), (170, 40), (16, 320), (320, 16)],
    ids=str,
)
def test_a_photograph_of_any_shape(size):
    figure = figures.explanation_figure(explanation(*size, [0, 30]), LABELS, caption=CAPTION)
    check_layout(figure)
    assert len(figure.axes) == 2 * 4
    assert max(figure.get_size_inches()) * 150 < 5000
    for axis in figure.axes:  # squares stay squares
        extent = axis.get_window_extent(figure.canvas.get_renderer())
        assert extent.width / extent.height == pytest.approx(size[1] / size[0], rel=0.02)
        # No smaller than a thumbnail, except across a panorama.
        assert max(extent.width, extent.height) > 180


def test_of_many_classes_the_first_are_shown_and_the_caption_says_so():
    figure = figures.explanation_figure(explanation(12, 12, range(25)), LABELS, caption="Of it")
    assert len(figure.axes) == 4 * figures.MAX_ROWS == 80
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
