"""ResNet-50: the published geometry, and its forward pass by definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references
import weight_files

from vizjax.models import Network, Preprocessing
from vizjax.models.resnet import ResNet

SIZE = (37, 30)
SMALL = ResNet(classes=5, width=3, blocks=(2, 1))

# He et al. 2015, table 1.
PLANES = {
    **dict.fromkeys(["conv1", "bn_conv1", "relu_conv1"], (112, 112, 64)),
    "pool1": (56, 56, 64),
    **dict.fromkeys([f"res2{letter}" for letter in "abc"], (56, 56, 256)),
    **dict.fromkeys([f"res3{letter}" for letter in "abcd"], (28, 28, 512)),
    **dict.fromkeys([f"res4{letter}" for letter in "abcdef"], (14, 14, 1024)),
    **dict.fromkeys([f"res5{letter}" for letter in "abc"], (7, 7, 2048)),
    "pool5": (2048,),
    "fc1000": (1000,),
}
BLOCK = [
    *(f"{kind}{part}" for part in ("branch2a", "branch2b") for kind in ("", "bn_", "relu_")),
    "branch2c",
    "bn_branch2c",
]


@pytest.fixture(scope="module")
def full():
    """The variables' and the layers' shapes at full size."""
    module, image = ResNet(), jnp.zeros((224, 224, 3))
    variables = jax.eval_shape(module.init, jax.random.key(0), image)
    shapes = {}

    def trace(variables, image):
        network = Network(module, variables, Preprocessing(size=(224, 224)))
        shapes.update((name, y.shape) for name, y in network.activations(image).items())

    jax.eval_shape(trace, variables, image)
    return variables, shapes


def test_full_size(full):
    variables, shapes = full
    parameters, statistics = (
        sum(leaf.size for leaf in jax.tree.leaves(variables[part]))
        for part in ("params", "batch_stats")
    )
    assert (parameters, statistics) == (25_583_592, 53_120)  # Keras counts both: 25,636,712
    assert {name: shape for name, shape in shapes.items() if "/" not in name} == PLANES


def test_every_layer_has_a_name_in_the_order_of_the_pass(full):
    _, shapes = full
    first = [name for name in shapes if name.startswith("res3a/")]
    assert first == [f"res3a/{name}" for name in [*BLOCK, "branch1", "bn_branch1", "add", "relu"]]
    second = [name for name in shapes if name.startswith("res3b/")]
    assert second == [f"res3b/{name}" for name in [*BLOCK, "add", "relu"]]
    assert len([name for name in shapes if "relu" in name.split("/")[-1]]) == 49
    assert len([name for name in shapes if "bn_" in name]) == 53
    assert shapes["res3a/branch2a"] == (28, 28, 128)  # the first convolution has the stride
    assert list(shapes)[:4] == ["conv1", "bn_conv1", "relu_conv1", "pool1"]


def normalised(x, params, stats, epsilon):
    """Ioffe & Szegedy 2015, algorithm 2: with the stored mean and variance."""
    spread = np.sqrt(np.asarray(stats["var"], np.float64) + epsilon)
    return params["scale"] * (x - stats["mean"]) / spread + params["bias"]


def literal_scores(variables, image):
    """The forward pass by definition, in float64."""
    params, stats = (jax.tree.map(np.asarray, variables[k]) for k in ("params", "batch_stats"))

    def conv(x, at, name, stride=1, pad=0):
        layer, padding = (params if not at else params[at])[name], ((pad, pad), (pad, pad))
        x = references.conv(x, layer["kernel"], layer["bias"], (stride, stride), padding)
        parts = [(tree[at] if at else tree)[f"bn_{name}"] for tree in (params, stats)]
        return normalised(x, *parts, epsilon=1e-3)

    def block(x, at, stride, project):
        y = references.relu(conv(x, at, "branch2a", stride))
        y = references.relu(conv(y, at, "branch2b", pad=1))
        y = conv(y, at, "branch2c")
        return references.relu(y + (conv(x, at, "branch1", stride) if project else x))

    x = references.relu(conv(image, None, "conv1", stride=2, pad=3))
    x = references.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))
    x = block(x, "res2a", stride=1, project=True)
    x = block(x, "res2b", stride=1, project=False)
    x = block(x, "res3a", stride=2, project=True)
    return x.mean(axis=(0, 1)) @ params["fc1000"]["kernel"] + params["fc1000"]["bias"]


@pytest.fixture(scope="module")
def small():
    variables = weight_files.variables(SMALL, SIZE)
    return Network(SMALL, variables, Preprocessing(size=SIZE))


@jax.jit
def activations(network, image):
    return network.activations(image)


def test_forward_by_definition(key, small):
    image = jax.random.normal(key, (*SIZE, 3))
    expected = literal_scores(small.variables, image)
    scores = activations(small, image)["fc1000"]
    # Float32 against float64 through 11 convolutions.
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_a_blocks_output_is_its_last_rectifiers(key, small):
    found = activations(small, jax.random.normal(key, (*SIZE, 3)))
    np.testing.assert_array_equal(found["res2b"], found["res2b/relu"])
    np.testing.assert_array_equal(found["res2b"], np.maximum(found["res2b/add"], 0))
    sum_of_branches = found["res2b/bn_branch2c"] + found["res2a"]
    np.testing.assert_array_equal(found["res2b/add"], sum_of_branches)
    assert float(found["res2b/add"].min()) < 0
