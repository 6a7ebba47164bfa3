"""What hides a pixel."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax.errors import InputError
from vizjax.fills import BLUR_SIGMA, FILLS, filled, shown

RNG = np.random.default_rng(0)
IMAGE = jnp.asarray(RNG.uniform(size=(13, 7, 3)) * [255, 200, 150], jnp.float32)


def test_zero_and_numbers():
    np.testing.assert_array_equal(filled(IMAGE, "zero"), np.zeros(IMAGE.shape))
    for fill in (7, 7.0, jnp.float32(7), np.float64(7)):
        hidden = filled(IMAGE, fill)
        np.testing.assert_array_equal(hidden, np.full(IMAGE.shape, 7.0))
        assert hidden.dtype == jnp.float32


def test_mean_is_one_colour():
    expected = np.asarray(IMAGE, np.float64).reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(filled(IMAGE, "mean"), np.tile(expected, (13, 7, 1)), rtol=1e-6)
    grey = IMAGE[..., 1]
    np.testing.assert_allclose(filled(grey, "mean"), np.full((13, 7), expected[1]), rtol=1e-6)


def test_colours_and_images():
    colour = np.array([1.0, 2.0, 3.0], np.float32)
    np.testing.assert_array_equal(filled(IMAGE, colour), np.tile(colour, (13, 7, 1)))
    np.testing.assert_array_equal(filled(IMAGE, IMAGE[::-1]), IMAGE[::-1])
    np.testing.assert_array_equal(jax.jit(filled)(IMAGE, IMAGE[::-1]), IMAGE[::-1])


def test_blur_is_the_weighted_mean_around_each_pixel():
    pixels, expected = np.asarray(IMAGE, np.float64), np.empty(IMAGE.shape)
    places = np.moveaxis(np.indices((13, 7)), 0, -1)
    for place in np.ndindex(13, 7):
        weights = np.exp(-((places - place) ** 2).sum(-1) / (2 * BLUR_SIGMA**2))
        expected[place] = np.tensordot(weights, pixels, 2) / weights.sum()
    np.testing.assert_allclose(filled(IMAGE, "blur"), expected, rtol=1e-5)
    np.testing.assert_allclose(filled(IMAGE[..., 2], "blur"), expected[..., 2], rtol=1e-5)
    assert expected.std(axis=(0, 1)).max() < 0.2 * pixels.std(axis=(0, 1)).min()


@pytest.mark.parametrize("fill", FILLS)
def test_a_flat_image_is_hidden_by_itself_or_by_zero(fill):
    found = filled(jnp.full((5, 9, 3), 40.0), fill)
    np.testing.assert_allclose(found, 0 if fill == "zero" else 40, rtol=1e-6)


def test_the_mask_mixes():
    hidden, mask = filled(IMAGE, "mean"), jnp.asarray(RNG.uniform(size=(13, 7)), jnp.float32)
    expected = np.asarray(mask)[..., None] * IMAGE + (1 - np.asarray(mask))[..., None] * hidden
    np.testing.assert_allclose(shown(IMAGE, hidden, mask), expected, rtol=1e-5)
    np.testing.assert_array_equal(shown(IMAGE, hidden, jnp.ones((13, 7))), IMAGE)
    np.testing.assert_array_equal(shown(IMAGE, hidden, jnp.zeros((13, 7))), hidden)
    grey = shown(IMAGE[..., 0], hidden[..., 0], mask)
    np.testing.assert_allclose(grey, expected[..., 0], rtol=1e-5)


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        ("black", "`fill` is black; expected one of: zero, mean, blur; or give a number"),
        (np.zeros(2, np.float32), r"`fill` has shape \(2,\); expected a number"),
        (np.zeros((7, 13, 3), np.float32), r"`fill` has shape \(7, 13, 3\)"),
        (np.zeros((13, 7), np.float32), r"`fill` has shape \(13, 7\)"),
    ],
)
def test_refuses_others(fill, message):
    with pytest.raises(InputError, match=message):
        filled(IMAGE, fill)


def test_refuses_images_of_integers():
    unchecked = inspect.unwrap(filled)  # the tests' own check of types would refuse first
    with pytest.raises(InputError, match="`image` is of uint8"):
        unchecked(jnp.zeros((4, 5, 3), jnp.uint8), "mean")
