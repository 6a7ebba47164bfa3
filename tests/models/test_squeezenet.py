"""SqueezeNet v1.1: the published geometry, and its forward pass by definition."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references

from vizjax.models import Network, Preprocessing, SqueezeNet
from vizjax.models.layers import replacing
from vizjax.models.squeezenet import SQUEEZED

# Iandola et al. 2016, table 1 with v1.1's earlier pooling; Caffe's rounding, 227×227.
PLANES = {
    **dict.fromkeys(["conv1", "relu_conv1"], (113, 113, 64)),
    "pool1": (56, 56, 64),
    "fire2": (56, 56, 128),
    "fire3": (56, 56, 128),
    "pool3": (28, 28, 128),
    "fire4": (28, 28, 256),
    "fire5": (28, 28, 256),
    "pool5": (14, 14, 256),
    "fire6": (14, 14, 384),
    "fire7": (14, 14, 384),
    "fire8": (14, 14, 512),
    "fire9": (14, 14, 512),
    "conv10": (14, 14, 1000),
    "pool10": (1000,),
}


def test_full_size(key):
    module = SqueezeNet()
    image = jnp.zeros((227, 227, 3))
    variables = jax.eval_shape(module.init, key, image)
    assert sum(leaf.size for leaf in jax.tree.leaves(variables)) == 1_235_496

    def activations(variables, image):
        return Network(module, variables, Preprocessing(size=(227, 227))).activations(image)

    found = jax.eval_shape(activations, variables, image)
    shapes = {name: activation.shape for name, activation in found.items()}
    assert {name: shape for name, shape in shapes.items() if "/" not in name} == PLANES
    assert shapes["fire6/squeeze1x1"] == (14, 14, 48)
    assert shapes["fire6/expand1x1"] == shapes["fire6/expand3x3"] == (14, 14, 192)


def literal_scores(params, image):
    """The forward pass by definition, in float64."""
    params = jax.tree.map(np.asarray, params)

    def conv(x, layer, stride=1, pad=0):
        padding = ((pad, pad), (pad, pad))
        return references.conv(x, layer["kernel"], layer["bias"], (stride, stride), padding)

    def pool(x):
        missing = [(size - 3) % 2 for size in x.shape[:2]]
        return references.max_pool(x, (3, 3), (2, 2), tuple((0, n) for n in missing))

    x = pool(references.relu(conv(image, params["conv1"], stride=2)))
    for number, _ in enumerate(SQUEEZED, start=2):
        fire = params[f"fire{number}"]
        x = references.relu(conv(x, fire["squeeze1x1"]))
        near = references.relu(conv(x, fire["expand1x1"]))
        wide = references.relu(conv(x, fire["expand3x3"], pad=1))
        x = np.concatenate([near, wide], axis=-1)
        x = pool(x) if number in (3, 5) else x
    return conv(x, params["conv10"]).mean(axis=(0, 1))


def test_forward_by_definition(key, small_squeezenet):
    image = jax.random.normal(key, (59, 43, 3))
    module, variables = small_squeezenet.module, small_squeezenet.variables
    scores = jax.jit(module.apply)(variables, image)
    expected = literal_scores(variables["params"], image)
    assert scores.shape == (5,)
    # Float32 against float64 through 26 convolutions.
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_scores_may_be_negative(key, small_squeezenet):
    """The original's ReLU after conv10 is left out."""
    scores = jax.jit(Network.__call__)(small_squeezenet, jnp.full((59, 43, 3), 99.0))
    activations = jax.jit(Network.activations)(small_squeezenet, jnp.full((59, 43, 3), 99.0))
    np.testing.assert_allclose(scores, activations["conv10"].mean(axis=(0, 1)), rtol=1e-5)
    assert float(activations["conv10"].min()) < 0


def stepwise(network):
    """The scores by way of conv10's plane, as for those who replace it."""

    def scores(image):
        with replacing("conv10"):
            return network(image)

    return scores


@pytest.mark.parametrize("nested", [False, True])
def test_the_scores_follow_a_plane_that_is_replaced(small_squeezenet, nested):
    """They are its mean, whatever it is, though they pass it by otherwise."""
    network, path, times = small_squeezenet, "", 1
    if nested:
        variables = {"params": {"net": network.variables["params"]}}
        network, path, times = Network(Doubled(), variables, network.preprocessing), "net/", 2
    plane = jax.random.normal(jax.random.key(3), small_squeezenet.layer_shapes()["conv10"])
    for layer, activation in {"conv10": plane, "pool10": plane.mean(axis=(0, 1))}.items():
        scores = network.after(f"{path}{layer}")(activation)
        np.testing.assert_allclose(scores, times * plane.mean(axis=(0, 1)), atol=1e-6)


class Doubled(nn.Module):
    """A SqueezeNet within another module."""

    @nn.compact
    def __call__(self, x):
        """Twice its scores."""
        return 2 * SqueezeNet(5, name="net")(x)


def test_the_shortcut_has_the_scores_and_gradients_of_all_layers(key, small_squeezenet):
    image = 99 * jax.random.uniform(key, (59, 43, 3))

    def both(network):
        return jax.jit(jax.value_and_grad(lambda x: (network(x) * jnp.arange(1.0, 6)).sum()))(image)

    found = both(lambda image: small_squeezenet(image)), both(stepwise(small_squeezenet))
    for ours, theirs in zip(*found, strict=True):
        scale = float(jnp.abs(theirs).max())
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * scale)


def test_the_shortcut_spares_the_last_plane(small_squeezenet):
    def flops(function):
        lowered = jax.jit(function).lower(small_squeezenet.blank())
        cost: Any = lowered.compile().cost_analysis()
        return cost["flops"]

    rows, columns, classes = small_squeezenet.layer_shapes()["conv10"]
    plane = rows * columns
    channels = small_squeezenet.variables["params"]["conv10"]["kernel"].shape[2]
    spared = flops(stepwise(small_squeezenet)) - flops(lambda image: small_squeezenet(image))
    assert spared > 2 * (plane - 1) * channels * classes - 2 * plane * channels
