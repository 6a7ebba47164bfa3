"""The gradient and the saliency map: what eq. 2-4 and §3.1 say, literally."""

import dataclasses
import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from vizjax import rules
from vizjax.attribution.gradients import gradient, gradient_times_input, saliency
from vizjax.errors import InputError
from vizjax.types import ScoreFn

RNG = np.random.default_rng(0)
W = jnp.asarray(RNG.normal(size=(4, 6, 5, 3)), jnp.float32)  # 4 classes of 6×5 RGB pixels
B = jnp.asarray(RNG.normal(size=4), jnp.float32)
IMAGE = jnp.asarray(RNG.normal(size=(6, 5, 3)), jnp.float32)


compiled = functools.cache(jax.jit)
call = jax.jit(lambda function, x: function(x))


def linear(image):
    """`S_c(I) = w_cᵀ I + b_c` (eq. 2)."""
    return jnp.tensordot(W, image, 3) + B


# The gradient -------------------------------------------------------------------------------


@pytest.mark.parametrize("label", range(4))
def test_of_a_linear_model_is_its_weights(label):
    for image in (IMAGE, 100 * IMAGE, jnp.zeros_like(IMAGE)):
        np.testing.assert_array_equal(gradient(linear, image, label), W[label])


def test_of_the_unnormalised_score_not_of_a_posterior():
    # The other classes have no part in it: eq. 4 derives S_c alone.
    zeroed = lambda image: linear(image) * jnp.array([0.0, 1.0, 0.0, 0.0])  # noqa: E731
    np.testing.assert_array_equal(gradient(zeroed, IMAGE, 1), W[1])


def test_is_signed_and_shaped_as_the_input():
    for shape in ((7,), (2, 7), (2, 3, 7), ()):
        x = jnp.asarray(RNG.normal(size=shape), jnp.float32)
        found = gradient(lambda x: -jnp.stack([x.sum(), (x**2).sum()]), x, 1)
        np.testing.assert_allclose(found, -2 * x, rtol=1e-6)


def test_against_finite_differences(small_convnet):
    """In float64, where central differences of a smooth piece are good to 1e-7 of the value."""
    network, size = small_convnet, small_convnet.preprocessing.size
    with jax.enable_x64(True):
        network = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), network)
        image, direction = RNG.uniform(0, 255, (*size, 3)), RNG.normal(size=(*size, 3))
        image, h = jnp.asarray(image), 1e-6 * jnp.asarray(direction)
        score = jax.jit(lambda network, image: network(image)[3])
        numeric = (score(network, image + h) - score(network, image - h)) / 2e-6
        exact = jnp.vdot(jax.jit(gradient)(network, image, 3), direction)
        np.testing.assert_allclose(numeric, exact, rtol=1e-6)


@pytest.mark.parametrize("image", [np.zeros((6, 5, 3), np.uint8), np.zeros((6, 5, 3), np.int32)])
def test_refuses_integers_and_says_what_to_do(image):
    unchecked = inspect.unwrap(gradient)  # the tests' own check of types would refuse first
    with pytest.raises(InputError, match=f"`x` is of {image.dtype}; expected floating point"):
        unchecked(linear, jnp.asarray(image), 0)


@pytest.mark.parametrize("label", [4, -1, (0, 1)])
@pytest.mark.parametrize("method", [gradient, saliency, gradient_times_input])
def test_refuses_a_label_that_there_is_not(method, label):
    with pytest.raises(InputError, match="`label` is"):
        method(linear, IMAGE, label)
    with pytest.raises(InputError, match="`label` is"):
        jax.jit(lambda image: method(linear, image, label))(IMAGE)


def test_a_mapped_label_that_there_is_not_gives_nan_and_not_its_neighbour():
    maps = jax.vmap(saliency, (None, None, 0))(linear, IMAGE, jnp.array([1, 4]))
    np.testing.assert_array_equal(maps[0], saliency(linear, IMAGE, 1))
    assert np.isnan(maps[1]).all()


# Gradient × input -----------------------------------------------------------------------------


@pytest.mark.parametrize("label", range(4))
def test_times_input_of_a_linear_model_is_each_value_s_part_of_the_score(label):
    found = gradient_times_input(linear, IMAGE, label)
    np.testing.assert_array_equal(found, W[label] * IMAGE)
    np.testing.assert_allclose(found.sum(), linear(IMAGE)[label] - B[label], rtol=1e-5)
    np.testing.assert_array_equal(gradient_times_input(linear, 0 * IMAGE, label), 0 * IMAGE)


def test_times_input_adds_up_to_a_score_without_biases():
    """Euler: rectifiers without biases are homogeneous, `⟨x, ∂S/∂x⟩ = S`; their square, twice."""
    relu = lambda image: jax.nn.relu(jnp.tensordot(W, image, 3))  # noqa: E731
    score_fn = lambda image: jnp.stack([relu(image).sum(), (relu(image) ** 2).sum()])  # noqa: E731
    scores = score_fn(IMAGE)
    assert (relu(IMAGE) > 0).any()
    np.testing.assert_allclose(gradient_times_input(score_fn, IMAGE, 0).sum(), scores[0], rtol=1e-5)
    found = gradient_times_input(score_fn, IMAGE, 1)
    np.testing.assert_allclose(found.sum(), 2 * scores[1], rtol=1e-5)


def test_times_input_is_the_slope_along_the_ray_from_black(small_convnet):
    """Its sum is `d/dt S(t·x)` at 1, by central differences in float64."""
    network, size = small_convnet, small_convnet.preprocessing.size
    with jax.enable_x64(True):
        network = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), network)
        image = jnp.asarray(RNG.uniform(0, 255, (*size, 3)))
        score = jax.jit(lambda network, image: network(image)[3])
        h = 1e-7
        numeric = (score(network, (1 + h) * image) - score(network, (1 - h) * image)) / (2 * h)
        found = jax.jit(gradient_times_input)(network, image, 3)
        np.testing.assert_allclose(found.sum(), numeric, rtol=1e-6)


# Neurons, channels, and the way from a layer on ----------------------------------------------


@pytest.fixture(scope="module")
def network():
    return tiny.network()


def conv1_receptive_field(network, row, column, channel):
    """The gradient of a neuron of conv1: its kernel, where it looks (stride 2, no padding)."""
    kernel = network.variables["params"]["conv1"]["kernel"][..., channel]
    expected = np.zeros((*tiny.SIZE, 3))
    place = slice(2 * row, 2 * row + 3), slice(2 * column, 2 * column + 3)
    expected[place] = kernel / network.preprocessing.scale[None, None]
    return expected


@pytest.mark.parametrize("neuron", [(0, 0, 0), (2, 4, 1), (6, 1, 3)])
def test_of_a_neuron_is_its_kernel_where_it_looks(network, neuron):
    expected = conv1_receptive_field(network, *neuron)
    found = compiled(gradient)(network.layer("conv1"), tiny.image(), neuron)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    found = compiled(saliency)(network.layer("conv1"), tiny.image(), jnp.array(neuron))
    np.testing.assert_allclose(found, np.abs(expected).max(axis=-1), rtol=1e-6)


def test_of_a_channel_is_the_mean_over_its_neurons(network):
    neurons = [(row, column, 2) for row, column in np.ndindex(7, 5)]
    expected = np.mean([conv1_receptive_field(network, *neuron) for neuron in neurons], axis=0)
    found = compiled(gradient)(network.channels("conv1"), tiny.image(), 2)
    # Sums of up to nine values near 1e-4.
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)


def test_after_the_last_rectifier_is_the_head_s_kernel(network):
    activation = call(network.layer("relu2"), tiny.image())
    found = compiled(gradient)(network.after("relu2"), activation, 5)
    np.testing.assert_array_equal(found, network.variables["params"]["head"]["kernel"][..., 5])


def test_the_way_from_a_layer_on_has_the_network_s_rule(network):
    activation = np.asarray(call(network.layer("conv2"), tiny.image()))
    head = np.asarray(network.variables["params"]["head"]["kernel"][..., 5])
    expected = {
        "gradient": head * (activation > 0),
        "deconvnet": np.maximum(head, 0),
        "guided": np.maximum(head, 0) * (activation > 0),
    }
    for rule, signal in expected.items():
        found = compiled(gradient)(
            network.with_rule(rule).after("conv2"), jnp.asarray(activation), 5
        )
        np.testing.assert_array_equal(found, signal)


# The saliency map ---------------------------------------------------------------------------


def test_of_colours_is_the_largest_magnitude_of_the_three():
    found = saliency(linear, IMAGE, 2)
    expected = [[max(abs(w) for w in pixel) for pixel in row] for row in np.asarray(W[2])]
    np.testing.assert_array_equal(found, np.array(expected, np.float32))
    assert found.shape == (6, 5)
    assert (found >= 0).all()


def test_is_no_sum_no_norm_and_no_signed_maximum():
    weights = jnp.array([[[3.0, -4.0, 0.0]]])
    found = saliency(lambda image: (weights * image).sum()[None], jnp.ones((1, 1, 3)), 0)
    assert found.item() == 4  # their sum is 7, their norm 5, their maximum 3


def test_of_a_grey_image_is_the_magnitude():
    weights = W[0, :, :, 0]
    score_fn = lambda image: (weights * image.reshape(6, 5)).sum()[None]  # noqa: E731
    for grey in (IMAGE[..., 0], IMAGE[..., :1]):
        np.testing.assert_array_equal(saliency(score_fn, grey, 0), np.abs(weights))


def test_of_a_flat_score_is_zero():
    np.testing.assert_array_equal(saliency(lambda image: jnp.ones(2), IMAGE, 0), np.zeros((6, 5)))


def test_several_labels_at_once_equal_one_by_one(network):
    labels = jnp.arange(tiny.CLASSES)
    together = jax.jit(jax.vmap(saliency, (None, None, 0)))(network, tiny.image(), labels)
    one_by_one = [compiled(saliency)(network, tiny.image(), int(label)) for label in labels]
    # Float32 sums in another order, relative to the largest value of each map.
    for one, other in zip(together, one_by_one, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(one.max()))
    assert len(np.unique(np.round(np.asarray(together).sum(axis=(1, 2)), 6))) == tiny.CLASSES


def test_blue_first_or_red_first_the_map_is_the_same():
    """A map is in the frame of the image, whatever order the filters were trained in."""
    bgr = tiny.network(channels="bgr")
    rgb = tiny.network()
    conv1 = rgb.variables["params"]["conv1"]
    params = {**rgb.variables["params"], "conv1": {**conv1, "kernel": conv1["kernel"][:, :, ::-1]}}
    rgb = dataclasses.replace(rgb, variables={"params": params})
    one, other = (compiled(gradient)(network, tiny.image(), 3) for network in (bgr, rgb))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(np.abs(one).max()))
    one, other = (compiled(saliency)(network, tiny.image(), 3) for network in (bgr, rgb))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(one.max()))


def test_a_rule_is_the_score_function_s_and_changes_no_score(network):
    maps: dict[str, np.ndarray] = {}
    for rule in rules.RULES:
        ruled: ScoreFn = network.with_rule(rule)
        np.testing.assert_array_equal(call(ruled, tiny.image()), call(network, tiny.image()))
        maps[rule] = np.asarray(compiled(saliency)(ruled, tiny.image(), 3))
    np.testing.assert_array_equal(maps["gradient"], compiled(saliency)(network, tiny.image(), 3))
    assert not np.allclose(maps["gradient"], maps["deconvnet"])
    assert not np.allclose(maps["guided"], maps["deconvnet"])
