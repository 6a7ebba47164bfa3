"""Which parameters are randomised when, and what that does to maps of a network."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from scipy import stats

from vizjax.attribution import saliency
from vizjax.errors import InputError
from vizjax.evaluation import cascading, independent, permuted, randomisation_test

TRAINED = {"low": {"w": 1.0, "b": 2.0}, "middle": 3.0, "top": [4.0]}
FRESH = {"low": {"w": -1.0, "b": -2.0}, "middle": -3.0, "top": [-4.0]}
ORDER = ["head", "conv2", "conv1"]


@pytest.fixture(scope="module", autouse=True)
def quickly_compiled():
    """What takes the time here is to compile, not to run."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def test_a_cascade_keeps_what_was_randomised():
    steps = list(cascading(TRAINED, FRESH, order=["top", "middle", "low"]))
    assert steps == [
        ("top", {**TRAINED, "top": [-4.0]}),
        ("middle", {**FRESH, "low": TRAINED["low"]}),
        ("low", FRESH),
    ]


def test_independent_layers_are_randomised_one_at_a_time():
    steps = list(independent(TRAINED, FRESH, order=["top", "low"]))
    assert steps == [("top", {**TRAINED, "top": [-4.0]}), ("low", {**TRAINED, "low": FRESH["low"]})]


def test_nothing_is_changed_in_place():
    trained, fresh = dict(TRAINED), dict(FRESH)
    for randomise in (cascading, independent):
        list(randomise(trained, fresh, order=["top", "low"]))
    assert trained == TRAINED
    assert fresh == FRESH


def test_permuted_arrays_keep_their_values(key):
    rng = np.random.default_rng(0)
    kernel = jnp.asarray(rng.normal(size=(3, 3, 4, 5)), jnp.float32)
    trained = {name: {"kernel": kernel, "bias": jnp.ones(5)} for name in ("a", "b")}
    fresh = permuted(key, trained)
    assert jax.tree.structure(fresh) == jax.tree.structure(trained)
    for before, after in zip(*map(jax.tree.leaves, (trained, fresh)), strict=True):
        assert before.shape == after.shape
        np.testing.assert_array_equal(np.sort(before, axis=None), np.sort(after, axis=None))
    moved = np.mean(fresh["a"]["kernel"] != trained["a"]["kernel"])
    assert moved > 0.95
    # Each array has an order of its own, and the same key the same.
    assert np.mean(fresh["a"]["kernel"] != fresh["b"]["kernel"]) > 0.95
    np.testing.assert_array_equal(permuted(key, trained)["b"]["kernel"], fresh["b"]["kernel"])
    assert permuted(key, {}) == {}


@pytest.fixture(scope="module")
def explained():
    """A network, its parameters to its saliency map, and the compiled function itself."""
    network, image = tiny.network(), tiny.image()

    def explain(parameters):
        changed = dataclasses.replace(network, variables={"params": parameters})
        return saliency(changed, image, 2)

    return network.variables["params"], jax.jit(explain)


@pytest.mark.parametrize("randomise", [cascading, independent])
def test_of_a_network_the_maps_change_with_its_layers(explained, key, randomise):
    trained, explain = explained
    fresh = permuted(key, trained)
    found = randomisation_test(explain, trained, fresh, order=ORDER, randomise=randomise)
    assert [step.name for step in found] == ORDER
    original = np.asarray(explain(trained), np.float64)
    for step, (_, parameters) in zip(found, randomise(trained, fresh, order=ORDER), strict=True):
        assert step.similarity.rank < 0.95
        assert step.similarity.ssim < 0.95
        changed = np.asarray(explain(parameters), np.float64)
        expected: Any = stats.spearmanr(original.ravel(), changed.ravel())
        assert step.similarity.rank == pytest.approx(expected.statistic)
    assert tiny.compilations(explain) == 1


def test_what_does_not_depend_on_the_network_stays(explained, key):
    trained, explain = explained
    image = np.asarray(tiny.image()[..., 0], np.float64)
    edges = np.abs(np.diff(image, axis=0, append=0))
    fresh = permuted(key, trained)
    for step in randomisation_test(lambda parameters: edges, trained, fresh, order=ORDER):
        np.testing.assert_allclose(step.similarity, 1)
    for step in randomisation_test(explain, trained, trained, order=ORDER):
        np.testing.assert_allclose(step.similarity, 1)


def test_refuses():
    with pytest.raises(InputError, match="`order` is fc; expected one of: low, middle, top"):
        list(cascading(TRAINED, FRESH, order=["top", "fc"]))
    with pytest.raises(InputError, match="`fresh` has nothing for low; expected arrays"):
        list(independent(TRAINED, {"top": [1.0]}, order=["top", "low"]))
    shapes = {"a": {"w": np.ones((2, 3))}}, {"a": {"w": np.ones((3, 2))}}
    with pytest.raises(InputError, match=r"`fresh` has .*\(3, 2\).* for a; .*\(2, 3\)"):
        list(cascading(*shapes, order=["a"]))
