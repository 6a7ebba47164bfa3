"""Rewriting networks of other libraries: each against the same network written out by hand."""

from typing import Any, NamedTuple

import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import lax
from jax.tree_util import Partial

from vizjax import rules

SIZE, FEATURES, HIDDEN, CLASSES = (9, 7), 4, 6, 5
POOLED = (4 * 3) * FEATURES


class Weights(NamedTuple):
    """Kernels as HWIO and inputs × outputs; the plane is flattened rows first, channels last."""

    conv: Any
    conv_bias: Any
    hidden: Any
    hidden_bias: Any
    head: Any
    head_bias: Any


def by_hand(w, relu, image):
    """Two rectifiers and a pooling; all that a library's network may do otherwise is here."""
    x = lax.conv_general_dilated(
        image[None], w.conv, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    x = relu(x + w.conv_bias[None, None, None])
    x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    x = relu(x.reshape(-1) @ w.hidden + w.hidden_bias)
    return x @ w.head + w.head_bias


def randomised(params):
    """Other parameters of the same shapes; biases are drawn too."""
    rng = np.random.default_rng(3)
    return jax.tree.map(lambda p: jnp.asarray(rng.normal(0, 0.5, p.shape), p.dtype), params)


class LinenNet(nn.Module):
    @nn.compact
    def __call__(self, image):
        x = nn.relu(nn.Conv(FEATURES, (3, 3), name="conv")(image))
        x = nn.max_pool(x, (2, 2), (2, 2)).reshape(-1)
        x = nn.relu(nn.Dense(HIDDEN, name="hidden")(x))
        return nn.Dense(CLASSES, name="head")(x)


def linen():
    shapes = jax.eval_shape(LinenNet().init, jax.random.key(0), jnp.zeros((*SIZE, 3)))
    variables = randomised(shapes)
    p = variables["params"]
    layers = [(p[name]["kernel"], p[name]["bias"]) for name in ("conv", "hidden", "head")]
    return Partial(LinenNet().apply, variables), Weights(*sum(layers, ()))


class NnxNet(nnx.Module):
    def __init__(self, rngs):
        self.conv = nnx.Conv(3, FEATURES, (3, 3), rngs=rngs)
        self.hidden = nnx.Linear(POOLED, HIDDEN, rngs=rngs)
        self.head = nnx.Linear(HIDDEN, CLASSES, rngs=rngs)

    def __call__(self, image):
        x = nnx.max_pool(nnx.relu(self.conv(image)), (2, 2), (2, 2))
        return self.head(nnx.relu(self.hidden(x.reshape(-1))))


def flax_nnx():
    net = randomised(nnx.eval_shape(lambda: NnxNet(nnx.Rngs(0))))
    layers = [(layer.kernel[...], layer.bias[...]) for layer in (net.conv, net.hidden, net.head)]
    return net, Weights(*sum(layers, ()))


class EquinoxNet(eqx.Module):
    features: eqx.nn.Sequential
    head: eqx.nn.MLP  # with its activation, a function, among its leaves

    def __call__(self, image):
        return self.head(self.features(jnp.moveaxis(image, -1, 0)).reshape(-1))


def equinox():
    def make(key):
        features = [
            eqx.nn.Conv2d(3, FEATURES, 3, padding=1, key=key),
            eqx.nn.Lambda(jax.nn.relu),
            eqx.nn.MaxPool2d(2, 2),
            eqx.nn.Dropout(inference=True),
        ]
        return EquinoxNet(
            eqx.nn.Sequential(features), eqx.nn.MLP(POOLED, CLASSES, HIDDEN, 1, key=key)
        )

    shapes = eqx.filter_eval_shape(make, jax.random.key(0))
    arrays, others = eqx.partition(shapes, lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct))
    net: Any = eqx.combine(randomised(arrays), others)
    conv, (hidden, last) = net.features[0], net.head.layers
    planes = hidden.weight.reshape(HIDDEN, FEATURES, 4, 3)  # channels first
    weights = Weights(
        conv.weight.transpose(2, 3, 1, 0),
        conv.bias.reshape(-1),
        planes.transpose(2, 3, 1, 0).reshape(POOLED, HIDDEN),
        hidden.bias,
        last.weight.T,
        last.bias,
    )
    return net, weights


def haiku():
    @hk.without_apply_rng
    @hk.transform
    def forward(image):
        x = jax.nn.relu(hk.Conv2D(FEATURES, 3, name="conv")(image[None]))
        x = hk.max_pool(x, (2, 2, 1), (2, 2, 1), "VALID").reshape(-1)
        return hk.Linear(CLASSES, name="head")(jax.nn.relu(hk.Linear(HIDDEN, name="hidden")(x)))

    shapes = jax.eval_shape(forward.init, jax.random.key(0), jnp.zeros((*SIZE, 3)))
    p = randomised(shapes)
    layers = [(p[name]["w"], p[name]["b"]) for name in ("conv", "hidden", "head")]
    return Partial(forward.apply, p), Weights(*sum(layers, ()))


def plain():
    _, weights = linen()
    return Partial(Partial(by_hand, weights), lambda x: jnp.where(x > 0, x, 0)), weights


NETWORKS = {
    "linen": linen,
    "nnx": flax_nnx,
    "equinox": equinox,
    "haiku": haiku,
    "plain": plain,
}


@pytest.fixture(scope="module")
def image():
    return jnp.asarray(np.random.default_rng(5).normal(0, 1, (*SIZE, 3)), jnp.float32)


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    return NETWORKS[request.param]()


def gradient(score_fn, image):
    return jax.value_and_grad(lambda x: score_fn(x)[3])(image)


def test_equals_the_network_by_hand(network, image):
    net, weights = network

    @jax.jit
    def compare(rewritten, weights, image):
        expected = {
            rule: gradient(Partial(Partial(by_hand, weights), relu), image)
            for rule, relu in rules.RULES.items()
        }
        return {rule: gradient(rewritten[rule], image) for rule in rules.RULES}, expected

    by_rule, expected = compare(
        {rule: rules.rewrite(net, rule) for rule in rules.RULES}, weights, image
    )
    for rule, (score, below) in by_rule.items():
        np.testing.assert_allclose(score, expected[rule][0], rtol=1e-5)
        largest = np.abs(expected[rule][1]).max()
        np.testing.assert_allclose(below, expected[rule][1], rtol=1e-5, atol=1e-6 * largest)
    for one, other in (("gradient", "deconvnet"), ("gradient", "guided"), ("deconvnet", "guided")):
        assert not np.allclose(by_rule[one][1], by_rule[other][1])


def test_every_rectifier_is_found(network, image):
    net, _ = network
    report = rules.sites(net, image)
    sizes = [np.prod(site.shape) for site in report.sites]
    assert (sizes, report.not_entered) == ([np.prod(SIZE) * FEATURES, HIDDEN], ())


def test_the_pooling_is_found_and_equal_to_the_bit(network, image):
    net, _ = network
    report = rules.pooling_sites(net, image)
    assert ([site.kind for site in report.sites], report.not_entered) == (["max_pool"], ())
    both = jax.jit(lambda x: (gradient(rules.rewrite_pooling(net), x), gradient(net, x)))(image)
    for found, expected in zip(*both, strict=True):
        np.testing.assert_array_equal(found, expected)
