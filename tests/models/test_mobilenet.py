"""MobileNetV2: the published geometry, and its forward pass by definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references
import weight_files

from vizjax.models import Network, Preprocessing
from vizjax.models.layers import Relu6
from vizjax.models.mobilenet import MobileNetV2, Stage, depthwise_conv
from vizjax.rules import RULES

SIZE = (29, 22)
SMALL = MobileNetV2(classes=5, first=4, stages=(Stage(1, 3, 1, 1), Stage(6, 5, 2, 2)), last=7)

# Sandler et al. 2018, table 2: the plane and the channels after each stage of blocks.
STAGES = {
    1: (112, 112, 16),
    3: (56, 56, 24),
    6: (28, 28, 32),
    10: (14, 14, 64),
    13: (14, 14, 96),
    16: (7, 7, 160),
    17: (7, 7, 320),
}


@pytest.fixture(scope="module")
def full():
    """The variables' and the layers' shapes at full size."""
    module, image = MobileNetV2(), jnp.zeros((224, 224, 3))
    variables = jax.eval_shape(module.init, jax.random.key(0), image)
    shapes = {}

    def trace(variables, image):
        network = Network(module, variables, Preprocessing(size=(224, 224)))
        shapes.update((name, y.shape) for name, y in network.activations(image).items())

    jax.eval_shape(trace, variables, image)
    return variables, shapes


def test_full_size(full):
    variables, shapes = full
    counts = [sum(leaf.size for leaf in jax.tree.leaves(v)) for v in variables.values()]
    assert dict(zip(variables, counts, strict=True)) == {"params": 3_504_872, "batch_stats": 34_112}
    assert {int(name[5:]): shapes[name] for name in shapes if name.startswith("block")
            and "/" not in name and int(name[5:]) in STAGES} == STAGES  # fmt: skip
    assert shapes["conv_first"] == (112, 112, 32)
    assert shapes["relu_conv_last"] == (7, 7, 1280)
    assert shapes["pool"] == (1280,)
    assert shapes["fc"] == (1000,)


def test_every_layer_has_a_name_in_the_order_of_the_pass(full):
    _, shapes = full
    parts = [f"{kind}{part}" for part in ("expand", "depthwise") for kind in ("", "bn_", "relu_")]
    parts += ["project", "bn_project"]
    assert [n for n in shapes if n.startswith("block3/")] == [
        f"block3/{part}" for part in [*parts, "add"]
    ]
    assert [n for n in shapes if n.startswith("block4/")] == [f"block4/{part}" for part in parts]
    assert [n for n in shapes if n.startswith("block1/")] == [
        f"block1/{part}" for part in parts[3:]
    ]
    assert [n for n in shapes if n.endswith("add")] == [
        f"block{n}/add" for n in (3, 5, 6, 8, 9, 10, 12, 13, 15, 16)
    ]
    assert len([n for n in shapes if "relu_" in n]) == 35
    assert len([n for n in shapes if "bn_" in n]) == 52


def literal_scores(variables, image):
    """The forward pass by definition, in float64."""
    params, stats = (jax.tree.map(np.asarray, variables[k]) for k in ("params", "batch_stats"))

    def conv(x, at, name, stride=1, pad=0, groups=1):
        own, stored = (params[at], stats[at]) if at else (params, stats)
        padding, kernel = ((pad, pad), (pad, pad)), own[name]["kernel"]
        y = references.conv(x, kernel, 0.0, (stride, stride), padding, groups)
        norm, moments = own[f"bn_{name}"], stored[f"bn_{name}"]
        spread = np.sqrt(np.asarray(moments["var"], np.float64) + 1e-5)
        return norm["scale"] * (y - moments["mean"]) / spread + norm["bias"]

    def relu6(x):
        return np.clip(x, 0, 6)

    def block(x, at, stride=1, expand=True):
        y = relu6(conv(x, at, "expand")) if expand else x
        y = relu6(conv(y, at, "depthwise", stride, pad=1, groups=y.shape[-1]))
        return conv(y, at, "project")

    x = relu6(conv(image, None, "conv_first", stride=2, pad=1))
    x = block(x, "block1", expand=False)
    x = block(x, "block2", stride=2)
    x = x + block(x, "block3")
    x = relu6(conv(x, None, "conv_last"))
    return x.mean(axis=(0, 1)) @ params["fc"]["kernel"] + params["fc"]["bias"]


@pytest.fixture(scope="module")
def small():
    variables = weight_files.variables(SMALL, SIZE)
    return Network(SMALL, variables, Preprocessing(size=SIZE))


@jax.jit
def activations(network, image):
    return network.activations(image)


def test_forward_by_definition(key, small):
    image = 3 * jax.random.normal(key, (*SIZE, 3))
    expected = literal_scores(small.variables, image)
    found = activations(small, image)
    assert float(found["relu_conv_first"].max()) == 6  # some saturate
    # Float32 against float64 through 9 convolutions.
    tolerance = 1e-4 * np.abs(expected).max()
    np.testing.assert_allclose(found["fc"], expected, rtol=1e-4, atol=tolerance)


def test_the_input_is_added_where_the_shape_stays(key, small):
    found = activations(small, jax.random.normal(key, (*SIZE, 3)))
    np.testing.assert_array_equal(found["block3"], found["block2"] + found["block3/bn_project"])
    np.testing.assert_array_equal(found["block2"], found["block2/bn_project"])


@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
def test_depthwise_convolution_is_the_grouped_one(key, stride):
    image, kernel = (
        jax.random.normal(k, shape)
        for k, shape in zip(jax.random.split(key), [(2, 9, 12, 4), (3, 2, 1, 4)], strict=True)
    )
    padding = ((1, 2), (0, 3))
    y = jax.jit(depthwise_conv, static_argnums=(2, 3))(image, kernel, stride, padding)
    for one, x in zip(y, image, strict=True):
        expected = references.conv(x, kernel, 0.0, stride, padding, groups=4)
        np.testing.assert_allclose(one, expected, rtol=1e-5, atol=1e-5)


def test_saturation_stays_whatever_the_rule():
    x, g = jnp.array([-2.0, 1.0, 5.0, 7.0]), jnp.array([3.0, -4.0, 5.0, 6.0])
    passed = {
        "gradient": [0, -4, 5, 0],
        "deconvnet": [3, 0, 5, 0],
        "guided": [0, 0, 5, 0],
    }
    for rule, expected in passed.items():
        y, back = jax.vjp(lambda x, rule=rule: Relu6(RULES[rule]).apply({}, x), x)
        np.testing.assert_array_equal(y, [0, 1, 5, 6])
        np.testing.assert_array_equal(back(g)[0], expected)
