"""All methods on one photograph: agreement, titles, parameters."""

import dataclasses

import jax
import numpy as np
import pytest
from three import network as three

from experiments import method_comparison
from experiments.method_comparison import TINY, Config, _kinds, _named, bound, correlations
from vizjax.attribution import METHODS
from vizjax.comparison import compare
from vizjax.data import demo_photos
from vizjax.errors import InputError


@pytest.fixture(scope="module")
def network():
    return three()


def test_every_registered_method_is_compared(squeezenet):
    methods = bound(Config(), squeezenet)
    assert [method.name for method in methods] == list(METHODS)
    at = {method.name: method.hyperparameters for method in methods}
    assert at["cam"]["layer"] == "conv10"
    assert at["grad_cam"]["layer"] == at["guided_grad_cam"]["layer"] == "fire9"
    assert {at[name]["samples"] for name in method_comparison.SAMPLED} == {32}
    assert (at["rise"]["masks"], at["shapley"]["permutations"]) == (2000, 8)
    assert at["integrated_gradients"]["steps"] == 32


def test_correlations_by_hand():
    maps = [np.array([[1.0, 2.0, 3.0]]), np.array([[10.0, 20.0, 35.0]]), np.array([[3.0, 2.0, 1]])]
    assert correlations(maps).tolist() == [[1, 1, -1], [1, 1, -1], [-1, -1, 1]]


def test_kinds_by_hand(squeezenet):
    methods = bound(Config(methods=("saliency", "cam", "deconvnet", "rise")), squeezenet)
    agreement = np.array([[1, 2, 3, 4], [2, 1, 5, 6], [3, 5, 1, 8], [4, 6, 8, 1]]) / 10
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in _kinds(methods, agreement).splitlines()
    ]
    assert rows[2:] == [
        ["magnitudes of gradients (2)", "0.30", "0.35", "0.60"],
        ["class activation (1)", "", "", "0.60"],
        ["perturbation (1)", "", "", ""],
    ]


def test_a_run(network, monkeypatch, tmp_path):
    monkeypatch.setattr(method_comparison, "load", lambda name: network)
    result = method_comparison.run(TINY, tmp_path)
    at = {(one["first"], one["second"]): one["rank_correlation"] for one in result.metrics[:-1]}
    assert list(at) == [
        ("saliency", "gradient"),
        ("saliency", "grad_cam"),
        ("gradient", "grad_cam"),
    ]
    # The gradient, with one value a pixel, is the saliency map.
    assert at["saliency", "gradient"] == pytest.approx(1)
    assert at["saliency", "grad_cam"] < 0.95
    assert result.metrics[-1]["rank_correlation"] == pytest.approx(np.mean(list(at.values())))
    found = compare(
        jax.random.key(0), network, demo_photos()["chelsea"], bound(TINY, network)
    ).attributions
    for method, raw in found.items():
        np.testing.assert_array_equal(result.arrays[f"0_{method.name}"], method.plane(raw))
    assert list(result.figures) == ["0_maps", "agreement"]
    assert "grad_cam (layer fire9, relu True, upsample True)" in result.figures["0_maps"].caption


def test_one_method_alone(network, monkeypatch, tmp_path):
    monkeypatch.setattr(method_comparison, "load", lambda name: network)
    result = method_comparison.run(dataclasses.replace(TINY, methods=("saliency",)), tmp_path)
    assert result.metrics == [{"summary": True, "photos": 1, "rank_correlation": None}]


def test_a_method_that_the_network_refuses_is_named(network, monkeypatch, tmp_path):
    monkeypatch.setattr(method_comparison, "load", lambda name: network)
    config = dataclasses.replace(TINY, features="conv11", methods=("grad_cam",))
    with pytest.raises(InputError, match="conv11"):
        method_comparison.run(config, tmp_path)


def test_names_are_told_apart():
    names = [_named(name) for name in METHODS]
    assert len(set(names)) == len(METHODS)
    assert not any("_" in name for name in names)


@pytest.mark.parametrize(
    "option", [{"methods": ()}, {"methods": ("tarot",)}, {"masks": 0}, {"photos": ()}]
)
def test_what_cannot_be_used_is_refused(option):
    with pytest.raises(InputError, match=f"`{next(iter(option))}`"):
        Config(**option)
