"""Pixels and Fourier coefficients: single waves by their formula, spectra against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax.ascent import Fourier, Pixels
from vizjax.ascent.parameterisations import COLOUR_BASIS
from vizjax.errors import InputError

SIZES = [(6, 8), (8, 5), (5, 7), (7, 6)]
UNBOUNDED = 1e6


def one_coefficient(fourier, height, at, value=1.0):
    """The image of a spectrum of zeros but for one number: (row, column, colour, re or im)."""
    spectrum = fourier.start((1, height, fourier.width, 3)).at[(0, *at)].set(value)
    return np.asarray(jax.jit(fourier)(spectrum)[0])


def amplitude(image):
    """The amplitude of a wave of one colour of the basis, in units of that colour."""
    colours = image.reshape(-1, 3) @ np.linalg.inv(COLOUR_BASIS).T
    return np.sqrt(2 * (colours**2).mean(axis=0).sum())


def test_pixels_are_the_images():
    images = Pixels().start((2, 5, 4, 1))
    assert (images.shape, images.dtype) == ((2, 5, 4, 1), jnp.float32)
    assert not images.any()
    assert Pixels()(images) is images


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_starts_at_the_zero_image(height, width):
    fourier = Fourier(width)
    images = jax.jit(fourier)(fourier.start((2, height, width, 3)))
    assert (images.shape, images.dtype) == ((2, height, width, 3), jnp.float32)
    np.testing.assert_array_equal(images, 0)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_of_a_whole_spectrum_against_numpy(height, width):
    """`I = b·tanh(C·F⁻¹(z / f^decay) / b)`, image by image and colour by colour."""
    fourier = Fourier(width, decay=0.7, bound=90.0)
    rng = np.random.default_rng(0)
    spectrum = rng.normal(size=(2, height, width // 2 + 1, 3, 2))
    found = np.asarray(jax.jit(fourier)(jnp.asarray(spectrum, jnp.float32)))
    for image, z in zip(found, spectrum[..., 0] + 1j * spectrum[..., 1], strict=True):
        colours = np.zeros((height, width, 3))
        for row, column, colour in np.ndindex(*z.shape):
            y = row if 2 * row <= height else row - height
            f = max(1.0, max(height, width) * np.hypot(y / height, column / width))
            z[row, column, colour] /= f**0.7
        for colour in range(3):
            colours[..., colour] = np.fft.irfft2(z[..., colour], (height, width))
        expected = 90 * np.tanh(colours * height * width @ COLOUR_BASIS.T / 90)
        # Float32, against values near 90.
        np.testing.assert_allclose(image, expected, atol=2e-3)


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("frequency", [(0, 1), (2, 3), (-2, 1), (1, 2)])
def test_one_coefficient_is_a_wave(frequency, part):
    """Of height ≠ width, of whole cycles down and across, of one colour of the basis."""
    (down, across), height, width, colour = frequency, 9, 8, 1
    fourier = Fourier(width, decay=0.0, bound=UNBOUNDED)
    found = one_coefficient(fourier, height, (down % height, across, colour, part), 0.5)
    y, x = np.mgrid[:height, :width]
    phase = 2 * np.pi * (down * y / height + across * x / width)
    wave = np.cos(phase) if part == 0 else -np.sin(phase)
    expected = 2 * 0.5 * wave[..., None] * COLOUR_BASIS[:, colour]
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("decay", [0.0, 0.5, 1.0, 2.0])
def test_the_amplitude_falls_as_a_power_of_the_frequency(decay):
    fourier = Fourier(32, decay=decay, bound=UNBOUNDED)
    two, eight = (amplitude(one_coefficient(fourier, 24, (0, f, 0, 0))) for f in (2, 8))
    np.testing.assert_allclose(two / eight, 4**decay, rtol=1e-4)
    # Frequencies are in cycles of the longer side, in any direction: 6 of 24 rows are 8 of 32.
    down = amplitude(one_coefficient(fourier, 24, (6, 1, 0, 0)))
    across = amplitude(one_coefficient(fourier, 24, (0, 8, 0, 0)))
    np.testing.assert_allclose(down / across, (8 / np.hypot(8, 1)) ** decay, rtol=1e-4)


def test_neither_the_mean_nor_the_lowest_frequency_is_divided():
    fourier = Fourier(8, decay=1.0, bound=UNBOUNDED)
    np.testing.assert_allclose(amplitude(one_coefficient(fourier, 6, (0, 1, 2, 0))), 2, rtol=1e-4)
    flat = one_coefficient(fourier, 6, (0, 0, 2, 0))
    expected = np.broadcast_to(COLOUR_BASIS[:, 2], flat.shape)
    np.testing.assert_allclose(flat, expected, rtol=1e-4)


def test_stays_within_the_bound_and_near_zero_is_linear():
    fourier = jax.jit(Fourier(7, bound=50.0))
    spectrum = jax.random.normal(jax.random.key(0), Fourier(7).start((1, 6, 7, 3)).shape)
    linear = np.asarray(jax.jit(Fourier(7, bound=UNBOUNDED))(spectrum))
    assert np.abs(linear).max() > 100
    images = np.asarray(fourier(spectrum))
    assert np.abs(images).max() <= 50
    np.testing.assert_allclose(images, 50 * np.tanh(linear / 50), atol=1e-3)
    small = np.asarray(fourier(1e-3 * spectrum))
    np.testing.assert_allclose(small, 1e-3 * linear, rtol=1e-3, atol=1e-6)
    assert np.abs(np.asarray(fourier(1e6 * spectrum))).max() <= 50


@pytest.mark.parametrize(("height", "width"), SIZES[:2])
def test_the_gradient_at_zero_is_the_adjoint(height, width):
    """`⟨g, F⁻¹z⟩ = ⟨F⁻¹* g, z⟩`; finite where the ascent starts."""
    fourier = Fourier(width)
    g, z = jax.random.split(jax.random.key(0))
    start = fourier.start((2, height, width, 3))
    g = jax.random.normal(g, (2, height, width, 3))
    z = 1e-4 * jax.random.normal(z, start.shape)
    gradient = jax.jit(jax.grad(lambda spectrum: jnp.vdot(g, fourier(spectrum))))(start)
    assert np.isfinite(gradient).all()
    image = jax.jit(fourier)(z)
    np.testing.assert_allclose(np.vdot(gradient, z), np.vdot(g, image), rtol=1e-3)


def test_the_colours_are_those_of_photographs():
    """A basis of orthogonal directions, the first of which is grey and by far the strongest."""
    lengths = np.linalg.norm(COLOUR_BASIS, axis=0)
    directions = COLOUR_BASIS / lengths
    np.testing.assert_allclose(directions.T @ directions, np.eye(3), atol=2e-3)
    np.testing.assert_allclose(np.abs(directions[:, 0]), 3**-0.5, atol=0.02)
    assert lengths[0] > 3 * lengths[1] > 3 * lengths[2]


def test_equal_ones_are_equal():
    # Or the same recipe would be compiled again.
    assert Fourier(8, 1.0) == Fourier(8, 1.0)
    assert hash(Fourier(8, 1.0)) == hash(Fourier(8, 1.0))
    assert Fourier(8) != Fourier(9)


def test_refuses_what_is_not_rgb():
    with pytest.raises(InputError, match=r"`shape` is .*; expected 3 channels"):
        Fourier(8).start((1, 6, 8, 1))
