"""The trunks of AlexNet and VGG-16: the published geometry, and the pass by definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references
import weight_files

import vizjax
from vizjax.errors import InputError
from vizjax.models import Network, Preprocessing
from vizjax.models.trunks import AlexNetTrunk, VGG16Trunk

SIZE = (70, 83)
SMALL = {"alexnet": AlexNetTrunk(width=2), "vgg16": VGG16Trunk(width=2)}
LAST = {"alexnet": "relu5", "vgg16": "relu5_3"}

# Krizhevsky 2014 in torchvision's sizes; Simonyan & Zisserman 2014, table 1, D.
ALEXNET = {
    **dict.fromkeys(["conv1", "relu1"], (55, 55, 64)),
    "pool1": (27, 27, 64),
    **dict.fromkeys(["conv2", "relu2"], (27, 27, 192)),
    "pool2": (13, 13, 192),
    **dict.fromkeys(["conv3", "relu3"], (13, 13, 384)),
    **dict.fromkeys(["conv4", "relu4", "conv5", "relu5"], (13, 13, 256)),
}
VGG16 = {}
for stage, convs, side, channels in (
    (1, 2, 224, 64), (2, 2, 112, 128), (3, 3, 56, 256), (4, 3, 28, 512), (5, 3, 14, 512)
):  # fmt: skip
    for number in range(1, convs + 1):
        for kind in ("conv", "relu"):
            VGG16[f"{kind}{stage}_{number}"] = (side, side, channels)
    if stage < 5:
        VGG16[f"pool{stage}"] = (side // 2, side // 2, channels)


@pytest.mark.parametrize(
    ("module", "count", "planes"),
    [(AlexNetTrunk(), 2_469_696, ALEXNET), (VGG16Trunk(), 14_714_688, VGG16)],
)
def test_full_size(key, module, count, planes):
    image, shapes = jnp.zeros((224, 224, 3)), {}
    variables = jax.eval_shape(module.init, key, image)
    assert sum(leaf.size for leaf in jax.tree.leaves(variables)) == count

    def trace(variables, image):
        network = Network(module, variables, Preprocessing(size=(224, 224)))
        shapes.update((name, y.shape) for name, y in network.activations(image).items())

    jax.eval_shape(trace, variables, image)
    assert list(shapes.items()) == list(planes.items())


def literal(name, params, x):
    """The forward pass by definition, in float64."""
    params = jax.tree.map(np.asarray, params)

    def conv(x, layer, stride=1, pad=1):
        weights, padding = params[f"conv{layer}"], ((pad, pad), (pad, pad))
        y = references.conv(x, weights["kernel"], weights["bias"], (stride, stride), padding)
        return references.relu(y)

    if name == "alexnet":
        x = references.max_pool(conv(x, 1, stride=4, pad=2), (3, 3), (2, 2))
        x = references.max_pool(conv(x, 2, pad=2), (3, 3), (2, 2))
        for layer in (3, 4, 5):
            x = conv(x, layer)
        return x
    for stage, convs in enumerate((2, 2, 3, 3, 3), start=1):
        if stage > 1:
            x = references.max_pool(x, (2, 2), (2, 2))
        for number in range(1, convs + 1):
            x = conv(x, f"{stage}_{number}")
    return x


@pytest.fixture(scope="module", params=list(SMALL))
def small(request):
    module = SMALL[request.param]
    variables = weight_files.variables(module, SIZE)
    return Network(module, variables, Preprocessing(size=SIZE), name=request.param)


def test_forward_by_definition(key, small):
    image = jax.random.normal(key, (*SIZE, 3))
    expected = literal(small.name, small.variables["params"], image)
    found = jax.jit(Network.__call__)(small, image)
    assert found.shape == expected.shape
    # Float32 against float64 through 13 convolutions at most.
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * float(expected.max()))


def test_a_neuron_a_channel_and_a_class_that_is_none(key, small):
    """A trunk's scores are a plane of activations: a label is (row, column, channel)."""
    image = jax.random.normal(key, (*SIZE, 3))
    plane = jax.jit(Network.__call__)(small, image)
    neuron = tuple(int(i) for i in np.unravel_index(np.argmax(plane), plane.shape))
    last = LAST[small.name]
    of_network = jax.jit(vizjax.saliency)(small, image, neuron)
    of_layer = jax.jit(vizjax.saliency)(small.layer(last), image, neuron)
    np.testing.assert_allclose(of_network, of_layer, rtol=1e-5)
    assert float(of_network.max()) > 0
    channels = jax.jit(lambda network: network.channels(last)(image))(small)
    np.testing.assert_allclose(channels, plane.mean((0, 1)), rtol=1e-5)
    with pytest.raises(InputError, match="expected 3 indices into scores of shape"):
        jax.eval_shape(lambda image: vizjax.saliency(small, image, 5), image)


def test_a_rule_changes_gradients_and_not_scores(key, small):
    image = jax.random.normal(key, (*SIZE, 3))

    @jax.jit
    def score_and_gradient(network):
        return jax.value_and_grad(lambda image: network(image).sum())(image)

    (score, plain), (other, changed) = map(score_and_gradient, (small, small.with_rule("guided")))
    np.testing.assert_allclose(score, other, rtol=1e-6)
    assert np.corrcoef(plain.ravel(), changed.ravel())[0, 1] < 0.9


@pytest.mark.parametrize(("name", "count"), [("alexnet", 5), ("vgg16", 13)])
def test_every_rectifier_is_the_rules(name, count):
    called = []

    def identity(x):
        called.append(x.shape)
        return x

    module, image = SMALL[name], jnp.zeros((*SIZE, 3))
    variables = weight_files.variables(module, SIZE)
    jaxpr = jax.make_jaxpr(module.clone(relu=identity).apply)(variables, image)
    assert len(called) == count
    assert "relu" not in str(jaxpr)
