"""Class activation maps on hand-set networks, whose weights and gradients are known in full."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from interpolation import enlarged
from jax.tree_util import Partial

from vizjax.attribution import gradient
from vizjax.attribution.cam import cam, grad_cam, grad_cam_plus_plus, layer_cam
from vizjax.attribution.guided_grad_cam import guided_grad_cam
from vizjax.errors import InputError
from vizjax.layered import Composed

RNG = np.random.default_rng(0)
SIZE, PLANE, CHANNELS, CLASSES = (9, 8), (3, 4), 5, 6
WEIGHTS = RNG.normal(size=(CHANNELS, CLASSES))
BIAS = RNG.normal(size=CLASSES)
MIXING = RNG.normal(size=(3, CHANNELS))
IMAGE = RNG.normal(size=(*SIZE, 3))
METHODS = (cam, grad_cam, grad_cam_plus_plus, layer_cam)


def f32(array):
    return jnp.asarray(array, jnp.float32)


def features(mixing, image):
    """Blocks of 3×2 pixels averaged, their colours mixed to five channels; signed."""
    blocks = image.reshape(3, 3, 4, 2, 3).mean((1, 3))
    return blocks @ mixing


def averaging(parameters, activation):
    weights, bias = parameters
    return activation.mean((0, 1)) @ weights + bias


def squaring(parameters, activation):
    """Not linear: `S_c = Σ_k w_kc mean_ij A_ijk²`, so that `g_ijk = 2 w_kc A_ijk / N`."""
    weights, bias = parameters
    return (activation**2).mean((0, 1)) @ weights + bias


def network(head=averaging):
    return Composed(Partial(features, f32(MIXING)), Partial(head, (f32(WEIGHTS), f32(BIAS))))


A = np.asarray(features(MIXING, IMAGE))  # float64
PIXELS = A.shape[0] * A.shape[1]


@functools.cache
def compiled(method, **options):
    return jax.jit(functools.partial(method, layer="features", **options))


def coarse(method, score_fn, image, label, **options):
    """The map at the layer's own size."""
    return compiled(method, upsample=False, **options)(score_fn, image, label)


# CAM ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", range(CLASSES))
def test_cam_weights_the_channels_as_the_class_does(label):
    found = coarse(cam, network(), f32(IMAGE), label)
    np.testing.assert_allclose(found, A @ WEIGHTS[:, label], rtol=1e-5, atol=1e-5)


def test_cam_averages_to_the_score_without_its_bias():
    found = coarse(cam, network(), f32(IMAGE), 2)
    expected = network()(f32(IMAGE))[2] - BIAS[2].astype(np.float32)
    np.testing.assert_allclose(found.mean(), expected, rtol=1e-5)


def test_cam_is_the_same_compiled_and_for_labels_together():
    mapped = jax.jit(jax.vmap(functools.partial(coarse, cam), (None, None, 0)))
    found = mapped(network(), f32(IMAGE), jnp.arange(CLASSES))
    np.testing.assert_allclose(found, np.moveaxis(A @ WEIGHTS, -1, 0), rtol=1e-5, atol=1e-5)


NONLINEAR = {
    "square": squaring,
    "relu": lambda parameters, a: jax.nn.relu(averaging(parameters, a)),
    "maximum": lambda parameters, a: a.max((0, 1)) @ parameters[0],
    "product": lambda parameters, a: averaging(parameters, a * jax.lax.stop_gradient(a)),
    "posterior": lambda parameters, a: jax.nn.softmax(averaging(parameters, a)),
    "where": lambda parameters, a: averaging(parameters, jnp.where(a > 0, a, 0)),
}


@pytest.mark.parametrize("name", NONLINEAR)
def test_cam_refuses_what_is_not_linear_compiled_or_not(name):
    for method in (functools.partial(cam, layer="features"), compiled(cam)):
        with pytest.raises(InputError, match="`layer` is features, and what follows it is not lin"):
            method(network(NONLINEAR[name]), f32(IMAGE), 1)


def test_cam_refuses_full_connections_or_is_not_a_number():
    full = Composed(
        Partial(features, f32(MIXING)),
        Partial(lambda w, a: a.reshape(-1) @ w, f32(RNG.normal(size=(A.size, CLASSES)))),
    )
    with pytest.raises(InputError, match="whose pixels have different weights in the score"):
        cam(full, f32(IMAGE), 1, layer="features")
    assert np.isnan(compiled(cam)(full, f32(IMAGE), 1)).all()
    assert np.isfinite(compiled(cam)(network(), f32(IMAGE), 1)).all()


def test_cam_leaves_a_wrong_label_and_a_failing_network_to_say_so_themselves():
    with pytest.raises(InputError, match="`label` is 6; expected 0 to 5"):
        cam(network(), f32(IMAGE), 6, layer="features")
    failing = network(lambda parameters, a: a @ jnp.ones((3, 2)))
    with pytest.raises(TypeError, match="dot_general"):
        cam(failing, f32(IMAGE), 1, layer="features")


# Grad-CAM and its kin -----------------------------------------------------------------------


def test_grad_cam_is_cam_s_positive_part_over_the_number_of_pixels():
    one, other = (coarse(method, network(), f32(IMAGE), 3) for method in (cam, grad_cam))
    np.testing.assert_allclose(PIXELS * other, np.maximum(one, 0), rtol=1e-5, atol=1e-6)
    assert (np.asarray(one) < 0).any()


def test_grad_cam_of_a_quadratic_score():
    """`α_k = mean_ij 2 w_k A_ijk / N`."""
    alpha = 2 * WEIGHTS[:, 3] * A.mean((0, 1)) / PIXELS
    signed = coarse(grad_cam, network(squaring), f32(IMAGE), 3, relu=False)
    np.testing.assert_allclose(signed, A @ alpha, rtol=1e-5, atol=1e-6)
    rectified = coarse(grad_cam, network(squaring), f32(IMAGE), 3)
    np.testing.assert_allclose(rectified, np.maximum(A @ alpha, 0), rtol=1e-5, atol=1e-6)
    assert 0 < (A @ alpha > 0).sum() < PIXELS


def test_layer_cam_of_a_quadratic_score():
    signal = 2 * WEIGHTS[:, 3] * A / PIXELS
    expected = np.maximum((np.maximum(signal, 0) * A).sum(-1), 0)
    found = coarse(layer_cam, network(squaring), f32(IMAGE), 3)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert not np.allclose(expected, np.maximum((signal * A).sum(-1), 0))


@pytest.mark.parametrize("label", range(CLASSES))
def test_grad_cam_plus_plus_is_the_closed_form(label):
    signal = 2 * WEIGHTS[:, label] * A / PIXELS
    alpha = signal**2 / (2 * signal**2 + signal**3 * A.sum((0, 1)))
    weights = (alpha * np.maximum(signal, 0)).sum((0, 1))
    found = coarse(grad_cam_plus_plus, network(squaring), f32(IMAGE), label)
    np.testing.assert_allclose(found, np.maximum(A @ weights, 0), rtol=1e-4, atol=1e-6)


def test_grad_cam_plus_plus_is_the_derivatives_of_the_exponential():
    """The paper's α, from second and third derivatives of `Y = exp(S_c)`, `S_c` linear in A."""
    with jax.enable_x64(True):
        activation = jnp.asarray(np.maximum(A, 0))
        scale = jnp.exp(averaging((WEIGHTS, BIAS), activation)[3])

        def y(value, place):  # over its own value, which changes the map by that factor
            changed = activation.at[tuple(place)].set(value)
            return jnp.exp(averaging((WEIGHTS, BIAS), changed)[3]) / scale

        orders = [jax.grad(y)]
        for _ in range(2):
            orders.append(jax.grad(orders[-1]))
        places = jnp.asarray(list(np.ndindex(*A.shape)))
        derivatives = jax.jit(lambda values: [jax.vmap(d)(values, places) for d in orders])
        first, second, third = (
            np.asarray(d).reshape(A.shape) for d in derivatives(activation.reshape(-1))
        )
        alpha = second / (2 * second + third * np.asarray(activation).sum((0, 1)))
        weights = (alpha * np.maximum(first, 0)).sum((0, 1))
        expected = np.maximum(np.asarray(activation) @ weights, 0)
    rectified = Composed(lambda image: jax.nn.relu(network().features(image)), network().head)
    found = coarse(grad_cam_plus_plus, rectified, f32(IMAGE), 3)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_grad_cam_plus_plus_of_flat_and_of_singular_places_is_finite():
    flat = network(lambda parameters, a: 0 * averaging(parameters, a))
    np.testing.assert_array_equal(coarse(grad_cam_plus_plus, flat, f32(IMAGE), 1), 0)
    # g = 1 and ΣA = −2: the denominator is 0 everywhere.
    singular = Composed(lambda image: -image / image.size * 2, lambda a: a.sum()[None])
    found = coarse(grad_cam_plus_plus, singular, jnp.ones((2, 2, 1)), 0)
    np.testing.assert_array_equal(found, np.zeros((2, 2)))


# All of them --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_maps_are_brought_to_the_image_s_size(method):
    small = coarse(method, network(), f32(IMAGE), 3)
    found = compiled(method)(network(), f32(IMAGE), 3)
    assert small.shape == PLANE
    # A map that is cut off at 0 is so before it is enlarged.
    expected = enlarged(np.asarray(small, np.float64), SIZE)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def first_channel(activation):
    return activation[..., :1].mean((0, 1))


@pytest.mark.parametrize("corner", [(0, 0), (0, 7), (8, 0), (8, 7)])
@pytest.mark.parametrize("method", METHODS)
def test_a_map_lies_where_the_evidence_is(method, corner):
    image = np.zeros((*SIZE, 3), np.float32)
    image[corner] = 1
    net = Composed(Partial(features, np.ones((3, 2), np.float32)), first_channel)
    found = np.asarray(compiled(method)(net, image, 0))
    assert found[corner] == found.max() > 0
    assert found[8 - corner[0], 7 - corner[1]] == 0


@pytest.mark.parametrize("method", METHODS)
def test_grey_images_have_maps_too(method):
    blocks = lambda image: image.reshape(3, 3, 4, 2).mean((1, 3))[..., None]  # noqa: E731
    grey = Composed(blocks, Partial(averaging, (f32(WEIGHTS[:1]), f32(BIAS))))
    assert compiled(method)(grey, f32(IMAGE[..., 0]), 1).shape == SIZE


@pytest.mark.parametrize("method", [*METHODS, guided_grad_cam])
def test_layers_without_a_plane_are_refused(method):
    flat = Composed(lambda image: jax.nn.relu(image).reshape(-1), lambda a: a[:3])
    with pytest.raises(InputError, match=r"`layer` is features, whose activation has shape \(216,"):
        method(flat, f32(IMAGE), 1, layer="features")


@pytest.mark.parametrize("method", [*METHODS, guided_grad_cam])
def test_unknown_layers_are_refused_with_the_known_ones(method):
    with pytest.raises(InputError, match=r"`layer` is conv3; expected one of: conv1, relu1, pool1"):
        method(tiny.network(), tiny.image(), 1, layer="conv3")


def test_several_classes_share_one_forward_pass():
    net, image = tiny.network(), tiny.image()
    method = functools.partial(grad_cam, layer="relu1")
    forward = tiny.flops(lambda net, image: net(image), net, image)
    one = tiny.flops(method, net, image, jnp.array(0))
    five = tiny.flops(jax.vmap(method, (None, None, 0)), net, image, jnp.arange(5))
    assert five <= 1.02 * (forward + 5 * (one - forward))


def test_branches_see_the_image(small_squeezenet):
    """The two sides of a Fire module are its channels: their maps add up to its map.

    What follows is not linear, so a side that saw a blank image would have another gradient.
    """
    image = tiny.image(size=small_squeezenet.preprocessing.size)

    @jax.jit
    def maps(net, image):
        names = ("fire8/relu_expand1x1", "fire8/relu_expand3x3", "fire8")
        kept = {"relu": False, "upsample": False}
        return [grad_cam(net, image, 2, layer=name, **kept) for name in names]

    left, right, whole = maps(small_squeezenet, image)
    atol = 1e-5 * float(np.abs(whole).max())
    np.testing.assert_allclose(left + right, whole, rtol=1e-4, atol=atol)
    assert np.abs(left).max() > 100 * atol < np.abs(right).max()


def test_guided_grad_cam_is_the_product():
    net, image = tiny.network(), tiny.image()

    @jax.jit
    def compute(net, image):
        guided = gradient(net.with_rule("guided"), image, 0)
        plane = grad_cam(net, image, 0, layer="conv2")
        return guided_grad_cam(net, image, 0, layer="conv2"), plane[..., None] * guided

    found, expected = compute(net, image)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-12)
    assert found.shape == image.shape
    assert np.abs(found).max() > 1e-6


def test_guided_grad_cam_of_functions_written_elsewhere():
    """A rectifier between two linear maps: the signal passes where it and the input are positive.

    Of a grey image, with weights of both signs on either side.
    """
    image, below, above = RNG.normal(size=(4, 6)), np.array([1.0, -2.0]), np.array([3.0, -1.0])
    plain = Composed(
        lambda image: jnp.maximum(image[..., None] * f32(below)[None, None], 0),
        lambda a: (a.mean((0, 1)) @ f32(above))[None],
    )
    found = guided_grad_cam(plain, f32(image), 0, layer="features")
    active = image[..., None] * below > 0
    guided = (active * np.maximum(above, 0) / image.size) @ below
    plane = np.maximum((np.maximum(image[..., None] * below, 0) @ above) / image.size, 0)
    np.testing.assert_allclose(found, plane * guided, rtol=1e-5)
    with pytest.raises(InputError, match="no rectifier"):
        guided_grad_cam(network(), f32(IMAGE), 1, layer="features")


# The network it was made for ----------------------------------------------------------------


def test_of_squeezenet_the_map_is_the_class_s_channel(squeezenet):
    """The identities of CAM on SqueezeNet, which ends in a convolution and an average."""
    label, image = 285, tiny.image(size=(227, 227))

    @jax.jit
    def compute(net, image):
        maps = {
            (method.__name__, layer): method(net, image, label, layer=layer, upsample=False)
            for method in (cam, grad_cam)
            for layer in ("fire9", "conv10")
        }
        return net(image)[label], net.layer("conv10")(image)[..., label], maps

    score, channel, maps = compute(squeezenet, image)
    bias = squeezenet.variables["params"]["conv10"]["bias"][label]
    atol = 1e-5 * float(np.abs(channel).max())
    close = functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=atol)
    close(maps["cam", "conv10"], channel)
    close(maps["cam", "fire9"], channel - bias)
    close(maps["cam", "conv10"].mean(), score)
    close(maps["cam", "fire9"].mean() + bias, score)
    for layer in ("fire9", "conv10"):
        close(channel.size * maps["grad_cam", layer], np.maximum(maps["cam", layer], 0))
    assert abs(float(bias)) > 10 * atol
    assert (np.asarray(channel) < 0).any()
