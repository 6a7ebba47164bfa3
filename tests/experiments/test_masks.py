"""Masks: the curve's figure, and the tiny variant."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image
from survey_records import case, record

from experiments import masks, sources
from experiments.masks import TINY, Config, figure
from vizjax.errors import InputError
from vizjax.survey import RECALLS


def test_curves_are_means_over_photographs():
    curves = np.linspace([1.0, 0.8], [0.2, 0.0], len(RECALLS), axis=1)
    found = [record(case(one={"box": None, "precision": list(curve)})) for curve in curves]
    drawn, caption = figure(Config(procedures=("one",), best="one"), found)
    (line,) = drawn.axes[0].lines
    np.testing.assert_allclose(line.get_xdata(), RECALLS)
    np.testing.assert_allclose(line.get_ydata(), np.linspace(0.9, 0.1, len(RECALLS)))
    assert line.get_label() == "one"
    assert caption.startswith("Pixels of 2 photographs of photos/masks, squeezenet1_1; ")


def test_the_tiny_variant(offline, out, squeezed):
    result = masks.run(TINY, out / "steps")
    text = result.tables["agreement"]
    assert text.startswith("Agreement with the masks of 1 photographs of photos/masks.")
    (middle,) = [line for line in text.splitlines() if line.startswith("| middle | 0.")]
    # The cat's mask is 400 × 300 of 450 × 300 pixels; the middle, 71 % of each side, is in it.
    inside = ((450 - 2 * 65.25) * (300 - 2 * 43.5)) / (400 * 300)
    assert float(middle.split("|")[2].split()[0]) == pytest.approx(inside, abs=0.03)
    assert result.metrics[1]["mask_iou"] == pytest.approx(inside, abs=0.03)
    with Image.open(io.BytesIO(result.figures["precision_recall"].png)) as image:
        assert image.width > 500


def test_photographs_without_masks_are_refused(two_photos, squeezed, monkeypatch, tmp_path):
    def read(number):
        return two_photos.read(number)._replace(mask=None)

    config = dataclasses.replace(TINY, procedures=("middle",), best="middle")
    unmasked = dataclasses.replace(two_photos, read=read)
    monkeypatch.setattr(sources, "dataset", lambda name, **options: unmasked)
    with pytest.raises(InputError, match=r"`dataset` is photos/masks.* there are no masks"):
        masks.run(config, tmp_path)


def test_the_best_is_measured():
    with pytest.raises(InputError, match="`best` is vizjax; expected one of `procedures`: paper"):
        Config(procedures=("paper",))
