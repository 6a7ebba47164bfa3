"""Score functions with named layers: vizjax's networks, and any two functions put together."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from jax.tree_util import Partial

from vizjax.errors import InputError
from vizjax.layered import Composed, Layered

RNG = np.random.default_rng(0)
WEIGHTS = jnp.asarray(RNG.normal(size=(3, 5)), jnp.float32)
IMAGE = jnp.asarray(RNG.normal(size=(4, 6, 3)), jnp.float32)


def head(weights, activation):
    return activation.mean((0, 1)) @ weights


def composed(weights=WEIGHTS):
    return Composed(jax.nn.relu, Partial(head, weights))


def test_a_network_is_layered_and_a_plain_function_is_not():
    assert isinstance(tiny.network(), Layered)
    assert isinstance(composed(), Layered)
    assert not isinstance(jax.nn.relu, Layered)


@pytest.mark.parametrize("layer", ["conv1", "relu1", "pool1", "conv2", "relu2", "head"])
def test_of_a_network_what_follows_a_layer_completes_it(layer):
    network: Layered = tiny.network()
    activation = network.layer(layer)(tiny.image())
    scores = network.after(layer, tiny.image())(activation)
    np.testing.assert_array_equal(scores, network(tiny.image()))


def test_composed_is_one_function_after_the_other():
    network = composed()
    activation = network.layer("features")(IMAGE)
    np.testing.assert_array_equal(activation, np.maximum(IMAGE, 0))
    expected = np.maximum(np.asarray(IMAGE, np.float64), 0).mean((0, 1)) @ np.asarray(WEIGHTS)
    for scores in (
        network(IMAGE),
        network.after("features")(activation),
        network.after("features", 7 * IMAGE)(activation),
    ):
        np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_its_parameters_are_leaves_and_plain_functions_are_not():
    assert [leaf is WEIGHTS for leaf in jax.tree.leaves(composed())] == [True]
    network = tiny.network()
    above = Composed(network.layer("relu2"), network.after("relu2"))
    assert len(jax.tree.leaves(above)) == 2 * len(jax.tree.leaves(network))
    plain = Composed(jnp.tanh, functools.partial(head, WEIGHTS))
    assert jax.tree.leaves(plain) == []
    np.testing.assert_allclose(plain(IMAGE), head(WEIGHTS, jnp.tanh(IMAGE)), rtol=1e-6)


def test_compiled_functions_take_it_as_an_argument():
    compiled = jax.jit(lambda network, image: network(image))
    first = compiled(composed(), IMAGE)
    second = compiled(composed(2 * WEIGHTS), IMAGE)
    np.testing.assert_allclose(second, 2 * first, rtol=1e-6)
    assert tiny.compilations(compiled) == 1
    sum_of = jax.grad(lambda network: network(IMAGE).sum())(composed())
    expected = np.maximum(np.asarray(IMAGE), 0).mean((0, 1))[:, None] * np.ones(5)
    np.testing.assert_allclose(sum_of.head.args[0], expected, rtol=1e-5)


def test_it_can_be_taken_apart_and_mapped_over():
    leaves, structure = jax.tree.flatten(composed())
    assert isinstance(structure.unflatten(leaves), Composed)
    assert jax.tree.leaves(structure.unflatten([object()]))[0] is not WEIGHTS
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, -leaf]), composed())
    both = jax.vmap(lambda network, image: network(image), (0, None))(stacked, IMAGE)
    np.testing.assert_allclose(both[1], -both[0], rtol=1e-6)


@pytest.mark.parametrize("name", ["feature", "", "head"])
def test_it_has_one_layer(name):
    for get in (composed().layer, composed().after):
        with pytest.raises(InputError, match=f"`layer` is {name}; expected one of: features"):
            get(name)
