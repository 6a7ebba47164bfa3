"""Figure 3: seeds, colour models, mask and box."""

import dataclasses

import jax.numpy as jnp
import named
import numpy as np
import pytest

from experiments import figure3
from experiments.figure3 import TINY, Config, located, measures, palette
from vizjax.data import demo_photos
from vizjax.errors import InputError
from vizjax.localisation import (
    Localisation,
    Mixture,
    Seeds,
    bounding_box,
    contrast_edges,
    cut,
    largest_component,
    seeds,
)
from vizjax.types import Box


@pytest.fixture(scope="module")
def network():
    return named.network()


@pytest.fixture(scope="module")
def coffee(network):
    return located(Config(components=2), network, demo_photos()["coffee"])


def test_the_evidence_is_what_the_mask_was_cut_by(coffee):
    """The colour models shown are the procedure's own: its mask follows from them."""
    edges = contrast_edges(coffee.image, smoothness=5.0)
    certain = np.where(coffee.place.seeds.foreground, 1e6, coffee.evidence)
    np.testing.assert_array_equal(largest_component(cut(edges, certain)), coffee.place.mask)
    assert 0 < coffee.place.mask.mean() < 1
    assert coffee.place.box == bounding_box(coffee.place.mask)


def test_the_seeds_are_the_maps_extremes(coffee):
    expected = seeds(coffee.saliency, foreground=0.95, background=0.3)
    np.testing.assert_array_equal(coffee.place.seeds.foreground, expected.foreground)
    np.testing.assert_array_equal(coffee.place.seeds.background, expected.background)


def test_parameters_reach_the_procedure(network, coffee):
    photo = demo_photos()["coffee"]
    wide = located(Config(components=2, foreground=0.8), network, photo)
    assert wide.place.seeds.foreground.sum() > 2 * coffee.place.seeds.foreground.sum()
    smooth = located(Config(components=2, smoothness=1e6), network, photo)
    assert not np.array_equal(smooth.place.mask, coffee.place.mask)


def test_measures_by_hand(coffee):
    yes, no = np.array([[True, True, False, False]]), np.array([[False, False, False, True]])
    evidence = np.array([[3.0, -1.0, 2.0, -2.0]])
    place = Localisation(np.array([[True, False, True, False]]), Box(0, 0, 3, 1), Seeds(yes, no))
    found = measures(coffee._replace(place=place, evidence=evidence))
    assert found == {
        "seeds_by_colour": 0.75, "mask": 0.5, "kept_seeds": 0.5, "x0": 0, "y0": 0, "x1": 3, "y1": 1,
    }  # fmt: skip
    nothing = Localisation(np.zeros((1, 4), bool), None, Seeds(no & False, no & False))
    empty = measures(coffee._replace(place=nothing, evidence=evidence))
    assert empty["x0"] is None
    assert empty["seeds_by_colour"] == empty["mask"] == empty["kept_seeds"] == 0


def test_palettes_have_the_means_as_wide_as_their_weights():
    def mixture(weights, means):
        shapes = jnp.array([weights]), jnp.array([means]), jnp.zeros((1, 2, 3, 3)), jnp.zeros(1)
        return Mixture(*shapes)

    red, blue, grey = [200.0, 0.0, 0.0], [0.0, 0.0, 200.0], [90.0, 90.0, 90.0]
    shown = palette((mixture([0.25, 0.75], [red, blue]), mixture([1.0, 0.0], [grey, red])), 48, 40)
    assert (shown[:23] == [0, 0, 200]).all(axis=2).sum() == 30 * 23
    assert (shown[:23] == [200, 0, 0]).all(axis=2).sum() == 10 * 23
    assert (shown[25:] == 90).all()
    assert (shown[23:25] == 255).all()


def test_a_run(network, monkeypatch, tmp_path):
    monkeypatch.setattr(figure3, "load", lambda name: network)
    result = figure3.run(dataclasses.replace(TINY, components=2, smoothness=7.0), tmp_path)
    line, summary = result.metrics
    assert (line["photo"], summary["summary"]) == ("chelsea", True)
    assert line["mask"] == pytest.approx(result.arrays["0_mask"].mean(), rel=1e-4)
    caption = result.figures["localisation"].caption
    assert "95% quantile" in caption
    assert "smoothness 7" in caption
    assert "2 Gaussians" in caption


def test_the_sweep_is_of_fields():
    points = figure3.SWEEP.points()
    assert len(points) == 12
    assert all(dataclasses.replace(Config(), **point) for point in points)


def test_no_photograph_is_refused():
    with pytest.raises(InputError, match="`photos` is empty"):
        Config(photos=())
