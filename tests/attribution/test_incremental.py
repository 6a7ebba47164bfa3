"""Scores behind a window, computed patch by patch, against whole passes; in double precision."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from jax import lax

from vizjax import ops
from vizjax.attribution.incremental import scores_behind
from vizjax.attribution.occlusion import occlusion

RNG = np.random.default_rng(5)
SIZE = (38, 31)
IMAGE = RNG.normal(0.3, 1, (*SIZE, 3))
HIDDEN = RNG.normal(-0.2, 1, (*SIZE, 3))
NHWC = ("NHWC", "HWIO", "NHWC")


@pytest.fixture
def compiled_quickly():
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def weights(*shape):
    return RNG.normal(0, np.prod(shape[:-1]) ** -0.5, shape)


def starts(size, window, stride):
    found = stride * np.arange(-(-(size - window) // stride) + 1)
    return found[found < size]


def all_places(score_fn, image, hidden, window, stride):
    """`(scores patch by patch, scores of whole passes)`, a row for each place."""
    rows, columns = map(starts, image.shape[:2], window, stride)
    at = scores_behind(score_fn, image, hidden, rows, columns, window)
    places = np.indices((len(rows), len(columns)), np.int32).reshape(2, -1)
    found = jax.vmap(at)(*map(jnp.asarray, places))

    def covered(axis, start):
        pixels = jnp.arange(image.shape[axis], dtype=jnp.int32)
        return (pixels >= start) & (pixels < start + window[axis])

    def whole(row, column):
        inside = covered(0, row)[:, None] & covered(1, column)[None]
        mask = inside.reshape(*inside.shape, *[1] * (image.ndim - 2))
        return score_fn(jnp.where(mask, hidden, image))

    corners = rows[places[0]], columns[places[1]]
    return found, jax.vmap(whole)(*(jnp.asarray(c, jnp.int32) for c in corners))


def assert_equal_to_whole_passes(score_fn, window, stride, *, image=IMAGE, hidden=HIDDEN):
    with jax.enable_x64(True):
        compare = jax.jit(
            functools.partial(all_places, window=window, stride=stride), static_argnums=0
        )
        found, expected = compare(score_fn, jnp.asarray(image), jnp.asarray(hidden))
        cleans = score_fn(jnp.asarray(image))
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other, clean in zip(*map(jax.tree.leaves, (found, expected, cleans)), strict=True):
        assert np.abs(other - clean[None]).max() > 1e-3  # the window matters
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def conv(x, kernel, strides=(1, 1), padding: Any = ((0, 0), (0, 0)), **options):
    options["dimension_numbers"] = NHWC
    return lax.conv_general_dilated(x[None], kernel, strides, padding, **options)[0]


def scored(plane):
    """Not symmetric in the plane, and of every pixel of it."""
    rows, columns, channels = plane.shape
    falling = (
        np.linspace(1, 0.4, rows)[:, None, None] * np.linspace(0.7, 1.2, columns)[None, :, None]
    )
    return (plane * falling.astype(plane.dtype)).reshape(-1, channels).sum(0)


K33, K55, K11 = weights(3, 3, 3, 4), weights(5, 4, 3, 6), weights(11, 9, 3, 5)
K44, DEPTHWISE, POINTS = weights(3, 3, 4, 4), weights(3, 3, 1, 6), weights(1, 1, 4, 7)
BIAS, MEAN = RNG.normal(size=4), RNG.normal(size=(*SIZE, 3))
SPACE, CHANNELS = weights(3, 3, 48, 4), weights(5, 6)


def strided(image):
    x = jax.nn.relu(conv(image - MEAN, K11, (4, 3)) + 0.1)
    pool = ops.Pool((3, 3), (2, 2))
    pool = pool._replace(padding=ops.ceil_padding(x.shape[0], x.shape[1], pool))
    return scored(ops.max_pool(ops.local_response_norm(x, alpha=0.3), pool))


def padded_stack(image):
    x = jax.nn.relu(conv(image, K33, (1, 1), ((1, 1), (2, 0))) + BIAS[None, None])
    x = jnp.maximum(conv(x, K44, (2, 2), "SAME") + BIAS[None, None], 0)
    return scored(jnp.where(x > 0.2, x, jnp.tanh(x)))


def residual(image):
    x = conv(image, K33, (1, 1), "SAME")
    y = x + conv(jax.nn.relu(x), K44, (1, 1), "SAME", rhs_dilation=(2, 3))
    return scored(jnp.concatenate([y, x[..., ::-1], jnp.ones_like(x)], -1))


def averaged(image):
    def pooled(x):
        return lax.reduce_window(x, 0.0, lax.add, (3, 3, 1), (2, 2, 1), ((1, 1), (0, 2), (0, 0)))

    return scored(jnp.square(pooled(conv(image, K33)) / pooled(jnp.ones((36, 29, 1)))))


def fires(image):
    x = jax.nn.relu(conv(image, K33, (2, 2)))
    x = lax.reduce_window(x, -jnp.inf, lax.max, (3, 3, 1), (2, 2, 1), ((0, 1), (0, 1), (0, 0)))
    sides = [conv(x, K44[1:2, 1:2]), conv(x, K44, (1, 1), "SAME")]
    evidence = conv(jax.nn.relu(jnp.concatenate(sides, -1))[..., 2:6], POINTS)
    return {"mean": (evidence + 0.3).mean((0, 1)), "turned": (0.2 - evidence).sum((0, 1))}


def depthwise(image):
    x = conv(image, K55, (1, 1), ((3, -1), (0, 4)))
    x = conv(x, DEPTHWISE, (2, 1), "SAME", feature_group_count=6)
    x = x / (1e-3 + jnp.abs(x).max(-1, keepdims=True))
    return scored(jnp.einsum("dc,ijc->ijd", CHANNELS, jax.nn.softmax(x)))


def channels_first(image):
    x = lax.conv_general_dilated(
        image.transpose(2, 0, 1)[None], jnp.asarray(K33), (2, 2), ((1, 0), (0, 1)),
        dimension_numbers=("NCHW", "HWIO", "NCHW"),
    )  # fmt: skip
    x = jnp.pad(jax.nn.relu(x), ((0, 0), (0, 0), (1, 2), (0, 1)), constant_values=-0.5)
    return scored(jnp.squeeze(x, 0)[:, 1:-1, ::2].transpose(1, 2, 0))


def space_to_depth(image):
    x = jnp.pad(image, ((2, 0), (1, 0), (0, 0)))
    x = x.reshape(10, 4, 8, 4, 3).transpose(0, 2, 1, 3, 4).reshape(10, 8, 48)
    return scored(jax.nn.relu(conv(x, SPACE)))


def transposed(image):
    x = conv(conv(image, K33, (3, 3)), K44, (1, 1), ((1, 1), (1, 1)), lhs_dilation=(2, 2))
    return scored(jnp.sin(x))


def attention(image):
    x = conv(image, K33, (5, 5)).reshape(-1, 4)
    return {"tokens": (jax.nn.softmax(x @ x.T) @ x).sum(0), "row": x[3]}


NETS = [
    strided, padded_stack, residual, averaged, fires, depthwise, channels_first, space_to_depth,
    transposed, attention,
]  # fmt: skip


@pytest.mark.usefixtures("compiled_quickly")
@pytest.mark.parametrize("net", NETS, ids=lambda net: net.__name__)
def test_equals_whole_passes(net):
    """The last windows are cut off; places of many alignments to the strides; uneven sides."""
    assert_equal_to_whole_passes(net, (6, 4), (5, 3))


@pytest.mark.usefixtures("compiled_quickly")
@pytest.mark.parametrize(
    ("window", "stride"), [((1, 1), (7, 9)), ((8, 8), (8, 8)), ((3, 20), (11, 2)), (SIZE, (1, 1))]
)
@pytest.mark.parametrize("net", [strided, fires], ids=lambda net: net.__name__)
def test_of_any_window(net, window, stride):
    assert_equal_to_whole_passes(net, window, stride)


@pytest.mark.usefixtures("compiled_quickly")
@pytest.mark.parametrize("name", ["small_convnet", "small_squeezenet"])
def test_of_networks(name, request):
    """Their parameters may be traced, and are arguments."""
    network = request.getfixturevalue(name)
    image, hidden = RNG.uniform(0, 255, (2, *network.preprocessing.size, 3))
    with jax.enable_x64(True):
        leaves, structure = jax.tree.flatten(network)
        leaves = [np.asarray(leaf, np.float64) for leaf in leaves]

        @jax.jit
        def compare(leaves, image, hidden):
            double = jax.tree.unflatten(structure, leaves)
            return all_places(double, image, hidden, (13, 9), (11, 10))

        found, expected = compare(leaves, image, hidden)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("compiled_quickly")
def test_of_a_grey_image():
    def net(image):
        return padded_stack(jnp.stack([image, 2 * image, jnp.square(image)], -1))

    assert_equal_to_whole_passes(net, (5, 5), (9, 9), image=IMAGE[..., 0], hidden=HIDDEN[..., 0])


@pytest.mark.usefixtures("compiled_quickly")
@pytest.mark.parametrize(
    ("seed", "size"),
    [  # each seed on one size, on the others in `make test-slow`
        pytest.param(seed, size, marks=[] if seed % 3 == number else pytest.mark.slow)
        for seed in range(6)
        for number, size in enumerate([(17, 40), (40, 17), (9, 9)])
    ],
)
def test_random_stacks(seed, size):
    """Kernels, strides, paddings and poolings at random, each axis its own."""
    rng = np.random.default_rng(seed)
    layers = []
    for _ in range(4):
        kernel, stride = rng.integers(1, 5, 2), rng.integers(1, 3, 2)
        padding = rng.integers(0, kernel[:, None] + 1, (2, 2)).tolist()
        sides = tuple(kernel.tolist()), tuple(stride.tolist()), tuple(map(tuple, padding))
        layers.append((*sides, int(rng.integers(3))))

    def net(image):
        x = image
        for n, (window, stride, padding, kind) in enumerate(layers):
            window = min(window[0], x.shape[0]), min(window[1], x.shape[1])
            if kind == 0:
                x = ops.max_pool(x, ops.Pool(window, stride, padding))
                x = jnp.where(jnp.isfinite(x), x, 0)  # a window may lie in the padding
            else:
                shape = (*window, x.shape[-1], n + 2)
                kernel = np.sin(7.0 * np.arange(np.prod(shape))).reshape(shape)
                x = jnp.maximum(conv(x, kernel, stride, padding) + 0.1 * n, -0.1 * kind)
        return scored(x)

    image, hidden = rng.normal(size=(2, *size, 3))
    assert_equal_to_whole_passes(net, (3, 4), (2, 3), image=image, hidden=hidden)


def test_a_sum_that_one_pixel_dominates():
    """Of 40 = log(e⁴⁰ + 63), log 64 remains behind the window: lost in e⁴⁰ − e⁴⁰ to float32."""
    image = jnp.zeros((8, 8)).at[1, 1].set(40.0)

    def net(image):
        return jnp.log(jnp.exp(image).sum())[None]

    found = occlusion(net, image, 0, window=4, stride=4, fill=0.0)
    expected = np.where(np.indices((8, 8)).max(0) < 4, 40 - np.log(64), 0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_derivatives_are_those_of_whole_passes():
    """Also where a constant that divides ends at the edge, as in a mean without the padding."""

    def net(image):
        def pooled(x):
            return lax.reduce_window(x, 0.0, lax.add, (3, 3), (1, 1), "SAME")

        return (pooled(image**2) / pooled(jnp.ones((9, 9)))).sum()

    def summed(image):
        scores = all_places(net, image, jnp.zeros_like(image), (3, 3), (2, 2))
        return [side.sum() for side in scores]

    with jax.enable_x64(True):
        found, expected = jax.jacrev(summed)(jnp.asarray(IMAGE[:9, :9, 0]))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_less_is_computed(small_convnet):
    """Of the convolutions: 16 pixels of 80 change; what is connected in full stays as it is."""
    layer, image = small_convnet.layer("relu3"), jnp.zeros((80, 80, 3))
    whole = tiny.flops(lambda image: layer(image), image)
    bound = functools.partial(occlusion, window=8, stride=8)  # 100 windows
    assert tiny.flops(lambda image: bound(layer, image, (1, 1, 1)), image) < 0.3 * 100 * whole


def test_what_is_linear_before_a_mean_is_applied_to_the_mean():
    """A 1×1 convolution to many classes costs the same for a window as for a pixel."""
    image, x = jnp.zeros((64, 64, 3)), weights(1, 1, 4, 500).astype(np.float32)

    def net(classes):
        kernel, first = x[..., :classes], K33.astype(np.float32)
        return lambda image: (conv(jax.nn.relu(conv(image, first)), kernel) + 1).mean((0, 1))

    def cost(classes):
        bound = functools.partial(occlusion, net(classes), window=8, stride=8)  # 64 windows
        return tiny.flops(lambda image: bound(image, 0), image)

    whole = 2 * 500 * 4 * 62**2  # one pass over the plane
    assert cost(500) - cost(1) < 2 * whole
