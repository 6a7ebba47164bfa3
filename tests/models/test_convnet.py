"""The paper's network: its exact geometry, and its forward pass by definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references

from vizjax.errors import InputError
from vizjax.models import ConvNet, Network, Preprocessing

# MatConvNet's `vgg_f` (Chatfield et al. 2014, table 1).
KERNELS = {
    "conv1": (11, 11, 3, 64),
    "conv2": (5, 5, 64, 256),
    "conv3": (3, 3, 256, 256),
    "conv4": (3, 3, 256, 256),
    "conv5": (3, 3, 256, 256),
    "fc6": (6, 6, 256, 4096),
    "fc7": (1, 1, 4096, 4096),
    "fc8": (1, 1, 4096, 1000),
}
SHAPES = {
    **dict.fromkeys(["conv1", "relu1", "norm1"], (54, 54, 64)),
    "pool1": (27, 27, 64),
    **dict.fromkeys(["conv2", "relu2", "norm2"], (27, 27, 256)),
    "pool2": (13, 13, 256),
    **dict.fromkeys(["conv3", "relu3", "conv4", "relu4", "conv5", "relu5"], (13, 13, 256)),
    "pool5": (6, 6, 256),
    **dict.fromkeys(["fc6", "relu6", "drop6", "fc7", "relu7", "drop7"], (1, 1, 4096)),
    "fc8": (1, 1, 1000),
}


def initialised(module, key, size):
    """Shapes alone: the full network's parameters take 243 MB."""
    return jax.eval_shape(module.init, key, jnp.zeros((size, size, 3)))


def test_parameters_at_full_size(key):
    params = initialised(ConvNet(), key, 224)["params"]
    assert {name: p["kernel"].shape for name, p in params.items()} == KERNELS
    assert {name: p["bias"].shape for name, p in params.items()} == {
        name: shape[-1:] for name, shape in KERNELS.items()
    }
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == 60_834_536


def test_every_layers_shape_at_full_size(key):
    module = ConvNet()

    def activations(key, image):
        variables = module.init(key, image)
        return Network(module, variables, Preprocessing(size=(224, 224))).activations(image)

    shapes = jax.eval_shape(activations, key, jnp.zeros((224, 224, 3)))
    assert {name: activation.shape for name, activation in shapes.items()} == SHAPES


def test_width_classes_and_size(key):
    params = initialised(ConvNet(width=3, classes=11, size=95), key, 95)["params"]
    widths = [params[name]["kernel"].shape[-1] for name in KERNELS]
    assert widths == [3, 12, 12, 12, 12, 192, 192, 11]
    assert params["fc6"]["kernel"].shape[:2] == (2, 2)  # 95 → 22 → 11 → 5 → 2


def literal_scores(params, image):
    """The forward pass by definition, in float64."""
    params = jax.tree.map(np.asarray, params)

    def conv(x, name, stride=1, pad=0):
        kernel, bias = params[name]["kernel"], params[name]["bias"]
        return references.conv(x, kernel, bias, (stride, stride), ((pad, pad), (pad, pad)))

    def pool(x):
        # Caffe's and VGG-F's: what is missing for a last window, below and to the right.
        missing = [(size - 3) % 2 for size in x.shape[:2]]
        return references.max_pool(x, (3, 3), (2, 2), tuple((0, n) for n in missing))

    x = references.relu(conv(image, "conv1", stride=4))
    x = pool(references.lrn(x))
    x = references.relu(conv(x, "conv2", pad=2))
    x = pool(references.lrn(x))
    for name in ("conv3", "conv4", "conv5"):
        x = references.relu(conv(x, name, pad=1))
    x = pool(x)
    for name in ("fc6", "fc7"):
        x = references.relu(conv(x, name))
    return conv(x, "fc8")[0, 0]


def test_forward_by_definition(key, small_convnet):
    # Of the size of pixels, where the published LRN constants matter.
    x = 60 * jax.random.normal(key, (80, 80, 3))
    module, variables = small_convnet.module, small_convnet.variables
    expected = literal_scores(variables["params"], x)
    scores = jax.jit(module.apply)(variables, x)
    # Float32 against float64 through 8 layers.
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_dropout_only_in_training(key, small_convnet):
    module, variables = small_convnet.module, small_convnet.variables
    x = jax.random.normal(key, (80, 80, 3))

    @jax.jit
    def train(dropout):
        return module.apply(variables, x, train=True, rngs={"dropout": dropout})

    one, other = jax.random.split(key)
    assert not np.array_equal(train(one), train(other))
    np.testing.assert_array_equal(train(one), train(one))
    still = jax.jit(module.apply)(variables, x)
    assert not np.array_equal(train(one), still)
    without = module.clone(dropout=0.0)
    trained = jax.jit(lambda: without.apply(variables, x, train=True))()
    np.testing.assert_allclose(trained, still, rtol=1e-5, atol=1e-6)  # two compilations


def test_a_batch_is_a_loop(key, small_convnet):
    x = jax.random.normal(key, (2, 80, 80, 3))
    module, variables = small_convnet.module, small_convnet.variables
    batch = jax.jit(module.apply)(variables, x)
    apply = jax.jit(module.apply)
    one_by_one = jnp.stack([apply(variables, image) for image in x])
    np.testing.assert_allclose(batch, one_by_one, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(79, 80, 3), (80, 81, 3), (2, 64, 64, 3)])
def test_wrong_size(key, small_convnet, shape):
    with pytest.raises(InputError, match=r"`x` is .* expected height × width .* 80 × 80 × 3"):
        small_convnet.module.apply(small_convnet.variables, jnp.zeros(shape))
