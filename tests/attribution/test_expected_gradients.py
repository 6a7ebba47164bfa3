"""Expected gradients: exact at given draws, and the right draws."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from vizjax.attribution.expected_gradients import expected_gradients, expected_gradients_at
from vizjax.attribution.gradients import gradient
from vizjax.attribution.integrated_gradients import completeness_error, integrated_gradients
from vizjax.errors import InputError

RNG = np.random.default_rng(0)
SHAPE = (4, 3, 2)
W = jnp.asarray(RNG.normal(size=(5, *SHAPE)), jnp.float32)
IMAGE = jnp.asarray(RNG.normal(size=SHAPE), jnp.float32)
BASELINES = jnp.asarray(RNG.normal(size=(3, *SHAPE)), jnp.float32)
ALPHAS = jnp.array([0.25, 0.9, 0.0])
KEY = jax.random.key(7)


def assert_close(found, expected):
    """Float32, of values near 1."""
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def linear(image):
    return jnp.tensordot(W, image, 3) + jnp.arange(5.0)


def square(image):
    return (image**2).sum()[None] / 2


# At given draws ---------------------------------------------------------------------------------


def test_of_a_linear_score_is_its_weights_times_the_mean_way():
    found = expected_gradients_at(linear, IMAGE, 3, baselines=BASELINES, alphas=ALPHAS)
    assert_close(found, W[3] * (IMAGE - BASELINES.mean(axis=0)))


def test_of_a_square_is_the_way_times_the_place_on_it():
    """The gradient of `x²/2` is x: `mean of (x − b)·(b + α(x − b))`."""
    found = expected_gradients_at(square, IMAGE, 0, baselines=BASELINES, alphas=ALPHAS)
    x, b, alphas = (np.asarray(array, float) for array in (IMAGE, BASELINES, ALPHAS))
    expected = np.mean([(x - b[k]) * (b[k] + alphas[k] * (x - b[k])) for k in range(3)], axis=0)
    assert_close(found, expected)


def test_of_a_network_against_a_loop():
    network, image = tiny.network(), tiny.image()
    baselines = jnp.stack([tiny.image(seed) for seed in (3, 4, 5)])
    slope = jax.jit(gradient)
    expected = np.zeros((*tiny.SIZE, 3))
    for baseline, alpha in zip(baselines, ALPHAS.tolist(), strict=True):
        way = np.asarray(image - baseline)
        expected += way * slope(network, baseline + alpha * (image - baseline), 4) / 3
    method = jax.jit(functools.partial(expected_gradients_at, baselines=baselines, alphas=ALPHAS))
    scale = float(np.abs(expected).max())  # of sums in another order
    np.testing.assert_allclose(method(network, image, 4), expected, rtol=1e-4, atol=1e-5 * scale)


def test_at_the_nodes_of_an_even_rule_is_integrated_gradients():
    network, image = tiny.network(), tiny.image()
    baseline, nodes = tiny.image(2), jnp.asarray((np.arange(8) + 0.5) / 8, jnp.float32)
    expected = jax.jit(
        functools.partial(integrated_gradients, baselines=baseline, rule="middle", steps=8)
    )(network, image, 1)
    copies = jnp.broadcast_to(baseline, (8, *baseline.shape))
    found = jax.jit(functools.partial(expected_gradients_at, baselines=copies, alphas=nodes))(
        network, image, 1
    )
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * scale)


# The draws --------------------------------------------------------------------------------------


def single_draws():
    """20 000 draws of one sample each, read off two pixels whose gradients give them away.

    The score is `p + q²/2` at (1, 1); its map at baseline b and place α is
    `(1 − b_p, (1 − b_q)·(b_q + α(1 − b_q)))`.
    """
    baselines = jnp.array([[0.0, 0.5], [2.0, -1.0], [3.0, 0.0], [4.0, -3.0]])
    score_fn = lambda x: (x[0] + x[1] ** 2 / 2)[None]  # noqa: E731

    def one(key):
        method = functools.partial(expected_gradients, baselines=baselines, samples=1)
        return method(key, score_fn, jnp.ones(2), 0)

    maps = np.asarray(jax.jit(jax.vmap(one))(jax.random.split(KEY, 20_000)), float)
    which = np.searchsorted([0, 2, 3, 4], 1 - maps[:, 0])
    b = np.asarray(baselines, float)[which, 1]
    return which, (maps[:, 1] / (1 - b) - b) / (1 - b)


def test_draws_are_even_over_baselines_and_ways_and_independent():
    which, alphas = single_draws()
    share = np.bincount(which, minlength=4) / len(which)
    # Five standard errors, √(¼·¾/20 000) = 0.0031; Kolmogorov's bound at 1e-6 is 2.7/√n.
    np.testing.assert_allclose(share, 0.25, atol=5 * 0.0031)
    assert ((alphas > -1e-5) & (alphas < 1 + 1e-5)).all()
    for baseline in range(4):
        drawn = np.sort(alphas[which == baseline])
        assert np.abs(drawn - np.linspace(0, 1, len(drawn))).max() < 2.7 / len(drawn) ** 0.5


def test_of_a_linear_score_with_one_baseline_is_exact_whatever_the_draws():
    method = functools.partial(expected_gradients, baselines=BASELINES[:1], samples=4)
    found = method(KEY, linear, IMAGE, 2)
    assert_close(found, W[2] * (IMAGE - BASELINES[0]))


def test_in_expectation_is_the_mean_of_integrated_gradients():
    """Of `x²/2` from b: mean `(x² − b²)/2`, and within five standard errors of 20 000 draws."""
    method = functools.partial(expected_gradients, baselines=BASELINES, samples=20_000, chunk=1000)
    found = jax.jit(method, static_argnums=1)(KEY, square, IMAGE, 0)
    x, b = np.asarray(IMAGE, float), np.asarray(BASELINES, float)
    expected = ((x**2 - b**2) / 2).mean(axis=0)
    # Given b the map is even between (x − b)·b and (x − b)·x.
    second = ((x - b) ** 2 * (x**2 + x * b + b**2) / 3).mean(axis=0)
    error = np.sqrt((second - expected**2) / 20_000)
    assert (np.abs(found - expected) < 5 * error).all()
    # Complete in expectation: the sum's own error is at most that of all values together.
    lack = completeness_error(square, IMAGE, 0, found, baselines=BASELINES)
    assert abs(lack.item()) < 5 * error.sum()
    assert error.sum() < 0.2


def test_the_same_key_draws_the_same_and_another_another():
    method = functools.partial(expected_gradients, baselines=BASELINES, samples=5)
    first, again, other = (method(key, square, IMAGE, 0) for key in (KEY, KEY, jax.random.key(8)))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other, rtol=0.01)


def test_the_chunk_changes_nothing_and_labels_share_the_draws():
    network, image = tiny.network(), tiny.image()
    baselines = jnp.stack([tiny.image(seed) for seed in (3, 4)])

    def run(chunk):
        method = functools.partial(expected_gradients, baselines=baselines, samples=7, chunk=chunk)
        return jax.jit(jax.vmap(method, (None, None, None, 0)))(
            KEY, network, image, jnp.array([2, 5])
        )

    whole = run(None)
    scale = float(np.abs(whole).max())
    np.testing.assert_allclose(run(3), whole, rtol=1e-4, atol=1e-5 * scale)


def test_memory_is_that_of_a_chunk_whatever_the_samples():
    network, image = tiny.network(size=(64, 48)), tiny.image(size=(64, 48))
    baselines = jnp.stack([jnp.zeros_like(image), image[::-1]])

    def temporary(samples, chunk):
        def method(key, network, image, baselines):
            return expected_gradients(
                key, network, image, 1, baselines=baselines, samples=samples, chunk=chunk
            )

        return tiny.temporary_bytes(method, KEY, network, image, baselines)

    two = temporary(32, 2)
    assert two < temporary(32, None) / 8
    assert temporary(128, 2) < 1.05 * two


def test_labels_share_the_forward_passes():
    network, image = tiny.network(), tiny.image()
    baselines = jnp.stack([tiny.image(seed) for seed in (3, 4)])
    method = functools.partial(expected_gradients, baselines=baselines, samples=8)
    forward = tiny.flops(jax.vmap(network), jnp.zeros((8, *tiny.SIZE, 3)))
    one = tiny.flops(method, KEY, network, image, jnp.array(0))
    mapped = jax.vmap(method, (None, None, None, 0))
    seven = tiny.flops(mapped, KEY, network, image, jnp.arange(7))
    assert seven <= 1.02 * (forward + 7 * (one - forward))


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [SHAPE, (2, 3, 4, 2), (0, *SHAPE), (2, 4, 3), (1, 1, *SHAPE)])
def test_refuses_baselines_that_are_no_stack_of_images(shape):
    baselines = jnp.zeros(shape)
    with pytest.raises(InputError, match="`baselines` is of shape"):
        expected_gradients(KEY, linear, IMAGE, 0, baselines=baselines)
    with pytest.raises(InputError, match="`baselines` is of shape"):
        expected_gradients_at(linear, IMAGE, 0, baselines=baselines, alphas=ALPHAS)


@pytest.mark.parametrize("shape", [(), (2,), (4,), (3, 1)])
def test_refuses_another_number_of_places_than_of_baselines(shape):
    with pytest.raises(InputError, match=r"`alphas` is of shape .*; expected .*\(3,\)"):
        expected_gradients_at(linear, IMAGE, 0, baselines=BASELINES, alphas=jnp.zeros(shape))


@pytest.mark.parametrize("name", ["samples", "chunk"])
@pytest.mark.parametrize("count", [0, -1])
def test_refuses_no_samples_and_no_chunk(name, count):
    with pytest.raises(InputError, match=f"`{name}` is {count}; expected .* at least 1"):
        expected_gradients(KEY, linear, IMAGE, 0, baselines=BASELINES, **{name: count})


@pytest.mark.parametrize("name", ["image", "baselines", "alphas"])
def test_refuses_integers(name):
    unchecked = inspect.unwrap(expected_gradients_at)  # the tests' check of types refuses first
    arguments = {"image": IMAGE, "baselines": BASELINES, "alphas": ALPHAS}
    arguments[name] = arguments[name].astype(jnp.uint8)
    with pytest.raises(InputError, match=f"`{name}` is of uint8; expected floating point"):
        unchecked(linear, label=0, **arguments)
