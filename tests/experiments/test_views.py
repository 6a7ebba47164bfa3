"""Ten views against one: what each procedure sees, and what a shift does to its map."""

import dataclasses

import jax
import named
import numpy as np
import pytest
import tiny

from experiments import sources, views, views_moved
from experiments.views import PROCEDURES, TINY, Config, Inside, figures_of
from experiments.views_moved import SUBSETS, seen, shifted
from vizjax.data import Dataset, Example, Instance
from vizjax.errors import InputError
from vizjax.evidence import Averaged
from vizjax.types import Box


@pytest.fixture(scope="module")
def network():
    found = named.network()
    larger = dataclasses.replace(found.preprocessing, short_side=20)
    return dataclasses.replace(found, preprocessing=larger)


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (24, 40, 3)).astype(np.uint8) for _ in range(3)]

    def read(number):
        box = Instance(number, Box(4, 5, 30, 20))
        return Example(f"{number}.png", photos[number], (number,), (box,))

    accepted = tuple((index,) for index in range(7))
    return Dataset("photos", named.NAMES, accepted, read, range(len(photos)))


def test_the_centre_of_ten_views(network, examples):
    photo = examples[0].photo
    whole, inner = (
        evidence(jax.random.key(0), network, [photo], [2])[0]
        for evidence in (Averaged(views=10), Inside(Averaged(views=10)))
    )
    centre = seen(network, whole.shape)
    assert centre.sum() == np.prod(tiny.SIZE)
    np.testing.assert_array_equal(inner[centre], whole[centre])
    assert not inner[~centre].any()
    assert whole[~centre].any()
    one = Averaged(views=1)(jax.random.key(0), network, [photo], [2])[0]
    np.testing.assert_array_equal(one != 0, centre & (one != 0))
    assert np.abs(one - inner).max() > 0.01 * one.max()


def test_without_a_shift_maps_stay(network):
    image = np.random.default_rng(1).uniform(0, 255, (20, 31, 3)).astype(np.float32)
    assert shifted(network, image, 2, 0) == pytest.approx(dict.fromkeys(SUBSETS, 1.0))


def test_with_one_they_change(network):
    image = np.random.default_rng(1).uniform(0, 255, (20, 31, 3)).astype(np.float32)
    found = shifted(network, image, 2, 1)
    assert list(found) == [1, 2, 5, 10]
    assert all(-1 <= value < 0.99 for value in found.values())


def test_a_shift_that_leaves_no_room_is_refused(network):
    with pytest.raises(InputError, match="`shift` is 5"):
        shifted(network, np.zeros((20, 31, 3), np.float32), 2, 5)


def test_the_same_pixels_are_compared(network, monkeypatch):
    """With maps that are a function of the photograph's pixels alone nothing changes."""

    def brightness(network, crops, labels):
        maps = np.asarray(crops)[None, ..., 0]
        return type("Found", (), {"maps": maps})

    monkeypatch.setattr(views_moved, "scores_and_maps", brightness)
    image = np.random.default_rng(1).uniform(0, 255, (20, 31, 3)).astype(np.float32)
    assert shifted(network, image, 2, 3) == pytest.approx(dict.fromkeys(SUBSETS, 1.0))


def test_figures_by_hand():
    one = {"iou": 0.5, "hit": True, "energy": 0.2, "insertion": 0.1, "deletion": 0.3}
    cases = [{"procedures": {"ten": one}}, {"procedures": {"ten": one | {"iou": 0.49}}}]
    found = figures_of(cases, "ten")
    assert list(found) == list(views.MEASURES)
    assert found["error"].tolist() == [0, 1]
    assert found["hit"].tolist() == [1, 1]


def test_a_run_and_another_that_goes_on(network, examples, monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "load", lambda name, progress: network)
    monkeypatch.setattr(sources, "dataset", lambda name, **options: examples)
    config = dataclasses.replace(TINY, moved=2, shift=1)
    result = views.run(config, tmp_path)
    by_name = {line["procedure"]: line for line in result.metrics if "procedure" in line}
    assert list(by_name) == list(PROCEDURES)
    summary = result.metrics[-1]
    for name in ("ten", "inside"):
        difference = by_name[name]["iou"] - by_name["one"]["iou"]
        assert summary[f"{name}_iou"] == pytest.approx(difference, abs=1e-5)
    assert summary["photos"] == 2
    assert result.arrays["stability_10"].shape == (2,)
    assert set(result.figures) == {"maps", "measures"}

    def begun(*arguments):
        raise AssertionError("what was done is done again")

    monkeypatch.setattr(PROCEDURES["ten"].evidence.__class__, "__call__", begun)
    assert views.run(config, tmp_path).metrics == result.metrics


@pytest.mark.parametrize("option", [{"photos": -1}, {"moved": 0}, {"shift": 0}, {"steps": 0}])
def test_what_cannot_be_used_is_refused(option):
    with pytest.raises(InputError, match=f"`{next(iter(option))}`"):
        Config(**option)
