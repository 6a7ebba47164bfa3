"""The sanity checks: what is compared with what, on hand-made maps and a small network.

And the claim, on one photograph and the real one."""

import io
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from three import network

from experiments import sanity, sanity_maps
from experiments.sanity import TINY, Config
from experiments.sanity_maps import NAMES, Maps, alike, explainer, fresh_parameters
from experiments.sanity_measures import SCHEMES, Finding, means
from vizjax.attribution import bind
from vizjax.data import demo_photos
from vizjax.errors import InputError


@pytest.fixture(scope="module")
def three():
    return network()


@pytest.fixture(scope="module")
def photos():
    demo = demo_photos()
    return {name: demo[name] for name in ("chelsea", "coffee")}


@pytest.fixture(scope="module")
def result(photos, three):
    return sanity.measure(TINY, three, photos)


@pytest.fixture(scope="module")
def image(three):
    noise = np.random.default_rng(0).uniform(0, 255, (36, 44, 3))
    return jnp.asarray(noise, jnp.float32)


def test_every_case_is_measured_on_every_photograph(result):
    cases = [found[:4] for found in result.findings]
    assert len(set(cases)) == len(cases) == 2 * 2 * 2 * 2
    assert cases[:4] == [
        ("chelsea", "gradient", "cascading", "conv10"),
        ("chelsea", "gradient", "cascading", "conv1"),
        ("chelsea", "gradient", "independent", "conv10"),
        ("chelsea", "gradient", "independent", "conv1"),
    ]
    assert [row[:3] for row in result.rows] == [case[1:] for case in cases[:8]]


def test_both_schemes_begin_alike_and_part(result):
    by_case = {found[:4]: found[4:] for found in result.findings}
    for photo in ("chelsea", "coffee"):
        for method in TINY.methods:
            at = {
                (s, layer): by_case[photo, method, s, layer]
                for s in SCHEMES
                for layer in TINY.layers
            }
            assert at["cascading", "conv10"] == at["independent", "conv10"]
            assert at["cascading", "conv1"] != at["independent", "conv1"]


def test_photographs_have_random_weights_of_their_own(photos, three):
    twice = {"one": photos["chelsea"], "two": photos["chelsea"]}
    findings = sanity.measure(TINY, three, twice).findings
    one, two = (np.array([f[4:] for f in findings if f.photo == name]) for name in twice)
    assert np.abs(one - two).max() > 0.01


def test_the_strip_begins_with_the_trained_network(result, photos, three):
    strip = result.strip
    assert strip.photo == "chelsea"
    np.testing.assert_array_equal(strip.image, three.prepare(photos["chelsea"]))
    image = jnp.asarray(strip.image)
    assert strip.label == int(three(image).argmax())
    gradient = jax.grad(lambda x: three(x)[strip.label])(image)
    maps = strip.magnitudes["gradient"]
    expected = np.abs(gradient).max(axis=-1)
    np.testing.assert_allclose(maps[0], expected, rtol=1e-4, atol=1e-6 * expected.max())
    assert len(maps) == 1 + len(TINY.layers)
    assert all(np.abs(one - maps[0]).max() > 0.01 * maps[0].max() for one in maps[1:])


def test_maps_of_an_attribution_with_colours(key, three, image):
    explain = explainer(key, three, image, 3)
    maps = explain(bind("gradient"), three.variables["params"])
    gradient = np.asarray(jax.grad(lambda x: three(x)[3])(image))
    close = {"rtol": 1e-3, "atol": 1e-5 * np.abs(gradient).max()}
    np.testing.assert_allclose(maps.signed, gradient.sum(axis=-1), **close)
    np.testing.assert_allclose(maps.magnitude, np.abs(gradient).max(axis=-1), **close)


def test_one_program_serves_all_parameters(key, three, image):
    explain = explainer(key, three, image, 3)
    trained = three.variables["params"]
    first = explain(bind("gradient"), trained)
    program: Any = sanity_maps._maps
    compiled = program._cache_size()
    third = jax.tree.map(lambda leaf: leaf / 3, trained)
    second = explain(bind("gradient"), {**trained, "conv10": third["conv10"]})
    assert program._cache_size() == compiled
    # Scores are linear in conv10's weights, and so is their gradient.
    np.testing.assert_allclose(3 * second.signed, first.signed, rtol=1e-3, atol=1e-6)


def test_alike_by_hand():
    values = np.arange(64.0).reshape(8, 8)
    maps = Maps(values - 31.5, np.abs(values - 31.5))
    assert alike(maps, maps) == pytest.approx((1, 1, 1))
    assert alike(maps, Maps(-maps.signed, maps.magnitude)) == pytest.approx((-1, 1, 1))
    assert alike(maps, Maps(maps.signed, 2 * maps.magnitude)) == pytest.approx((1, 1, 1))
    nothing = np.zeros((8, 8))
    assert alike(maps, Maps(nothing, nothing))[:2] == (0, 0)


def test_permuted_parameters_keep_their_values(key, three):
    trained = three.variables["params"]
    fresh = fresh_parameters(key, three, "permuted")
    old, new = (one["fire9"]["kernel"] for one in (trained, fresh))
    np.testing.assert_array_equal(np.sort(old.ravel()), np.sort(new.ravel()))
    assert np.mean(np.asarray(old == new)) < 0.02


def test_initialised_parameters_are_those_before_training(key, three):
    fresh = fresh_parameters(key, three, "initialised")["fire9"]
    assert not np.asarray(fresh["bias"]).any()
    # Flax's default is LeCun's: a variance of 1 over the fan-in, 3 · 3 · 6.
    assert np.std(np.asarray(fresh["kernel"])) == pytest.approx(54**-0.5, rel=0.15)


def test_means_by_hand():
    findings = [
        Finding(photo, "gradient", "cascading", "conv10", *values)
        for photo, values in (("a", (0.0, 0.5, 1.0)), ("b", (0.4, 0.5, 0.0)))
    ]
    (row,) = means(findings, seed=0)
    assert row[:3] == ("gradient", "cascading", "conv10")
    assert row.rank == pytest.approx((0.2, 0.0, 0.4))
    assert row.rank_absolute == (0.5, 0.5, 0.5)
    assert row.ssim.value == 0.5


@pytest.mark.parametrize(
    ("length", "count", "places"), [(10, 4, [0, 3, 6, 9]), (2, 4, [0, 1]), (1, 3, [0])]
)
def test_spread(length, count, places):
    assert sanity.spread(length, count) == places


@pytest.mark.slow
def test_the_claim_on_one_photograph(photos, squeezenet):
    result = sanity.measure(TINY, squeezenet, {"chelsea": photos["chelsea"]})
    at = {row[:3]: row for row in result.rows}
    guided = at["guided_backprop", "cascading", "conv10"]
    gradient = at["gradient", "cascading", "conv10"]
    assert guided.rank.value > 0.9
    assert guided.rank_absolute.value > 0.9
    assert gradient.rank_absolute.value < 0.7
    assert abs(gradient.rank.value) < 0.3


def test_a_run(photos, three, monkeypatch, tmp_path):
    monkeypatch.setattr(sanity, "chosen", lambda count: photos)
    monkeypatch.setattr(sanity, "load", lambda name: three)
    config = Config(layers=("conv10", "fire9"), steps=2, samples=2)
    result = sanity.run(config, tmp_path)
    text = result.tables["sanity"]
    assert "| ρ of magnitudes | to conv10 | to fire9 |" in text
    assert [name in text for name in NAMES.values()] == [True] * 8
    # Two photographs, eight methods, two schemes, two layers; the means; and the line of all.
    assert len(result.metrics) == 64 + 32 + 1
    assert set(result.metrics[-1]) == {"summary", "photographs"} | {
        f"rank_absolute {name}" for name in NAMES
    }
    figure = result.figures["sanity"]
    with Image.open(io.BytesIO(figure.png)) as image:
        assert min(image.size) > 500
    assert "means over 2 photographs" in figure.caption
    assert list(result.inputs)[1:] == ["chelsea", "coffee"]


def test_demo_photographs_come_first():
    assert list(sanity.chosen(1)) == ["chelsea"]
    assert list(sanity.chosen(2)) == ["chelsea", "coffee"]


@pytest.mark.parametrize(
    "option",
    [
        {"photos": 0},
        {"methods": ("gradient", "rise")},
        {"methods": ()},
        {"layers": ()},
        {"steps": 0},
        {"samples": 0},
        {"sigma": 0.0},
    ],
)
def test_what_cannot_be_used_is_refused(option):
    with pytest.raises(InputError, match=f"`{next(iter(option))}`"):
        Config(**option)


def test_an_unknown_layer_is_refused(photos, three):
    config = Config(methods=("gradient",), layers=("conv11",))
    with pytest.raises(InputError, match="conv11"):
        sanity.measure(config, three, photos)
