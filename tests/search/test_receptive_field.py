"""Receptive fields: against arithmetic by hand, and against what NaN spoils."""

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from vizjax.errors import InputError
from vizjax.models import Network, Preprocessing
from vizjax.models.layers import AveragePool
from vizjax.search import receptive_field, receptive_fields
from vizjax.types import Box

SIZE = (9, 7)


# By hand ---------------------------------------------------------------------------------------


class Step(NamedTuple):
    """A layer on the way from the image up; pooling rounds its size up, convolution down."""

    kernel: int
    stride: int
    padding: int = 0
    pool: bool = False


POOL = Step(3, 2, pool=True)
FIRE = [Step(1, 1), Step(3, 1, 1)]  # the squeeze, and the wider side of the expansion
NARROW = [Step(1, 1), Step(1, 1)]
TO_POOL1 = [Step(3, 2), POOL]
TO_POOL3 = [*TO_POOL1, *FIRE, *FIRE, POOL]
TO_POOL5 = [*TO_POOL3, *FIRE, *FIRE, POOL]
SQUEEZENET = {
    "pool1": TO_POOL1,
    "fire2/expand1x1": [*TO_POOL1, *NARROW],
    "fire3/relu_squeeze1x1": [*TO_POOL1, *FIRE, Step(1, 1)],
    "fire5/expand1x1": [*TO_POOL3, *FIRE, *NARROW],
    "conv10": [*TO_POOL5, *FIRE, *FIRE, *FIRE, *FIRE, Step(1, 1)],
}
TO_CONV2 = [Step(11, 4), POOL, Step(5, 1, 2)]
CONVNET = {
    "conv1": [Step(11, 4)],
    "pool1": [Step(11, 4), POOL],
    "norm2": TO_CONV2,
    "conv4": [*TO_CONV2, POOL, Step(3, 1, 1), Step(3, 1, 1)],
}


def intervals(steps, size):
    """Where the field of every neuron starts and ends along one axis."""
    sizes = [size]
    for kernel, stride, padding, pool in steps:
        beyond = sizes[-1] + 2 * padding - kernel
        sizes.append((-(-beyond // stride) if pool else beyond // stride) + 1)
    first = last = np.arange(sizes[-1])
    for (kernel, stride, padding, _), size in reversed(list(zip(steps, sizes, strict=False))):
        first = np.maximum(first * stride - padding, 0)
        last = np.minimum(last * stride - padding + kernel - 1, size - 1)
    return first, last + 1


def check_by_hand(network, layer, steps):
    height, width = network.preprocessing.size
    boxes = receptive_fields(network.layer(layer), network.blank())
    assert boxes.shape == (*network.layer_shapes()[layer], 4)
    (y0, y1), (x0, x1) = intervals(steps, height), intervals(steps, width)
    by_hand = np.stack(np.broadcast_arrays(x0, y0[:, None], x1, y1[:, None]), axis=-1)
    np.testing.assert_array_equal(boxes, np.broadcast_to(by_hand[:, :, None], boxes.shape))


@pytest.mark.parametrize("layer", SQUEEZENET)
def test_squeezenet_by_hand(layer, small_squeezenet):
    check_by_hand(small_squeezenet, layer, SQUEEZENET[layer])


@pytest.mark.parametrize("layer", CONVNET)
def test_the_papers_network_by_hand(layer, small_convnet):
    check_by_hand(small_convnet, layer, CONVNET[layer])


def test_the_real_network_in_the_middle_of_a_plane(squeezenet):
    # 7 + 4·2·2 pixels wide under pool1's step of 4; by 8·4 and 16·6 wider under the next pools.
    field = receptive_field(squeezenet.layer("fire3"), squeezenet.blank(), (20, 30, 127))
    assert field == Box(4 * 30 - 8, 4 * 20 - 8, 4 * 30 + 15, 4 * 20 + 15)
    field = receptive_field(squeezenet.layer("fire8"), squeezenet.blank(), (7, 6, 511))
    assert field == Box(16 * 6 - 72, 16 * 7 - 72, 16 * 6 + 103, 16 * 7 + 103)


def test_channels_of_one_layer_may_see_different_pixels(small_squeezenet):
    layer = small_squeezenet.layer("fire3")
    boxes = receptive_fields(layer, small_squeezenet.blank())[5, 4]
    narrow, wide = [(x1 - x0, y1 - y0) for x0, y0, x1, y1 in boxes[[0, -1]].tolist()]
    assert (narrow, wide) == ((15, 15), (23, 23))
    assert {tuple(box) for box in boxes[:64].tolist()} == {tuple(boxes[0].tolist())}
    assert {tuple(box) for box in boxes[64:].tolist()} == {tuple(boxes[-1].tolist())}


# By NaN: the pixels that spoil a neuron are those that it depends on --------------------------


def spoilt_by(function, shape):
    """The box of the rows and columns whose NaN reaches each neuron: exact, and slow."""
    rows, columns = np.indices(shape[:2])
    intervals = []
    for axis, size in ((columns, shape[1]), (rows, shape[0])):
        spoilt = axis == np.arange(size)[:, None, None]
        images = np.where(spoilt[..., None], np.nan, np.full(shape, 0.5)).astype(np.float32)
        # Told on the host: within a compiled function XLA takes it that no `exp` is NaN.
        hit = np.isnan(jax.jit(jax.vmap(function))(images))
        first, last = hit.argmax(axis=0), size - hit[::-1].argmax(axis=0)
        intervals.append(np.where(hit.any(axis=0), [first, last], 0))
    (x0, x1), (y0, y1) = intervals
    return np.stack([x0, y0, x1, y1], axis=-1)


def assert_as_spoilt(function, shape=(*SIZE, 3)):
    image = jax.ShapeDtypeStruct(shape, jnp.float32)
    np.testing.assert_array_equal(receptive_fields(function, image), spoilt_by(function, shape))


@pytest.mark.parametrize(
    ("layer", "rule"),
    [("relu1", "gradient"), ("pool1", "gradient"), ("relu2", "gradient"), ("relu2", "deconvnet")],
)
def test_every_neuron_of_a_network(layer, rule):
    assert_as_spoilt(tiny.network().with_rule(rule).layer(layer), (*tiny.SIZE, 3))


def conv(x, *shape, padding: Any = "SAME", **options):
    numbers = ("NHWC", "HWIO", "NHWC")
    kernel = jnp.ones(shape)
    y = jax.lax.conv_general_dilated(
        x[None], kernel, (1, 1), padding, dimension_numbers=numbers, **options
    )
    return y[0]


def attention(x):
    """Every pixel of a row attends to its row."""
    weights = jax.nn.softmax(jnp.einsum("hqc,hkc->hqk", x, x))
    return jnp.einsum("hqk,hkc->hqc", weights, x)


def transposed(x):
    """A batch of channels first."""
    planes = jax.lax.conv(jnp.transpose(x, (2, 0, 1))[None], jnp.ones((2, 3, 2, 3)), (2, 1), "SAME")
    return planes[0]


PADDING: Any = ((1, 0), (0, 2))  # Flax's annotation knows strings only
OPERATIONS = {
    "dilated": lambda x: conv(x, 3, 2, 3, 4, rhs_dilation=(2, 3)),
    "upsampling": lambda x: conv(x, 4, 3, 3, 2, lhs_dilation=(2, 3), padding=((1, 2), (0, 1))),
    "depthwise": lambda x: conv(
        jnp.concatenate([x[..., :1], jnp.roll(x[..., 1:], 2, axis=0)], axis=2),
        *(2, 3, 1, 6),
        feature_group_count=3,
    ),
    "channels first": transposed,
    "average": lambda x: AveragePool((3, 2), (2, 1), ((1, 0), (0, 1))).apply({}, x),
    "maximum": lambda x: nn.max_pool(x, (2, 3), (1, 2), PADDING),
    "attention": attention,
    "a matrix of the left": lambda x: jnp.ones((4, SIZE[0])) @ x[..., 0],
    "rearranged": lambda x: jnp.transpose(x[::-1, 1::2, ::-1], (1, 2, 0)).reshape(-1, 3),
    "by constant indices": lambda x: x[jnp.array([3, 0, 7])][:, :, jnp.array([2, 0])],
    "a window": lambda x: jax.lax.dynamic_slice(x, (jnp.int32(2), 3, 0), (4, 2, 3)),
    "padded": lambda x: jax.lax.pad(x, jnp.float32(0), ((-1, 2, 1), (2, -3, 0), (0, 0, 0))),
    "split and joined": lambda x: jnp.concatenate(jnp.split(x, (2, 3), axis=1)[::-1], axis=1),
    "means": lambda x: x - x.mean(axis=(1, 2), keepdims=True),
    "wrapped": jax.checkpoint(jax.jit(lambda x: jnp.exp(-x[1:]) * jax.nn.gelu(x[:-1]))),
    "beside a constant": lambda x: jnp.concatenate([x[1:3], jnp.ones((2, SIZE[1], 3))]),
    "no image": lambda x: jnp.arange(4.0),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation(name):
    assert_as_spoilt(OPERATIONS[name])


def test_a_flax_module_with_batch_statistics_and_a_shortcut():
    class Block(nn.Module):
        @nn.compact
        def __call__(self, x):
            y = nn.BatchNorm(use_running_average=True)(nn.Conv(3, (3, 1))(x))
            return nn.Dense(5)(nn.silu(x[:, 2:] + y[:, :-2]))

    module = Block()
    variables = jax.jit(module.init)(jax.random.key(0), jnp.zeros((*SIZE, 3)))
    network = Network(module, variables, Preprocessing(size=SIZE))
    assert_as_spoilt(network.layer("Dense_0"))


def test_a_rectifier_that_stops_nan_is_no_obstacle():
    boxes = receptive_fields(lambda x: jnp.where(x > 0, x, 0)[2:], jnp.zeros((*SIZE, 3)))
    assert boxes[1, 4, 2].tolist() == [4, 3, 5, 4]


def test_an_unknown_operation_mixes_all():
    boxes = receptive_fields(lambda x: jnp.cumsum(x[2:, :4], axis=0), jnp.zeros((*SIZE, 3)))
    assert {tuple(box) for box in boxes.reshape(-1, 4).tolist()} == {(0, 2, 4, SIZE[0])}


def test_an_image_without_channels():
    assert receptive_field(lambda x: x[1:, 2:], jnp.zeros((5, 4)), (1, 0)) == Box(2, 2, 3, 3)


@pytest.mark.parametrize("label", [(7, 0, 0), (0, 0), (0, 0, -1), 3])
def test_a_neuron_that_is_not_there_is_refused(label):
    with pytest.raises(InputError, match="`label` is"):
        receptive_field(tiny.network().layer("conv1"), tiny.image(), label)
