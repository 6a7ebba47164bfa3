"""The mean, mean square and variance of maps over noise, against their closed forms."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from vizjax.attribution.expected_gradients import expected_gradients
from vizjax.attribution.gradients import gradient, saliency
from vizjax.attribution.smoothing import smooth, smooth_squared, variance
from vizjax.errors import InputError

RNG = np.random.default_rng(0)
SHAPE = (4, 3, 2)
W = jnp.asarray(RNG.normal(size=(5, *SHAPE)), jnp.float32)
IMAGE = jnp.asarray(RNG.normal(size=SHAPE), jnp.float32)
KEY = jax.random.key(7)
TRANSFORMATIONS = [smooth, smooth_squared, variance]


def linear(image):
    return jnp.tensordot(W, image, 3) + jnp.arange(5.0)


def cube(image):
    return (image**3).sum()[None]


def itself(score_fn, image, label):
    """A method whose map is the image, so that of its noisy copies they are the copies."""
    del score_fn, label
    return image


def copies(image, sigma, samples):
    """What the docstring promises: copy k depends on the key and k only."""
    normal = lambda k: jax.random.normal(jax.random.fold_in(KEY, k), image.shape)  # noqa: E731
    noise = jax.vmap(normal)(jnp.arange(samples))
    return np.asarray(image, float) + sigma * np.asarray(noise, float)


def run(method, score_fn, image, label=0, key=KEY):
    """The random method, compiled."""
    return jax.jit(method, static_argnums=1)(key, score_fn, image, label)


# Closed forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.0, 0.5, 30.0])
def test_a_linear_score_s_gradient_has_no_noise(sigma):
    found = [
        run(transformation(gradient, samples=5, sigma=sigma), linear, IMAGE, 3)
        for transformation in TRANSFORMATIONS
    ]
    np.testing.assert_allclose(found[0], W[3], rtol=1e-6)
    np.testing.assert_allclose(found[1], W[3] ** 2, rtol=1e-6)
    np.testing.assert_allclose(found[2], np.zeros(SHAPE), atol=1e-12)


def test_without_noise_is_the_method_itself():
    maps = [
        run(transformation(saliency, samples=3, sigma=0.0), cube, IMAGE)
        for transformation in TRANSFORMATIONS
    ]
    plain = np.asarray(saliency(cube, IMAGE, 0))
    np.testing.assert_allclose(maps[0], plain, rtol=1e-6)
    np.testing.assert_allclose(maps[1], plain**2, rtol=1e-6)
    np.testing.assert_allclose(maps[2], np.zeros(SHAPE[:2]), atol=1e-10)


SAMPLES, SIGMA = 40_000, 0.8
PLACES = jnp.array([0.0, 0.5, -1.5, 4.0])


@pytest.fixture(scope="module")
def of_the_cube():
    """Mean, mean square and variance of `3·(x + ε)²`, the gradient of the cube."""
    return [
        np.asarray(
            run(transformation(gradient, samples=SAMPLES, sigma=SIGMA, chunk=1000), cube, PLACES),
            float,
        )
        for transformation in TRANSFORMATIONS
    ]


def test_moments_of_the_gradient_of_a_cube(of_the_cube):
    """`(x + ε)²/σ²` is noncentral χ² with λ = x²/σ²: mean 1 + λ, variance 2 + 4λ.

    So `3(x + ε)²` has mean `3(x² + σ²)` and variance `18σ⁴ + 36x²σ²`. Within five standard errors:
    of the mean `√(variance/n)`; of the variance `√((κ − 1)/n)` of it, with the kurtosis
    `κ = 3 + 12(1 + 4λ)/(1 + 2λ)²`.
    """
    x = np.asarray(PLACES, float)
    mean, variance_ = 3 * (x**2 + SIGMA**2), 18 * SIGMA**4 + 36 * x**2 * SIGMA**2
    of_mean = np.sqrt(variance_ / SAMPLES)
    ratio = x**2 / SIGMA**2
    kurtosis = 3 + 12 * (1 + 4 * ratio) / (1 + 2 * ratio) ** 2
    of_variance = np.sqrt((kurtosis - 1) / SAMPLES) * variance_
    assert (np.abs(of_the_cube[0] - mean) < 5 * of_mean).all()
    assert (np.abs(of_the_cube[2] - variance_) < 5 * of_variance).all()
    assert (5 * of_variance < 0.1 * variance_).all()


def test_the_mean_square_is_the_square_of_the_mean_plus_the_variance(of_the_cube):
    mean, squared, variance_ = of_the_cube
    np.testing.assert_allclose(squared, mean**2 + variance_, rtol=1e-4)


@pytest.mark.parametrize("chunk", [1, 3, None])
def test_against_a_loop_over_the_copies(chunk):
    """`x²·w` of each copy literally; the variance is divided by n, not by n − 1."""
    method = lambda score_fn, image, label: image**2 * W[label]  # noqa: E731
    maps = copies(IMAGE, 0.5, 7) ** 2 * np.asarray(W[2], float)
    expected = maps.mean(axis=0), (maps**2).mean(axis=0), maps.var(axis=0)
    for transformation, value in zip(TRANSFORMATIONS, expected, strict=True):
        found = run(transformation(method, samples=7, sigma=0.5, chunk=chunk), linear, IMAGE, 2)
        np.testing.assert_allclose(found, value, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("chunk", [1, 64, None])
def test_a_large_map_that_varies_little_keeps_its_variance(chunk):
    """Deviation 2 about 2¹⁶: float32 squares are 2⁹ apart there, and would drown it."""
    image = jnp.full(SHAPE, 2.0**16)
    found = run(variance(itself, samples=200, sigma=2.0, chunk=chunk), linear, image)
    rounded = copies(image, 2.0, 200).astype(np.float32).astype(float)
    np.testing.assert_allclose(found, rounded.var(axis=0), rtol=2e-3)


# The noise --------------------------------------------------------------------------------------


def test_the_noise_is_normal_with_sigma_in_the_image_s_units():
    image = 100 * IMAGE
    mean = run(smooth(itself, samples=400, sigma=20.0), linear, image)
    spread = run(variance(itself, samples=400, sigma=20.0), linear, image)
    # Five standard errors: σ/√n = 1 of a mean, σ²·√(2/n) = 7 % of a variance.
    np.testing.assert_allclose(mean, image, atol=5)
    np.testing.assert_allclose(spread, 400 * np.ones(SHAPE), rtol=0.35)
    assert len(np.unique(mean - image)) == image.size  # each value has its own


def test_the_first_copies_stay_as_they_are_when_more_are_drawn():
    mean = lambda n: np.asarray(smooth(itself, samples=n, sigma=1.0)(KEY, linear, IMAGE, 0), float)  # noqa: E731
    np.testing.assert_allclose(5 * mean(5) - 4 * mean(4), copies(IMAGE, 1.0, 5)[4], atol=1e-5)


def test_the_same_key_draws_the_same_and_another_another():
    method = smooth(gradient, samples=3, sigma=1.0)
    first, again, other = (method(key, cube, IMAGE, 0) for key in (KEY, KEY, jax.random.key(8)))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other, rtol=0.01)


def test_a_random_method_is_bound_with_its_key():
    """The bound key draws the same for every copy: of one copy it is that copy's own map."""
    baselines = jnp.stack([jnp.zeros(SHAPE), jnp.ones(SHAPE)])
    inner = functools.partial(expected_gradients, jax.random.key(3), baselines=baselines, samples=4)
    found = run(smooth(inner, samples=3, sigma=0.5), cube, IMAGE)
    inner = jax.jit(inner, static_argnums=0)
    each = [inner(cube, jnp.asarray(x, jnp.float32), 0) for x in copies(IMAGE, 0.5, 3)]
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-4, atol=1e-5)


def test_is_itself_smoothed_once_its_key_is_bound():
    once = functools.partial(smooth(itself, samples=2, sigma=0.5), jax.random.key(1))
    found = smooth(once, samples=3, sigma=2.0)(KEY, linear, IMAGE, 0)
    inner = np.asarray(once(linear, jnp.zeros(SHAPE), 0))
    np.testing.assert_allclose(found, copies(IMAGE, 2.0, 3).mean(axis=0) + inner, atol=1e-5)


# Cost -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transformation", [smooth, variance])
def test_the_chunk_changes_nothing_and_labels_share_the_noise(transformation):
    def run(chunk):
        method = transformation(saliency, samples=5, sigma=20.0, chunk=chunk)
        return jax.jit(jax.vmap(method, (None, None, None, 0)))(
            KEY, tiny.network(), tiny.image(), jnp.array([2, 5])
        )

    whole = run(None)
    assert whole.shape == (2, *tiny.SIZE)
    np.testing.assert_allclose(run(3), whole, rtol=1e-4, atol=1e-5 * float(whole.max()))


@pytest.mark.parametrize("transformation", [smooth, variance])
def test_memory_is_that_of_a_chunk_whatever_the_samples(transformation):
    network, image = tiny.network(size=(64, 48)), tiny.image(size=(64, 48))

    def temporary(samples, chunk):
        method = transformation(gradient, samples=samples, sigma=20.0, chunk=chunk)
        return tiny.temporary_bytes(method, KEY, network, image, jnp.array(1))

    two = temporary(32, 2)
    assert two < temporary(32, None) / 6
    assert temporary(128, 2) < 1.05 * two


def test_labels_share_the_forward_passes():
    network, image = tiny.network(), tiny.image()
    method = smooth(gradient, samples=8, sigma=20.0)
    forward = tiny.flops(jax.vmap(network), jnp.zeros((8, *tiny.SIZE, 3)))
    one = tiny.flops(method, KEY, network, image, jnp.array(0))
    mapped = jax.vmap(method, (None, None, None, 0))
    seven = tiny.flops(mapped, KEY, network, image, jnp.arange(7))
    assert seven <= 1.02 * (forward + 7 * (one - forward))


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sigma": -1.0}, "`sigma` is -1.0; expected a finite standard deviation"),
        ({"sigma": float("nan")}, "`sigma` is nan"),
        ({"sigma": float("inf")}, "`sigma` is inf"),
        ({"sigma": 1.0, "samples": 0}, "`samples` is 0; expected .* at least 1"),
        ({"sigma": 1.0, "chunk": 0}, "`chunk` is 0; expected .* at least 1"),
    ],
)
def test_refuses_what_makes_no_noise_before_it_is_called(transformation, options, message):
    with pytest.raises(InputError, match=message):
        transformation(gradient, **options)


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_refuses_integers(transformation):
    image = jnp.zeros(SHAPE, jnp.uint8)
    with pytest.raises(InputError, match="`image` is of uint8; expected floating point"):
        transformation(gradient, sigma=1.0)(KEY, linear, image, 0)
