"""Saliency at a layer: closed forms, and finite differences of the score in float64."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references
import tiny
from interpolation import enlarged
from jax.tree_util import Partial

from vizjax.attribution import layer_saliency
from vizjax.errors import InputError
from vizjax.layered import Composed

RNG = np.random.default_rng(0)
MIXING, WEIGHTS, BIAS = RNG.normal(size=(3, 5)), RNG.normal(size=(5, 6)), RNG.normal(size=6)
IMAGE = RNG.normal(size=(9, 8, 3))


def f32(array):
    return jnp.asarray(array, jnp.float32)


@functools.cache
def compiled(layer, upsample):
    return jax.jit(functools.partial(layer_saliency, layer=layer, upsample=upsample))


def features(mixing, image):
    """Blocks of 3×2 pixels averaged, their colours mixed to five channels."""
    return image.reshape(3, 3, 4, 2, 3).mean((1, 3)) @ mixing


def averaging(parameters, activation):
    weights, bias = parameters
    return activation.mean((0, 1)) @ weights + bias


def squaring(parameters, activation):
    weights, bias = parameters
    return (activation**2).mean((0, 1)) @ weights + bias


def composed(head):
    return Composed(Partial(features, f32(MIXING)), Partial(head, (f32(WEIGHTS), f32(BIAS))))


@pytest.fixture(scope="module")
def network():
    return tiny.network()


@pytest.mark.parametrize("label", [0, 4])
def test_of_a_quadratic_score_it_is_known(label):
    # S = Σ w_k mean A², so that the gradient is 2 w_k A / N, N = 12.
    found = compiled("features", False)(composed(squaring), f32(IMAGE), label)
    activation = features(MIXING, IMAGE)
    expected = np.sqrt(((2 * WEIGHTS[:, label] * activation / 12) ** 2).sum(axis=-1))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_where_the_rest_is_linear_and_the_same_everywhere_so_is_the_map():
    found = compiled("features", True)(composed(averaging), f32(IMAGE), 2)
    assert found.shape == (9, 8)
    np.testing.assert_allclose(found, np.linalg.norm(WEIGHTS[:, 2]) / 12, rtol=1e-5)


def parameters(network, layer):
    found = network.variables["params"][layer]
    return [np.asarray(found[name], np.float64) for name in ("kernel", "bias")]


def score_after_relu1(network, label, activation):
    """The score of `tiny.network` as a function of its first rectifier's output, in float64."""
    x = references.max_pool(activation, (3, 3), (2, 2))
    kernel, bias = parameters(network, "conv2")
    x = references.conv(x, kernel, bias, padding=((0, 1), (1, 1)))
    kernel, bias = parameters(network, "head")
    x = references.conv(references.relu(x), kernel, bias)
    return x[0, 0, label]


def test_it_is_the_norm_of_finite_differences():
    network, image = tiny.network(size=(12, 11)), tiny.image(size=(12, 11))
    label, step = 3, 1e-6
    activation = np.asarray(jax.jit(network.activations)(image)["relu1"], np.float64)
    score = functools.partial(score_after_relu1, network, label)
    np.testing.assert_allclose(
        score(activation), jax.jit(type(network).__call__)(network, image)[label], rtol=1e-4
    )
    slopes = np.empty(activation.shape)
    for place in np.ndindex(*activation.shape):
        change = np.zeros(activation.shape)
        change[place] = step
        slopes[place] = (score(activation + change) - score(activation - change)) / (2 * step)
    found = compiled("relu1", False)(network, image, label)
    np.testing.assert_allclose(found, np.linalg.norm(slopes, axis=-1), rtol=1e-3, atol=1e-6)


def test_it_is_enlarged_bilinearly(network):
    coarse, found = (compiled("conv2", up)(network, tiny.image(), 1) for up in (False, True))
    assert coarse.shape == (3, 2)
    assert coarse.max() > coarse.min() > 0
    np.testing.assert_allclose(found, enlarged(np.asarray(coarse), tiny.SIZE), rtol=1e-5)


def test_it_follows_the_networks_rule(network):
    found = [
        compiled("conv2", False)(one, tiny.image(), 1)
        for one in (network, network.with_rule("deconvnet"))
    ]
    # DeconvNet lets through what is positive, whether or not the rectifier was: the head's weights.
    positive = np.maximum(network.variables["params"]["head"]["kernel"][..., 1], 0)
    np.testing.assert_allclose(found[1], np.linalg.norm(positive, axis=-1), rtol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 0.01


@pytest.mark.parametrize(
    ("layer", "message"), [("conv3", r"`layer` is conv3.*conv1"), ("flat", "`layer` is flat")]
)
def test_layers_it_cannot_use(network, layer, message):
    with pytest.raises(InputError, match=message):
        layer_saliency(network, tiny.image(), 1, layer=layer)


def test_a_layer_without_a_plane_is_refused():
    flat = Composed(lambda image: image.mean((0, 1)), lambda activation: activation)
    with pytest.raises(InputError, match=r"has shape \(3,\); expected \(rows, columns, channels\)"):
        layer_saliency(flat, f32(IMAGE), 1, layer="features")


def test_a_label_out_of_range_is_refused(network):
    with pytest.raises(InputError, match="`label`"):
        layer_saliency(network, tiny.image(), tiny.CLASSES, layer="conv2")


def test_compiled_it_is_the_same(network):
    compiled = jax.jit(functools.partial(layer_saliency, layer="conv2"))
    found = compiled(network, tiny.image(), jnp.int32(2))
    expected = layer_saliency(network, tiny.image(), 2, layer="conv2")
    np.testing.assert_allclose(found, expected, rtol=1e-5)
