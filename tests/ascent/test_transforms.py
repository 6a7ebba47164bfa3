"""Shifts, turns and blurs, against NumPy and scipy, on images where height ≠ width."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from vizjax.ascent import Blur, Compose, Fourier, Jitter, Pixels, ScaleRotate

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(2, 9, 7, 3)).astype(np.float32)
MANY = 300


def keys(n=MANY):
    return jax.random.split(jax.random.key(0), n)


# Jitter -------------------------------------------------------------------------------------


def test_jitter_is_a_cyclic_shift_the_same_for_all_images():
    shifts = {}
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            shifts[dy, dx] = np.roll(IMAGES, (dy, dx), axis=(1, 2))
    shifted = np.asarray(jax.jit(jax.vmap(Jitter(2), (0, None)))(keys(), jnp.asarray(IMAGES)))
    found = [
        next(shift for shift, image in shifts.items() if np.array_equal(image, one))
        for one in shifted
    ]
    assert set(found) == set(shifts)  # each of the 25, and nothing else


def test_jitter_of_nothing_is_nothing(key):
    np.testing.assert_array_equal(Jitter(0)(key, jnp.asarray(IMAGES)), IMAGES)


def test_jitter_further_than_the_image_is_still_cyclic(key):
    shifted = np.asarray(Jitter(100)(key, jnp.asarray(IMAGES)))
    np.testing.assert_array_equal(np.sort(shifted, axis=None), np.sort(IMAGES, axis=None))


def test_one_image_or_a_batch(key):
    for transform in (Jitter(3), ScaleRotate(0.2, 20.0)):
        transform = jax.jit(transform)
        batch = transform(key, jnp.asarray(IMAGES))
        assert batch.shape == IMAGES.shape
        for image, one in zip(IMAGES, batch, strict=True):
            alone = transform(key, jnp.asarray(image))
            np.testing.assert_allclose(alone, one, rtol=1e-5, atol=1e-6)


# ScaleRotate ----------------------------------------------------------------------------------


def pinned(monkeypatch, to):
    """Random numbers at one end of their range."""
    monkeypatch.setattr(
        jax.random, "uniform", lambda key, minval=0.0, maxval=1.0: jnp.float32((minval, maxval)[to])
    )


def test_no_zoom_and_no_turn_is_the_identity(key):
    np.testing.assert_array_equal(jax.jit(ScaleRotate())(key, jnp.asarray(IMAGES)), IMAGES)
    grey = jnp.asarray(IMAGES[0, :, :, :1])
    np.testing.assert_array_equal(jax.jit(ScaleRotate(0.0, 0.0))(key, grey), grey)


def turned_literally(plane, zoom, degrees):
    """Each pixel takes the value where it came from: turned back, shrunk back, about the centre."""
    turn, middle = np.deg2rad(degrees), (np.array(plane.shape) - 1) / 2
    back = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / zoom
    return scipy.ndimage.affine_transform(
        plane.astype(np.float64), back, middle - back @ middle, order=1, mode="nearest"
    )


@pytest.mark.parametrize("to", [0, 1])
@pytest.mark.parametrize(("scale", "degrees"), [(0.3, 0.0), (0.0, 25.0), (0.4, 40.0), (0.9, 180.0)])
def test_zooms_and_turns_as_scipy_does(monkeypatch, key, scale, degrees, to):
    pinned(monkeypatch, to)
    found = jax.jit(ScaleRotate(scale, degrees))(key, jnp.asarray(IMAGES))
    zoom, turn = ((1 - scale, -degrees), (1 + scale, degrees))[to]
    for image, one in zip(IMAGES, found, strict=True):
        for channel in range(3):
            expected = turned_literally(image[..., channel], zoom, turn)
            # Float32 coordinates of up to 9 pixels, values near 1.
            np.testing.assert_allclose(one[..., channel], expected, atol=2e-5)


def test_a_quarter_turn_is_clockwise(monkeypatch, key):
    pinned(monkeypatch, 1)
    square = jnp.asarray(IMAGES[:, :7])
    found = jax.jit(lambda key, image: ScaleRotate(0.0, 90.0)(key, image))(key, square)
    np.testing.assert_allclose(found, np.rot90(square, axes=(2, 1)), atol=1e-5)


def test_what_comes_in_from_outside_is_the_edge_s_colour(monkeypatch, key):
    pinned(monkeypatch, 0)
    image = jnp.asarray(IMAGES[0])
    found = jax.jit(lambda key, image: ScaleRotate(0.9)(key, image))(key, image)  # to a tenth
    found, image = np.asarray(found), np.asarray(image)
    for corner in (np.s_[0, 0], np.s_[0, -1], np.s_[-1, 0], np.s_[-1, -1]):
        np.testing.assert_array_equal(found[corner], image[corner])


def test_zooms_and_turns_are_drawn_evenly_within_their_range():
    """Read off two ramps: `(cos, −sin) / zoom` and `(sin, cos) / zoom` are their slopes."""
    y, x = np.mgrid[:41, :41].astype(np.float32)
    ramps = jnp.asarray(np.stack([y, x], axis=-1))
    transform = jax.jit(jax.vmap(ScaleRotate(0.25, 30.0), (0, None)))
    turned = np.asarray(transform(keys(), ramps))
    down = turned[:, 21, 20] - turned[:, 20, 20]  # (views, ramp)
    zooms = 1 / np.hypot(*down.T)
    turns = np.rad2deg(np.arctan2(down[:, 1], down[:, 0]))
    for drawn, low, high in (
        (np.log(zooms), np.log(0.75), np.log(1.25)),
        (turns, -30.0, 30.0),
    ):
        share = (drawn - low) / (high - low)
        assert share.min() >= -1e-4
        assert share.max() <= 1 + 1e-4
        # 300 even draws: each quarter holds 75, of deviation 7.5.
        counts, _ = np.histogram(np.clip(share, 0, 1), bins=4, range=(0, 1))
        assert (np.abs(counts - MANY / 4) < 4 * 7.5).all()
    assert abs(np.corrcoef(zooms, turns)[0, 1]) < 0.25  # each has a key of its own


def test_gradients_flow_back_to_the_pixels(key):
    transform = ScaleRotate(0.3, 20.0)
    g = RNG.normal(size=IMAGES.shape).astype(np.float32)
    slope = jax.jit(jax.grad(lambda images: jnp.vdot(g, transform(key, images))))
    found = slope(jnp.zeros(IMAGES.shape))
    # The transformation is linear, and this its adjoint.
    expected = np.vdot(g, jax.jit(transform)(key, jnp.asarray(IMAGES)))
    np.testing.assert_allclose(np.vdot(found, IMAGES), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 6, 2), (6, 1, 2)])
def test_a_single_row_or_column(key, shape):
    image = jnp.asarray(RNG.normal(size=shape), jnp.float32)
    found = jax.jit(ScaleRotate(0.3, 20.0))(key, image)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(jax.jit(ScaleRotate())(key, image), image)


# Blur -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.3, 0.7, 1.0, 2.0])
def test_blur_as_scipy_does(sigma):
    found = jax.jit(Blur(sigma))(jnp.asarray(IMAGES))
    radius = int(np.ceil(3 * sigma))
    expected = scipy.ndimage.gaussian_filter(
        IMAGES.astype(np.float64), (0, sigma, sigma, 0), mode="constant", radius=radius
    )
    # Sums of up to 13 × 13 float32 products near 1.
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_blur_of_a_point_is_the_gaussian():
    point = jnp.zeros((15, 13, 1)).at[7, 6].set(1)
    found = np.asarray(jax.jit(Blur(1.0))(point))[..., 0]
    np.testing.assert_allclose(found.sum(), 1, rtol=1e-6)
    np.testing.assert_allclose(found[7, 7] / found[7, 6], np.exp(-0.5), rtol=1e-5)
    np.testing.assert_allclose(found[9, 6] / found[7, 6], np.exp(-2), rtol=1e-5)
    assert found[7, 10] == found[11, 6] == 0


def test_blur_keeps_channels_and_images_apart():
    alone = jnp.asarray(IMAGES).at[0].set(0).at[..., 1:].set(0)
    blur = jax.jit(Blur(1.5))
    found = blur(alone)
    assert not found[0].any()
    assert not found[..., 1:].any()
    np.testing.assert_allclose(found[1, ..., 0], blur(jnp.asarray(IMAGES))[1, ..., 0])


# Compose --------------------------------------------------------------------------------------


def double(key, images):
    return 2 * images


def add(key, images):
    return images + 1


def test_compose_applies_the_first_first(key):
    images = jnp.asarray(IMAGES)
    np.testing.assert_array_equal(Compose(Pixels(), (double, add))(key, images), 2 * images + 1)
    np.testing.assert_array_equal(Compose(Pixels(), (add, double))(key, images), 2 * (images + 1))
    np.testing.assert_array_equal(Compose(Pixels())(key, images), images)


def test_compose_starts_with_the_parameterisation(key):
    fourier = Fourier(7)
    spectrum = jax.random.normal(key, fourier.start((2, 9, 7, 3)).shape)
    found = jax.jit(Compose(fourier, (double,)))(key, spectrum)
    np.testing.assert_array_equal(found, 2 * jax.jit(fourier)(spectrum))


def test_compose_gives_each_a_key_of_its_own(key):
    noise = lambda key, images: images + jax.random.normal(key, images.shape)  # noqa: E731
    zero = jnp.zeros(IMAGES.shape)
    twice = Compose(Pixels(), (noise, noise))(key, zero)
    once = Compose(Pixels(), (noise,))(key, zero)
    assert not np.allclose(twice, 2 * once)
    np.testing.assert_array_equal(twice, Compose(Pixels(), (noise, noise))(key, zero))


def test_equal_ones_are_equal():
    # Or the same recipe would be compiled again.
    for make in (
        lambda: Jitter(3),
        lambda: ScaleRotate(0.1, 2.0),
        lambda: Blur(0.5),
        lambda: Compose(Fourier(8), (ScaleRotate(0.1), Jitter(3))),
    ):
        assert make() == make()
        assert hash(make()) == hash(make())
