"""The experiments' pages: pictures keep their colours in a small file."""

import io

import numpy as np
import pytest
from PIL import Image

from experiments import plots


def test_greys_stay_grey_and_colours_are_kept():
    rng = np.random.default_rng(0)
    grey = np.repeat(rng.integers(0, 256, (60, 60, 1)), 3, axis=2).astype(np.uint8)
    pixels = grey.copy()
    pixels[:, :1] = 214, 39, 40  # few, as the pixels of a curve are
    few = np.asarray(plots.few(pixels).convert("RGB")).astype(int)
    assert np.abs(few[:, 1:] - grey[:, 1:]).max() <= 3  # between two of 48 greys lie 5.4
    assert np.ptp(few[:, 1:], axis=2).max() == 0
    assert np.abs(few[:, 0] - (214, 39, 40)).max() <= 8


def test_a_page_without_colours():
    grey = np.full((4, 4, 3), 255, np.uint8)
    assert np.asarray(plots.few(grey).convert("RGB")).min() == 255


def test_a_file_is_the_same_each_time():
    files = []
    for _ in range(2):
        page = plots.page(3, 2)
        left, right = page.subplots(1, 2)
        plots.picture(left, np.zeros((5, 5, 3), np.uint8), title="black")
        plots.side(left, "row")
        right.plot([0, 1])
        files.append(plots.png(page))
    one, two = files
    assert one == two
    with Image.open(io.BytesIO(one)) as image:
        assert image.size == (300, 200)
        assert image.info["dpi"][0] == pytest.approx(plots.DOTS, rel=0.01)
