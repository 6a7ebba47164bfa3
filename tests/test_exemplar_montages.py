"""Montages, figure and page section of exemplars: in place, undistorted, with a full caption."""

import numpy as np
import pytest
import tiny
from matplotlib.image import AxesImage
from matplotlib.text import Text

from vizjax import figures
from vizjax.exemplars import Exemplar, Exemplars
from vizjax.exemplars.montages import BEYOND, GAP, TILE, exemplar_figure, exemplar_section, montages
from vizjax.models.labels import Labels
from vizjax.pictures import signed
from vizjax.report import page
from vizjax.search import TopK, no_hits
from vizjax.types import Box

SIZE, FIELD = (600, 560), (162, 180)  # a field as long as a tile is shown as it is


def exemplar(x0, y0, x1, y1, value=1.5, whole=FIELD, level=None):
    shape = (y1 - y0, x1 - x0, 3)
    rng = np.random.default_rng(x0 + 1000 * y0)
    patch = rng.integers(0, 256, shape) if level is None else np.full(shape, level)
    projection = rng.normal(size=shape).astype(np.float32)
    return Exemplar(
        *(0, value, 2, 3),
        Box(x0, y0, x1, y1),
        whole,
        patch.astype(np.float32),
        projection,
    )


WHOLE = exemplar(60, 40, 240, 202)
CUT = {
    "above": (exemplar(60, 0, 240, 120), np.s_[42:, :]),
    "below": (exemplar(60, 500, 240, 600), np.s_[:100, :]),
    "left": (exemplar(0, 40, 45, 202), np.s_[:, 135:]),
    "right": (exemplar(480, 40, 560, 202), np.s_[:, :80]),
    "below and left": (exemplar(0, 590, 179, 600), np.s_[:10, 1:]),
}


@pytest.mark.parametrize("side", CUT)
def test_a_patch_that_the_border_cut_lies_where_it_would_lie(side):
    cut, place = CUT[side]
    patches, projections = montages([WHOLE, cut], SIZE, k=2)
    assert patches.shape == projections.shape == (162, 2 * TILE + GAP, 3)
    np.testing.assert_array_equal(patches[:, :TILE], WHOLE.patch)
    np.testing.assert_array_equal(projections[:, :TILE], signed(WHOLE.projection))
    assert (patches[:, TILE : TILE + GAP] == 255).all()
    for picture, inside in ((patches, cut.patch), (projections, signed(cut.projection))):
        tile = picture[:, TILE + GAP :].copy()
        np.testing.assert_array_equal(tile[place], inside)
        tile[place] = BEYOND
        assert (tile == BEYOND).all()


def test_no_projection_is_the_grey_of_beyond():
    zero = WHOLE._replace(projection=np.zeros_like(WHOLE.projection))
    assert (montages([zero], SIZE, k=1)[1] == BEYOND).all()


@pytest.mark.parametrize(("k", "rows", "columns"), [(1, 1, 1), (4, 2, 2), (7, 3, 3), (9, 3, 3)])
def test_tiles_stand_in_rows_and_missing_ones_are_white(k, rows, columns):
    shown = [exemplar(60, 40, 240, 202, level=20 * n) for n in range(max(k - 1, 1))]
    patches, _ = montages(shown, SIZE, k=k)
    assert patches.shape == (rows * (162 + GAP) - GAP, columns * (TILE + GAP) - GAP, 3)
    for number in range(rows * columns):
        y, x = number // columns * (162 + GAP), number % columns * (TILE + GAP)
        expected = 20 * number if number < len(shown) else 255
        assert (patches[y : y + 162, x : x + TILE] == expected).all()


def test_small_fields_are_enlarged_with_their_proportions():
    small = exemplar(10, 10, 40, 25, whole=(15, 30))
    patches, projections = montages([small], SIZE, k=1)
    assert patches.shape == projections.shape == (6 * 15, 6 * 30, 3)
    means = patches.reshape(15, 6, 30, 6, 3).mean(axis=(1, 3))
    assert np.corrcoef(means.ravel(), small.patch.ravel())[0, 1] > 0.9


def test_large_fields_are_shrunk_with_their_proportions():
    large = exemplar(0, 0, 540, 360, whole=(360, 540), level=77)
    assert (montages([large], SIZE, k=1)[0] == np.full((120, TILE, 3), 77)).all()


# Figure and section ---------------------------------------------------------------------------


def network(**fields):
    import dataclasses

    return dataclasses.replace(tiny.network(size=SIZE), **fields)


def found(channels, rule="deconvnet", layer="relu2", total=7):
    shown = {
        c: [exemplar(60, 40, 240, 202, 9.25 - c), exemplar(0, 0, 100, 90, 2.5)] for c in channels
    }
    top = TopK({layer: no_hits(total, 2)}, 40, (3, 8))
    return Exemplars(top, rule, "as asked for", {layer: shown})


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def pictures_of(figure):
    return [picture.get_array() for picture in figure.findobj(AxesImage)]


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ("deconvnet", "DeconvNet projections"),
        ("guided", "guided backpropagation"),
        ("gradient", "gradients"),
    ],
)
def test_the_figure_says_all_that_it_depends_on(rule, name):
    figure = exemplar_figure(network(), found([5, 2], rule), "relu2")
    assert len(pictures_of(figure)) == 4
    written = texts(figure)
    assert {"patches", name, "channel 5\n2.5 to 4.25", "channel 2\n2.5 to 7.25"} <= set(written)
    caption = " ".join(written[-1].split())
    for part in (
        "tiny, relu2: of each channel the 2 strongest of 38 photographs",
        "view of 600×560 pixels",
        "sees (162×180 pixels)",
        f"by the {rule} rule",
        "Channels: as asked for",
    ):
        assert part in caption


def test_the_figure_shows_the_montages_side_by_side():
    exemplars = found([5, 2])
    figure = exemplar_figure(network(), exemplars, "relu2")
    for row, channel in enumerate([5, 2]):
        expected = montages(exemplars.shown["relu2"][channel], SIZE, k=2)
        shown = pictures_of(figure)[2 * row :][:2]
        for one, picture in zip(shown, expected, strict=True):
            np.testing.assert_array_equal(one, picture)


def test_of_many_channels_the_figure_shows_the_first_and_says_so():
    figure = exemplar_figure(network(), found(range(25), total=30), "relu2")
    assert len(pictures_of(figure)) == 2 * figures.MAX_ROWS
    assert any("The first 20 of 25 channels" in " ".join(text.split()) for text in texts(figure))


def test_nothing_is_cut_off_beside_a_long_name():
    labels = Labels(names=tuple((f"black and gold garden spider {n}",) for n in range(7)))
    figure = exemplar_figure(network(labels=labels), found([5, 2], layer="head"), "head")
    figure.set_dpi(150)
    figure.canvas.draw()
    for text in figure.findobj(Text):
        box = text.get_window_extent()
        inside = min(*(box.min - figure.bbox.min), *(figure.bbox.max - box.max))
        assert not text.get_text() or inside > -1, text.get_text()


def test_classes_have_their_names_and_silence_is_said():
    names = Labels(names=tuple((f"class {n}",) for n in range(7)))
    exemplars = found([4], layer="head")
    exemplars.shown["head"][6] = []
    section = exemplar_section(network(labels=names), exemplars, "head")
    titles = ["channel 4, class 4: 2.5 to 5.25", "channel 6, class 6: no photograph"]
    assert [group.title for group in section.groups] == titles
    assert "class 4" not in exemplar_section(network(), exemplars, "head").groups[0].title


def test_the_section_makes_a_page():
    section = exemplar_section(network(), found([5, 2]), "relu2")
    assert section.title == "relu2"
    assert [panel.caption for panel in section.groups[0].panels] == [
        "patches",
        "DeconvNet projections",
    ]
    html = page("Title", "Text", [section])
    assert html.count("<img") == 4
