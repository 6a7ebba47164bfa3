"""Rewriting vizjax's own networks: to the bit the networks that take their rule as an argument."""

import itertools

import jax
import numpy as np
import pytest
import tiny

from vizjax import rules
from vizjax.attribution import gradient


def image_of(network):
    return tiny.image(size=network.blank().shape[:2])


@pytest.mark.parametrize(
    ("fixture", "rectifiers"), [("small_convnet", 7), ("small_squeezenet", 25), ("squeezenet", 25)]
)
def test_every_rectifier_is_found(request, fixture, rectifiers):
    network = request.getfixturevalue(fixture)
    report = rules.sites(network, image_of(network))
    assert report.not_entered == ()
    assert [site.kind for site in report.sites] == ["relu"] * rectifiers
    assert len({site.path for site in report.sites}) == rectifiers


def test_paths_are_the_layers(small_squeezenet):
    first, second, *_ = rules.sites(small_squeezenet, image_of(small_squeezenet)).sites
    assert first.path == "SqueezeNet/relu_conv1"
    assert second.path == "SqueezeNet/fire2/relu_squeeze1x1"
    assert first.shape == small_squeezenet.layer_shapes()["relu_conv1"]


@jax.jit
def both(rewritten, by_argument, image):
    """The same map from a rewritten network and from one that was given its rule."""
    return gradient(rewritten, image, 3), gradient(by_argument, image, 3)


@pytest.mark.parametrize(
    ("fixture", "rule"),
    [("small_convnet", "deconvnet"), ("small_squeezenet", "guided"), ("squeezenet", "deconvnet")],
)
def test_equals_the_rule_as_an_argument_to_the_bit(request, fixture, rule):
    network = request.getfixturevalue(fixture)
    rewritten, by_argument = rules.rewrite(network, rule), network.with_rule(rule)
    found, expected = both(rewritten, by_argument, image_of(network))
    assert np.abs(found).max() > 0
    np.testing.assert_array_equal(found, expected)


def test_every_rule_from_every_other_to_the_bit():
    network, image, maps = tiny.network(), tiny.image(), []
    for rule in rules.RULES:
        expected = gradient(network.with_rule(rule), image, 4)
        for own in rules.RULES:
            found = gradient(rules.rewrite(network.with_rule(own), rule), image, 4)
            np.testing.assert_array_equal(found, expected)
        maps.append(np.asarray(expected))
    for one, other in itertools.combinations(maps, 2):
        assert not np.allclose(one, other)


def test_of_an_inner_layer():
    network, image = tiny.network(), tiny.image()
    found = gradient(rules.rewrite(network.layer("conv2"), "deconvnet"), image, (2, 1, 3))
    expected = gradient(network.with_rule("deconvnet").layer("conv2"), image, (2, 1, 3))
    np.testing.assert_array_equal(found, expected)
    assert len(rules.sites(network.layer("conv2"), image).sites) == 1
