"""The paper's §4: the DeconvNet is the gradient, but for the rectifier.

First each of its equalities by itself; then whole networks, run from the top down by a DeconvNet
written out literally in NumPy over the stored activations and switches, with no derivative
anywhere. Local response normalisation is no part of Zeiler & Fergus's construction: there, and
only there, the literal net too passes down the chain rule's signal.
"""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references

from vizjax import ops, rules
from vizjax.models import Network
from vizjax.models.chain import Chain
from vizjax.models.layers import MaxPool, Relu
from vizjax.models.squeezenet import SQUEEZED

# The DeconvNet, literally -------------------------------------------------------------------


def transposed_convolution(R, kernel, size, stride=1, pad=0):
    """`R_n = R_{n+1} ⋆ K̂_n`: correlation with the kernel flipped in both axes and turned over.

    A stride becomes zeros between the signal's pixels; padding is cut off at the end.
    """
    flipped = np.asarray(kernel)[::-1, ::-1].swapaxes(2, 3)
    rows, columns, channels = R.shape
    height, width = kernel.shape[:2]
    spread = np.zeros((stride * (rows - 1) + 1, stride * (columns - 1) + 1, channels))
    spread[::stride, ::stride] = R
    around = ((height - 1, height - 1), (width - 1, width - 1))
    below = references.conv(spread, flipped, np.zeros(flipped.shape[-1]), padding=around)
    whole = np.zeros((size[0] + 2 * pad, size[1] + 2 * pad, below.shape[-1]))
    whole[: below.shape[0], : below.shape[1]] = below  # what no window reached stays 0
    return whole[pad : pad + size[0], pad : pad + size[1]]


def unpooling(R, X, window=3, stride=2):
    """Each signal goes to where its window's maximum, the switch, stood in `X`."""
    below = np.zeros(X.shape)
    for r, c, k in np.ndindex(*R.shape):
        y, x = r * stride, c * stride
        inside = X[y : y + window, x : x + window, k]  # cut at the border: ceil mode
        i, j = np.unravel_index(inside.argmax(), inside.shape)
        below[y + i, x + j, k] += R[r, c, k]
    return below


RECTIFIED = {
    "gradient": lambda R, X: R * (X > 0),
    "deconvnet": lambda R, X: np.maximum(R, 0),
    "guided": lambda R, X: np.maximum(R, 0) * (X > 0),
}


def normalisation(R, X, window=5, kappa=2.0, alpha=1e-4, beta=0.75):
    """The chain rule through `y_c = x_c·D_c^−β`, `D_c = κ + α·Σ x²` over the window."""
    R, X = np.asarray(R, np.float64), np.asarray(X, np.float64)
    reach = window // 2
    near = np.abs(np.subtract.outer(np.arange(X.shape[-1]), np.arange(X.shape[-1]))) <= reach
    D = kappa + alpha * (X**2) @ near
    return R * D**-beta - 2 * alpha * beta * X * ((R * X * D ** (-beta - 1)) @ near)


# The paper's equalities, one by one ----------------------------------------------------------


@functools.partial(jax.jit, static_argnums=0)
def pull(function, x, R):
    """The signal below `function` by its derivative."""
    return jax.vjp(function, x)[1](R)[0]


def draw(seed, shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


@pytest.mark.parametrize(("stride", "pad"), [(1, 0), (1, 1), (2, 0), (2, 1), (4, 0)])
def test_convolution(stride, pad):
    """∂f/∂X_n = ∂f/∂X_{n+1} ⋆ K̂_n."""
    x, kernel = draw(0, (9, 8, 2)), draw(1, (3, 2, 2, 5))

    def convolution(x):
        return jax.lax.conv_general_dilated(
            x[None],
            kernel,
            (stride, stride),
            [(pad, pad)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )[0]

    R = draw(2, jax.eval_shape(convolution, x).shape)
    expected = transposed_convolution(np.asarray(R), kernel, x.shape[:2], stride, pad)
    np.testing.assert_allclose(pull(convolution, x, R), expected, rtol=1e-5, atol=1e-5)


def test_flipping_and_turning_over_are_needed():
    """The same correlation with the kernel as it is, is not the gradient."""
    x, kernel = np.asarray(draw(0, (6, 5, 3))), np.asarray(draw(1, (3, 3, 3, 3)))
    right = transposed_convolution(x, kernel, (6, 5), pad=1)
    unflipped = transposed_convolution(x, kernel[::-1, ::-1], (6, 5), pad=1)
    unturned = transposed_convolution(x, kernel.swapaxes(2, 3), (6, 5), pad=1)
    assert np.abs(unflipped - right).max() > 1
    assert np.abs(unturned - right).max() > 1


def test_rectifier():
    """∂f/∂X_n = ∂f/∂X_{n+1}·1(X_n > 0), but the DeconvNet's R_n = R_{n+1}·1(R_{n+1} > 0)."""
    X, R = draw(0, (2, 6, 5, 4))
    passed = {rule: np.asarray(pull(relu, X, R)) for rule, relu in rules.RULES.items()}
    X, R = np.asarray(X), np.asarray(R)
    np.testing.assert_array_equal(passed["gradient"], R * (X > 0))
    np.testing.assert_array_equal(passed["deconvnet"], R * (R > 0))
    np.testing.assert_array_equal(passed["guided"], R * (R > 0) * (X > 0))
    assert len({p.tobytes() for p in passed.values()}) == 3


@pytest.mark.parametrize(("height", "width"), [(7, 9), (8, 9), (8, 6)])
def test_max_pooling(height, width):
    """∂f/∂X_n(s) = Σ_p ∂f/∂X_{n+1}(p)·1(s = argmax over the window of p): the switch."""
    X = draw(0, (height, width, 3))
    pool = ops.Pool(padding=ops.ceil_padding(height, width, ops.Pool()))
    pooled = functools.partial(ops.max_pool, pool=pool)
    R = draw(1, jax.eval_shape(pooled, X).shape)
    expected = unpooling(np.asarray(R), np.asarray(X))
    # Signals of about 1 that all but cancel leave the rounding of their sum.
    np.testing.assert_allclose(pull(pooled, X, R), expected, rtol=1e-6, atol=1e-7)


def test_local_response_normalisation():
    X, R = 30 * draw(0, (2, 4, 3, 8))
    pulled = pull(ops.local_response_norm, X, R)
    np.testing.assert_allclose(pulled, normalisation(R, X), rtol=1e-4, atol=1e-4)


# Whole networks -----------------------------------------------------------------------------


def from_the_network(network, image, label, rule):
    """The scores' gradient under a rule, and the activations that it passes."""

    @jax.jit
    def run(network, image):
        gradient = jax.grad(lambda image: network.with_rule(rule)(image)[label])(image)
        return gradient, network.activations(image), network.preprocessing(image)

    gradient, activations, x = run(network, image)
    assert float(jnp.abs(gradient).max()) > 0
    return gradient, {"": np.asarray(x), **jax.tree.map(np.asarray, activations)}


def assert_same_map(found, expected):
    """Float32 through the whole net against float64, relative to the map's largest value."""
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def one_hot(shape, label):
    R = np.zeros(shape)
    R[..., label] = 1.0
    return R


RULES = list(RECTIFIED)


@pytest.fixture(scope="module")
def chain(randomised):
    """A net of nothing but what §4 speaks of: convolutions, rectifiers, max-pools."""
    layers = (
        nn.Conv(4, (5, 3), 2, padding=((1, 1), (1, 1)), name="conv1"),
        *(Relu(name="relu1"), MaxPool(ceil=True, name="pool1")),
        nn.Conv(6, (3, 3), padding=((1, 1), (1, 1)), name="conv2"),
        *(Relu(name="relu2"), MaxPool(ceil=True, name="pool2")),
        nn.Conv(8, (3, 2), padding="VALID", name="conv3"),
        Relu(name="relu3"),
        nn.Conv(5, (1, 1), name="conv4"),
    )
    return randomised(Chain(layers), (25, 19))


@pytest.mark.parametrize("rule", RULES)
def test_a_chain(chain, key, rule):
    image = jax.random.uniform(key, (25, 19, 3), maxval=255.0)
    found, X = from_the_network(chain, image, 2, rule)
    K = {name: layer["kernel"] for name, layer in chain.variables["params"].items()}
    rectify = RECTIFIED[rule]

    R = transposed_convolution(one_hot((1, 1, 5), 2), K["conv4"], (1, 1))
    R = rectify(R, X["conv3"])
    R = transposed_convolution(R, K["conv3"], X["pool2"].shape)
    R = unpooling(R, X["relu2"])
    R = rectify(R, X["conv2"])
    R = transposed_convolution(R, K["conv2"], X["pool1"].shape, pad=1)
    R = unpooling(R, X["relu1"])
    R = rectify(R, X["conv1"])
    R = transposed_convolution(R, K["conv1"], (25, 19), stride=2, pad=1)
    assert_same_map(found, R / chain.preprocessing.scale)


@pytest.mark.parametrize("rule", RULES)
def test_the_papers_network(small_convnet, key, rule):
    image = jax.random.uniform(key, (80, 80, 3), maxval=255.0)
    found, X = from_the_network(small_convnet, image, 4, rule)
    K = {name: layer["kernel"] for name, layer in small_convnet.variables["params"].items()}
    rectify = RECTIFIED[rule]

    R = one_hot((1, 1, 7), 4)
    for layer, below in (("fc8", "relu7"), ("fc7", "relu6"), ("fc6", "pool5")):
        R = transposed_convolution(R, K[layer], X[below].shape)
        R = rectify(R, X[f"fc{below[-1]}"]) if below.startswith("relu") else R
    R = unpooling(R, X["relu5"])
    for layer, below in (("conv5", "relu4"), ("conv4", "relu3"), ("conv3", "pool2")):
        R = rectify(R, X[layer])
        R = transposed_convolution(R, K[layer], X[below].shape, pad=1)
    R = normalisation(unpooling(R, X["norm2"]), X["relu2"])
    R = transposed_convolution(rectify(R, X["conv2"]), K["conv2"], X["pool1"].shape, pad=2)
    R = normalisation(unpooling(R, X["norm1"]), X["relu1"])
    R = transposed_convolution(rectify(R, X["conv1"]), K["conv1"], (80, 80), stride=4)
    assert_same_map(found, R / small_convnet.preprocessing.scale)


@pytest.mark.parametrize(
    "rule", ["gradient", *(pytest.param(rule, marks=pytest.mark.slow) for rule in RULES[1:])]
)
def test_squeezenet(small_squeezenet, key, rule):
    """Nothing but convolutions, rectifiers, max-pools and the concatenation of two branches."""
    image = jax.random.uniform(key, (59, 43, 3), maxval=255.0)
    found, X = from_the_network(small_squeezenet, image, 3, rule)
    params = small_squeezenet.variables["params"]
    rectify = RECTIFIED[rule]

    rows, columns, classes = X["conv10"].shape
    R = one_hot((rows, columns, classes), 3) / (rows * columns)  # the average of all pixels
    R = transposed_convolution(R, params["conv10"]["kernel"], (rows, columns))
    for number in range(len(SQUEEZED) + 1, 1, -1):
        fire, K = f"fire{number}", params[f"fire{number}"]
        if number in (3, 5):
            R = unpooling(R, X[fire])
        size, split = R.shape[:2], R.shape[-1] // 2
        near = rectify(R[..., :split], X[f"{fire}/expand1x1"])
        wide = rectify(R[..., split:], X[f"{fire}/expand3x3"])
        R = transposed_convolution(near, K["expand1x1"]["kernel"], size)
        R = R + transposed_convolution(wide, K["expand3x3"]["kernel"], size, pad=1)
        R = rectify(R, X[f"{fire}/squeeze1x1"])
        R = transposed_convolution(R, K["squeeze1x1"]["kernel"], size)
    R = rectify(unpooling(R, X["relu_conv1"]), X["conv1"])
    R = transposed_convolution(R, params["conv1"]["kernel"], (59, 43), stride=2)
    # The module is BGR, an image is RGB.
    assert_same_map(found, R[..., ::-1] / small_squeezenet.preprocessing.scale)


# What it costs ------------------------------------------------------------------------------


def flops(function, *arguments):
    costs = jax.jit(function).lower(*arguments).compile().cost_analysis()
    assert costs is not None
    return costs["flops"]


@pytest.mark.parametrize("rule", ["gradient", pytest.param("deconvnet", marks=pytest.mark.slow)])
def test_five_classes_share_one_forward_pass(small_convnet, rule):
    network, image = small_convnet.with_rule(rule), jnp.ones((80, 80, 3))

    def gradient(network, image, label):
        return jax.grad(lambda image: network(image)[label])(image)

    labels = jnp.arange(5)
    forward = flops(Network.__call__, network, image)
    once = flops(gradient, network, image, 0)
    five = flops(jax.vmap(gradient, in_axes=(None, None, 0)), network, image, labels)
    backward = once - forward
    assert 0.3 * forward < backward  # there is something to share
    assert five <= 1.05 * (forward + 5 * backward)
    assert five < 0.95 * 5 * once
