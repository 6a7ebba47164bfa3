"""Infidelity and sensitivity, in closed form and for the same draws in NumPy."""

import functools
import inspect
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax.attribution import gradient
from vizjax.errors import InputError
from vizjax.evaluation import gaussian, infidelity, sensitivity_max

RNG = np.random.default_rng(0)
SIZE = (5, 4, 3)
IMAGE = RNG.normal(size=SIZE)
WEIGHTS = RNG.normal(size=(2, *SIZE))
MAP = RNG.normal(size=SIZE)


INFIDELITY = jax.jit(infidelity, static_argnums=1, static_argnames=("perturb", "samples", "chunk"))
SENSITIVITY = jax.jit(
    sensitivity_max, static_argnums=(1, 2), static_argnames=("radius", "samples", "chunk")
)
NOISE = gaussian(0.4)


@pytest.fixture(scope="module", autouse=True)
def quickly_compiled():
    """What takes the time here is to compile, not to run."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def f32(array):
    return jnp.asarray(array, jnp.float32)


def linear(image):
    return jnp.tensordot(f32(WEIGHTS), image, 3) + 7


def curved(image):
    return jnp.tensordot(f32(WEIGHTS), jnp.sin(image), 3)


def drawn(key, draw, samples):
    """What `draw` makes of each sample's key."""
    keys = jax.vmap(functools.partial(jax.random.fold_in, key))(jnp.arange(samples))
    return np.asarray(jax.jit(jax.vmap(draw))(keys), np.float64)


def test_of_a_linear_score_the_weights_are_perfect(key):
    for scale in (1.0, 3.0):
        attribution = f32(scale * WEIGHTS[1])
        found = INFIDELITY(key, linear, f32(IMAGE), attribution, 1, perturb=NOISE, samples=4000)
        # E[((scale − 1) wᵀ I)²], of 4000 squares of normal values: deviation 2 %.
        expected = (scale - 1) ** 2 * 0.4**2 * np.sum(WEIGHTS[1] ** 2)
        assert found.value == pytest.approx(expected, rel=0.1, abs=1e-9)
        assert found.scale == pytest.approx(1 / scale, rel=1e-4)
        assert found.scaled == pytest.approx(0, abs=1e-9)


def cube(x):
    return x**3


@pytest.mark.parametrize("attribution", [3.0, 3.48, -1.0])
def test_of_a_cubic_score_in_closed_form(key, attribution):
    """Of `f = x³` at 1, `f(x) − f(x − I) = 3 I − 3 I² + I³`, whose moments are known.

    With `d = 3 − Φ`: `d² σ² + 6 d σ⁴ + 27 σ⁴ + 15 σ⁶`, least for `Φ = 3 (1 + σ²)`: SmoothGrad's.
    """
    sigma, d = 0.4, 3 - attribution
    found = INFIDELITY(
        key, cube, jnp.ones(1), jnp.array([attribution]), 0, perturb=NOISE, samples=100_000
    )
    expected = d**2 * sigma**2 + 6 * d * sigma**4 + 27 * sigma**4 + 15 * sigma**6
    assert found.value == pytest.approx(expected, rel=0.1)
    assert found.scale * attribution == pytest.approx(3 * (1 + sigma**2), rel=0.05)


def test_infidelity_is_the_formula_for_the_same_draws(key):
    def square(key, image):
        """What is within a random 2×2 square, to be removed."""
        row, column = jax.random.randint(key, (2,), 0, jnp.array([4, 3]))
        rows, columns = jnp.arange(5)[:, None, None], jnp.arange(4)[None, :, None]
        inside = (rows // 2 == row // 2) & (columns // 2 == column // 2)
        return jnp.where(inside, image, 0)

    def score(image):
        return np.sum(WEIGHTS[1] * np.sin(image))

    for perturb, samples in ((NOISE, 1), (square, 4)):
        found = INFIDELITY(
            key, curved, f32(IMAGE), f32(MAP), 1, perturb=perturb, samples=samples, chunk=2
        )
        draws = drawn(key, lambda one, perturb=perturb: perturb(one, f32(IMAGE)), samples)
        predicted = np.array([np.sum(draw * MAP) for draw in draws])
        falls = np.array([score(IMAGE) - score(IMAGE - draw) for draw in draws])
        scale = np.sum(predicted * falls) / np.sum(predicted**2)
        np.testing.assert_allclose(found.value, np.mean((predicted - falls) ** 2), rtol=1e-4)
        np.testing.assert_allclose(found.scale, scale, rtol=1e-4)
        expected = np.mean((scale * predicted - falls) ** 2)
        np.testing.assert_allclose(found.scaled, expected, rtol=1e-3, atol=1e-6)


def test_of_a_zero_attribution_the_scale_is_zero(key):
    found = INFIDELITY(key, curved, f32(IMAGE), jnp.zeros(SIZE), 1, perturb=NOISE, samples=8)
    assert found.scale == 0
    assert found.value == found.scaled > 0


def test_a_map_that_does_not_depend_on_the_image_holds_still(key):
    found = SENSITIVITY(key, gradient, linear, f32(IMAGE), 0, radius=0.5, samples=6)
    assert found == 0


def test_sensitivity_is_the_formula_for_the_same_draws(key):
    """The gradient of `wᵀ sin x` is `w cos x`."""
    samples = 7
    uniform = functools.partial(
        jax.random.uniform, shape=SIZE, dtype=jnp.float32, minval=-1, maxval=1
    )
    draws = drawn(key, uniform, samples)
    assert draws.min() < -0.9 < 0.9 < draws.max()
    reference = WEIGHTS[1] * np.cos(IMAGE)
    changes = WEIGHTS[1] * np.cos(IMAGE + 0.2 * draws) - reference
    expected = np.sqrt(np.sum(changes**2, axis=(1, 2, 3)).max() / np.sum(reference**2))
    found = SENSITIVITY(key, gradient, curved, f32(IMAGE), 1, radius=0.2, samples=samples)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_sensitivity_approaches_the_maximum(key):
    """Of one pixel and `f = x²/2`, `|δ| / |x|` is at most r over x."""
    found = SENSITIVITY(
        key, gradient, lambda x: x**2 / 2, jnp.array([4.0]), 0, radius=1.0, samples=3000
    )
    assert 0.995 / 4 < found <= 1 / 4


def test_scale_does_not_count(key):
    @jax.jit
    def scaled(scale):
        method = lambda *arguments: scale * gradient(*arguments)  # noqa: E731
        return sensitivity_max(key, method, curved, f32(IMAGE), 1, radius=0.2, samples=7)

    for scale in (1e-30, 1e30):
        np.testing.assert_allclose(scaled(scale), scaled(1.0), rtol=1e-5)


def test_where_the_map_is_zero_the_change_itself_is_returned(key):
    def rectified(score_fn, x, label):
        return jnp.maximum(x, 0) * jnp.ones(4)

    for x, low, high in ((0.0, 2 * 0.9, 2), (-5.0, 0, 0)):
        found = SENSITIVITY(key, rectified, curved, jnp.array(x), 0, radius=1.0, samples=200)
        assert low <= found <= high


def test_chunks_keys_and_several_images(key):
    """Chunks and vmap change the last bits at most; another key, the draws."""
    image = jnp.stack([f32(IMAGE), f32(IMAGE[::-1])])
    attribution = jnp.stack([f32(MAP), f32(MAP)])

    def both(key, image, attribution, chunk=None):
        return (
            *infidelity(key, curved, image, attribution, 1, perturb=NOISE, samples=7, chunk=chunk),
            sensitivity_max(key, gradient, curved, image, 1, radius=0.2, samples=7, chunk=chunk),
        )

    compiled = jax.jit(both, static_argnames="chunk")
    alone = compiled(key, image[0], attribution[0])
    mapped = jax.jit(jax.vmap(functools.partial(both, key)))(image, attribution)
    np.testing.assert_allclose([one[0] for one in mapped], alone, rtol=1e-4)
    chunked = compiled(key, image[0], attribution[0], chunk=3)
    np.testing.assert_allclose(chunked, alone, rtol=1e-4)
    other = np.array(compiled(jax.random.key(1), image[0], attribution[0]))
    assert (np.abs(other / np.array(alone) - 1) > 1e-3).all()


def test_refuses(key):
    arguments = key, curved, f32(IMAGE), f32(MAP), 1
    unchecked = inspect.unwrap(infidelity)  # the tests' own check of shapes would refuse first
    with pytest.raises(InputError, match=r"`attribution` has shape \(5, 4\); expected \(5, 4, 3\)"):
        unchecked(key, curved, f32(IMAGE), f32(MAP[..., 0]), 1, perturb=gaussian(1.0))
    with pytest.raises(InputError, match="`samples` is 0"):
        infidelity(*arguments, perturb=gaussian(1.0), samples=0)
    with pytest.raises(InputError, match="`chunk` is 0"):
        infidelity(*arguments, perturb=gaussian(1.0), samples=3, chunk=0)
    for sigma in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(InputError, match=f"`sigma` is {sigma}"):
            gaussian(sigma)
    for radius in (-1.0, math.inf, math.nan):
        with pytest.raises(InputError, match=f"`radius` is {radius}"):
            sensitivity_max(key, gradient, curved, f32(IMAGE), 1, radius=radius)
    with pytest.raises(InputError, match="`samples` is 0"):
        sensitivity_max(key, gradient, curved, f32(IMAGE), 1, radius=1.0, samples=0)
