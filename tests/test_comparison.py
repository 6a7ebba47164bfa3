"""All methods on one photograph: what is computed, what is refused, what the page says."""

import dataclasses
import re

import jax
import numpy as np
import pytest
import skimage.data
import tiny

from vizjax.attribution import bind
from vizjax.comparison import compare, comparison_page
from vizjax.errors import InputError

PHOTO = np.asarray(skimage.data.coffee()[:200:4, :300:4])  # 50×75
METHODS = (
    bind("saliency"),
    bind("guided_backprop"),
    bind("grad_cam", layer="relu2"),
    bind("cam", layer="relu2"),  # not for a network with full connections
    bind("gradient_times_input"),
    bind("smoothgrad", samples=2),
)


@pytest.fixture(scope="module")
def network():
    return tiny.network(short_side=20)


@pytest.fixture(scope="module")
def found(network):
    done = []
    comparison = compare(jax.random.key(0), network, PHOTO, METHODS, progress=done.append)
    assert done == [1] * len(METHODS)
    return comparison


def test_attributions_are_those_of_the_methods(network, found):
    np.testing.assert_array_equal(found.image, network.prepare(PHOTO))
    scores = np.asarray(network(found.image))
    assert found.label == scores.argmax()
    np.testing.assert_allclose(found.score, scores.max(), rtol=1e-5)
    np.testing.assert_allclose(
        found.posterior, np.exp(scores.max()) / np.exp(scores).sum(), rtol=1e-4
    )
    assert list(found.attributions) == [METHODS[0], METHODS[1], METHODS[2], *METHODS[4:]]
    for method, raw in found.attributions.items():
        wanted = jax.jit(method)(jax.random.key(0), network, found.image, found.label)
        np.testing.assert_allclose(raw, wanted, rtol=1e-3, atol=1e-5 * float(abs(wanted).max()))


def test_a_method_that_the_network_is_not_made_for_is_named(found):
    (method,) = found.refused
    assert method.name == "cam"
    assert "cam (layer relu2" in found.refused[method]


def test_the_page_shows_every_method_with_its_parameters(network, found):
    html = comparison_page(network, found, name="a <cup>", seed=0)
    assert "<title>5 methods, one photograph</title>" in html
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", html, re.DOTALL)
    for method in found.attributions:
        titled = [c for c in captions if c.startswith(f"{method.name}: ")]
        assert len(titled) == 1
        assert method.parameters() in titled[0]
    assert sum(c == "guided_backprop" for c in captions) == 1  # in colour
    assert sum(c == "grad_cam" for c in captions) == 1  # over the photograph
    assert "cam is left out" in html
    assert "a &lt;cup&gt;" in html


def test_a_class_of_ones_own(network):
    found = compare(jax.random.key(0), network, PHOTO, METHODS[:1], label=2)
    assert found.label == 2
    with pytest.raises(InputError, match="`label` is 7; expected 0 to 6"):
        compare(jax.random.key(0), network, PHOTO, METHODS[:1], label=7)


def test_refuses_parameters_that_are_not_finite(network):
    broken = jax.tree.map(lambda leaf: leaf * np.float32(np.nan), network)
    broken = dataclasses.replace(broken, preprocessing=network.preprocessing)
    with pytest.raises(InputError, match="`network` tiny gives scores that are not finite"):
        compare(jax.random.key(0), broken, PHOTO, METHODS[:1])
