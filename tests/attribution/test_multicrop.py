"""The average over views, against a loop of NumPy; on canvases where height ≠ width."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from vizjax.attribution import multicrop, saliency
from vizjax.data.crops import centre_view, ten_views
from vizjax.errors import InputError

RNG = np.random.default_rng(0)
SIZE = (4, 5)
CANVASES = [(4, 5), (7, 9), (9, 6), (4, 11)]
ten = functools.partial(ten_views, size=SIZE)


def skewed(shape, channels=3):
    """An image without any symmetry."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    noise = RNG.normal(size=(*shape, channels))
    return jnp.asarray(noise + (x + 3.0 * y)[..., None] * np.arange(1, channels + 1), jnp.float32)


def averaged_literally(method, image, size):
    """Ten views: cut, reflect, explain, reflect back, add up where they lay, divide."""
    (height, width, _), (h, w) = image.shape, size
    total, count = np.zeros((height, width)), np.zeros((height, width))
    bottom, right = height - h, width - w
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]
    for flip in (False, True):
        for y, x in corners:
            view = np.asarray(image)[y : y + h, x : x + w]
            one = np.asarray(method(view[:, ::-1] if flip else view), np.float64)
            total[y : y + h, x : x + w] += one[:, ::-1] if flip else one
            count[y : y + h, x : x + w] += 1
    return np.where(count > 0, total / np.maximum(count, 1), 0)


def compiled(method, score_fn, image, label):
    return jax.jit(lambda image: multicrop(method, crops=ten)(score_fn, image, label))(image)


def by_place(score_fn, image, label):
    """A map that tells where in the view, of which view, and of which label it is."""
    del score_fn
    ramp = jnp.arange(20.0).reshape(SIZE)
    return (image[..., 0] - 2 * image[..., 2]) * ramp + label * ramp**2


@pytest.mark.parametrize("shape", CANVASES)
def test_of_any_method_against_a_loop(shape):
    image = skewed(shape)
    found = compiled(by_place, None, image, 3)
    expected = averaged_literally(lambda view: by_place(None, jnp.asarray(view), 3), image, SIZE)
    # Ten summands in another order.
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)
    assert found.shape == shape


WEIGHTS = jnp.asarray(RNG.normal(size=(3, *SIZE, 3)), jnp.float32)


def linear(image):
    return jnp.tensordot(WEIGHTS, image, 3)


@pytest.mark.parametrize("shape", CANVASES)
def test_of_the_saliency_of_a_quadratic_score(shape):
    """`S_c = Σ w_c x²` has the closed form `M = max|2 w_c x|`, another for every view."""
    image = skewed(shape)
    found = compiled(saliency, lambda x: jnp.sum(WEIGHTS * x[None] ** 2, (1, 2, 3)), image, 1)
    expected = averaged_literally(
        lambda view: np.abs(2 * WEIGHTS[1] * view).max(axis=-1), image, SIZE
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("shape", CANVASES)
def test_of_a_linear_score_is_its_weights_where_the_views_lie(shape):
    """The score's own map is the same in every view; put back, it lies ten times on the canvas."""
    found = compiled(saliency, linear, skewed(shape), 2)
    expected = averaged_literally(
        lambda view: np.abs(WEIGHTS[2]).max(axis=-1), np.zeros((*shape, 3)), SIZE
    )
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_on_a_canvas_of_the_view_s_size_is_the_mean_with_the_reflection():
    found = compiled(saliency, linear, skewed(SIZE), 0)
    upright = np.abs(WEIGHTS[0]).max(axis=-1)
    np.testing.assert_allclose(found, (upright + upright[:, ::-1]) / 2, rtol=1e-6)


def test_what_no_view_covers_is_zero_and_the_rest_is_not():
    found = compiled(saliency, linear, skewed((4, 40)), 0)
    seen = np.zeros((4, 40), bool)
    for left in (0, 17, 35):
        seen[:, left : left + 5] = True
    np.testing.assert_array_equal(found == 0, ~seen)


def test_of_one_view_is_the_plain_method():
    image = skewed(SIZE)
    score_fn = lambda x: jnp.sum(WEIGHTS * jnp.sin(x)[None], (1, 2, 3))  # noqa: E731
    one = multicrop(saliency, crops=functools.partial(centre_view, size=SIZE))
    np.testing.assert_array_equal(one(score_fn, image, 1), saliency(score_fn, image, 1))
    padded = jnp.pad(image, [(1, 2), (2, 3), (0, 0)], constant_values=9)
    expected = jnp.pad(saliency(score_fn, padded[1:5, 2:7], 1), [(1, 2), (2, 3)])
    np.testing.assert_array_equal(one(score_fn, padded, 1), expected)


def test_several_labels_and_neurons_compiled():
    network = tiny.network()
    method = multicrop(saliency, crops=functools.partial(ten_views, size=tiny.SIZE))
    image = tiny.image(size=(18, 17))
    for score_fn, labels in [
        (network, jnp.array([4, 0])),
        (network.layer("conv2"), jnp.array([[1, 0, 2], [2, 1, 5]])),
    ]:
        together = jax.jit(jax.vmap(method, (None, None, 0)))(score_fn, image, labels)
        for one, label in zip(together, labels.tolist(), strict=True):
            label = tuple(label) if isinstance(label, list) else label
            expected = jax.jit(method)(score_fn, image, label)
            atol = 1e-5 * float(expected.max())
            np.testing.assert_allclose(one, expected, rtol=1e-4, atol=atol)


def test_several_classes_share_one_forward_pass():
    """Five classes cost one forward and five backward passes of the ten views, and 2 % at most."""
    network, image = tiny.network(), tiny.image(size=(19, 17))
    method = multicrop(saliency, crops=functools.partial(ten_views, size=tiny.SIZE))
    forward = tiny.flops(jax.vmap(network), jnp.zeros((10, *tiny.SIZE, 3)))
    one = tiny.flops(method, network, image, jnp.array(0))
    five = tiny.flops(jax.vmap(method, (None, None, 0)), network, image, jnp.arange(5))
    assert five <= 1.02 * (forward + 5 * (one - forward))


def test_refuses_a_canvas_that_is_too_small():
    with pytest.raises(InputError, match="`size` is 4×5 on a canvas of 3×9"):
        multicrop(saliency, crops=ten)(lambda x: x.sum((0, 1)), skewed((3, 9)), 0)
