"""Integrated gradients against integrals solved by hand, and completeness."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage
import tiny

from vizjax.attribution.gradients import gradient_times_input
from vizjax.attribution.integrated_gradients import (
    QUADRATURES,
    completeness_error,
    integrated_gradients,
    integrated_gradients_and_error,
    quadrature,
)
from vizjax.errors import InputError

RNG = np.random.default_rng(0)
SHAPE = (4, 3, 2)
W = jnp.asarray(RNG.normal(size=(5, *SHAPE)), jnp.float32)
B = jnp.asarray(RNG.normal(size=5), jnp.float32)
IMAGE = jnp.asarray(RNG.normal(size=SHAPE), jnp.float32)
BASELINES = jnp.asarray(RNG.normal(size=(3, *SHAPE)), jnp.float32)


def assert_close(found, expected):
    """Float32, of values near 1."""
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def linear(image):
    """`S_c = w_c·x + b_c`."""
    return jnp.tensordot(W, image, 3) + B


def power(degree):
    """`S_0 = Σ w x^degree` with the weights of class 0."""
    return lambda image: (W[0] * image**degree).sum()[None]


def run(score_fn, image, label=0, **options):
    """Compiled; the image is an argument."""
    method = functools.partial(integrated_gradients, **options)
    return jax.jit(method, static_argnums=0)(score_fn, image, label)


# The rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "steps", "nodes", "weights"),
    [
        ("left", 4, [0, 0.25, 0.5, 0.75], [0.25] * 4),
        ("right", 4, [0.25, 0.5, 0.75, 1], [0.25] * 4),
        ("middle", 4, [0.125, 0.375, 0.625, 0.875], [0.25] * 4),
        ("trapezoid", 5, [0, 0.25, 0.5, 0.75, 1], [0.125, 0.25, 0.25, 0.25, 0.125]),
        ("trapezoid", 2, [0, 1], [0.5, 0.5]),
        ("gauss_legendre", 1, [0.5], [1]),
        ("gauss_legendre", 2, [0.5 - 1 / 12**0.5, 0.5 + 1 / 12**0.5], [0.5, 0.5]),
        ("gauss_legendre", 3, [0.5 - 0.15**0.5, 0.5, 0.5 + 0.15**0.5], [5 / 18, 8 / 18, 5 / 18]),
    ],
)
def test_nodes_and_weights(rule, steps, nodes, weights):
    found = quadrature(rule, steps)
    np.testing.assert_allclose(found[0], nodes, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(found[1], weights, rtol=1e-14)


@pytest.mark.parametrize("rule", QUADRATURES)
@pytest.mark.parametrize("steps", [2, 7, 300])
def test_weights_add_up_to_one(rule, steps):
    nodes, weights = quadrature(rule, steps)
    assert nodes.shape == weights.shape == (steps,)
    assert ((nodes >= 0) & (nodes <= 1)).all()
    np.testing.assert_allclose(weights.sum(), 1, rtol=1e-12)


# Closed forms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", QUADRATURES)
@pytest.mark.parametrize("steps", [2, 5])
def test_of_a_linear_score_is_its_weights_times_the_way(rule, steps):
    method = functools.partial(run, linear, IMAGE, 3, rule=rule, steps=steps)
    assert_close(method(), W[3] * IMAGE)
    way = IMAGE - BASELINES[0]
    assert_close(method(baselines=BASELINES[0]), W[3] * way)
    way = IMAGE - BASELINES.mean(axis=0)
    assert_close(method(baselines=BASELINES), W[3] * way)


@pytest.mark.parametrize("steps", [2, 5])
@pytest.mark.parametrize("rule", ["middle", "trapezoid", "gauss_legendre"])
def test_of_a_square_is_exact(rule, steps):
    """`∫ 2(b + α(x−b)) dα · (x−b) = x² − b²`, a gradient of degree 1."""
    found = run(power(2), IMAGE, baselines=BASELINES[0], rule=rule, steps=steps)
    assert_close(found, W[0] * (IMAGE**2 - BASELINES[0] ** 2))


def test_left_and_right_miss_a_square_by_the_step():
    """From black: `Σ_k 2x²·k/n · 1/n = x²·(n ∓ 1)/n`, k from 0 or from 1."""
    for rule, share in (("left", 3 / 4), ("right", 5 / 4)):
        found = run(power(2), IMAGE, rule=rule, steps=4)
        assert_close(found, share * W[0] * IMAGE**2)


@pytest.mark.parametrize(("rule", "share"), [("middle", 1 - 1 / 64), ("trapezoid", 1 + 1 / 98)])
def test_middle_and_trapezoid_miss_a_cube_by_the_square_of_the_step(rule, share):
    """From black: `3x³·∫α²dα` is off by `−h²/12` and `+h²/6` of 1/3; h is 1/4 and 1/7."""
    found = run(power(3), IMAGE, rule=rule, steps={"middle": 4}.get(rule, 8))
    assert_close(found, share * W[0] * IMAGE**3)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_gauss_legendre_is_exact_to_degree_2n_minus_1_and_no_further(steps):
    """The gradient of `x^(2n)` is of degree 2n − 1; `∫ = x^(2n) − b^(2n)`, value by value."""
    method = functools.partial(run, baselines=BASELINES[1], steps=steps)
    for degree in range(1, 2 * steps + 1):
        expected = W[0] * (IMAGE**degree - BASELINES[1] ** degree)
        np.testing.assert_allclose(method(power(degree), IMAGE), expected, rtol=1e-4, atol=1e-4)
    degree = 2 * steps + 1
    expected = W[0] * (IMAGE**degree - BASELINES[1] ** degree)
    assert np.abs(method(power(degree), IMAGE) - expected).max() > 1e-2


# Three rectifiers of two values: from black to x their inputs rise from c to c + Vx.
V = jnp.array([[2.0, -1.0], [-1.0, -1.0], [1.0, 1.0]])
C = jnp.array([-2.0, 3.0, 1.0])
U = jnp.array([3.0, -2.0, 0.5])
X = jnp.array([3.0, 2.0])


def rectified(x):
    return (U * jax.nn.relu(V @ x + C)).sum()[None] + 7


def test_across_kinks_is_the_time_that_each_rectifier_is_on():
    """The inputs are −2 + 4α, on from ½; 3 − 5α, on until 3/5; 1 + 5α, always on.

    `IG = x · Σ_j u_j v_j · time_j`: (3, 2) · (3·(2, −1)·½ − 2·(−1, −1)·3/5 + ½·(1, 1)). It adds up
    to the rise from −2·3 + ½·1 to 3·2 + ½·6.
    """
    expected = np.array([3 * (3 + 1.2 + 0.5), 2 * (-1.5 + 1.2 + 0.5)])
    assert expected.sum() == pytest.approx(9 - -5.5)
    # Ten steps have their edges at both kinks, so that the rectangles' middles make no error.
    found = integrated_gradients(rectified, X, 0, rule="middle", steps=10)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    # Elsewhere a kink costs at most its jump for the weight of one node.
    for rule in QUADRATURES:
        for steps in (10, 37):
            found = run(rectified, X, rule=rule, steps=steps)
            jumps = np.abs(np.asarray(X) * np.asarray(U[:2, None] * V[:2])).sum(axis=0)
            bound = jumps * quadrature(rule, steps)[1].max() + 1e-4
            assert (np.abs(found - expected) <= bound).all()


def test_what_the_score_does_not_see_gets_nothing_and_equal_parts_get_equal_shares():
    score_fn = lambda x: jnp.stack([jnp.tanh(x[0] + x[2]) + 0 * x[1], x[1]])  # noqa: E731
    found = integrated_gradients(score_fn, jnp.array([0.7, 9.0, 0.7]), 0)
    np.testing.assert_allclose(found, [np.tanh(1.4) / 2, 0, np.tanh(1.4) / 2], rtol=1e-5)


def test_of_a_smooth_network_against_a_fine_sum_of_finite_differences():
    """Literally, in float64 NumPy: `(x − b)·Σ ∂S/∂x·1/m`, every derivative by differences."""
    first, second = RNG.normal(size=(6, 24)) / 3, RNG.normal(size=(3, 6))
    image, baseline = np.asarray(IMAGE, float).ravel(), np.asarray(BASELINES[2], float).ravel()
    score = lambda x: second[1] @ np.tanh(first @ x + 0.2)  # noqa: E731
    expected, h, m = np.zeros(24), 1e-5, 400
    for alpha in (np.arange(m) + 0.5) / m:
        x = baseline + alpha * (image - baseline)
        for i, unit in enumerate(np.eye(24)):
            slope = (score(x + h * unit) - score(x - h * unit)) / (2 * h)
            expected[i] += (image - baseline)[i] * slope / m
    first, second = jnp.asarray(first, jnp.float32), jnp.asarray(second, jnp.float32)
    found = integrated_gradients(
        lambda x: second @ jnp.tanh(first @ x.ravel() + 0.2), IMAGE, 1, baselines=BASELINES[2]
    )
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-4, atol=1e-5)


def test_one_right_step_from_black_is_gradient_times_input():
    network, image = tiny.network(), tiny.image()
    one = functools.partial(integrated_gradients, rule="right", steps=1)
    found = jax.jit(one)(network, image, 2)
    assert_same_sum(found, jax.jit(gradient_times_input)(network, image, 2))


# Baselines and chunks ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def greys():
    return jnp.stack([jnp.zeros((*tiny.SIZE, 3)), tiny.image(5), jnp.full((*tiny.SIZE, 3), 127.0)])


def assert_same_sum(one, other):
    """Float32 sums in another order, relative to the largest value."""
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(np.abs(other).max()))


def test_of_several_baselines_is_the_mean_of_each_one_s(greys):
    network, image = tiny.network(), tiny.image()
    method = jax.jit(functools.partial(integrated_gradients, steps=6))
    singles = [method(network, image, 2, baselines=grey) for grey in greys]
    found = method(network, image, 2, baselines=greys)
    assert_same_sum(found, np.mean(singles, axis=0))
    assert_same_sum(method(network, image, 2), singles[0])
    assert not np.allclose(singles[0], singles[1], rtol=0.1)


def test_a_baseline_equal_to_the_image_gives_nothing():
    found = integrated_gradients(power(3), IMAGE, 0, baselines=IMAGE)
    np.testing.assert_array_equal(found, np.zeros(SHAPE))


def test_the_chunk_changes_nothing(greys):
    def run(chunk):
        method = functools.partial(
            integrated_gradients_and_error, baselines=greys, steps=6, chunk=chunk
        )
        return jax.jit(method)(tiny.network(), tiny.image(), 2)

    whole = run(None)
    for chunk in (1, 5):
        found = run(chunk)
        assert_same_sum(found.map, whole.map)
        np.testing.assert_allclose(found.error, whole.error, atol=1e-4)


def temporary(steps, chunk):
    network = tiny.network(size=(64, 48))
    method = functools.partial(integrated_gradients, steps=steps, chunk=chunk)
    return tiny.temporary_bytes(method, network, tiny.image(size=(64, 48)), jnp.array(1))


def test_memory_is_that_of_a_chunk_whatever_the_steps():
    one, two, all_at_once = (temporary(32, chunk) for chunk in (1, 2, None))
    assert one < two < all_at_once / 8
    assert temporary(128, 2) < 1.05 * two


def test_labels_share_the_forward_passes():
    """Seven labels cost seven backward passes and one forward pass, not seven of both."""
    network, image = tiny.network(), tiny.image()
    method = functools.partial(integrated_gradients, steps=8)
    forward = tiny.flops(jax.vmap(network), jnp.zeros((8, *tiny.SIZE, 3)))
    one = tiny.flops(method, network, image, jnp.array(0))
    seven = tiny.flops(jax.vmap(method, (None, None, 0)), network, image, jnp.arange(7))
    assert seven <= 1.02 * (forward + 7 * (one - forward))


def test_mapped_over_labels_and_images_in_chunks_equals_one_by_one(greys):
    network, images = tiny.network(), jnp.stack([tiny.image(), tiny.image(8)])
    method = functools.partial(integrated_gradients_and_error, baselines=greys, steps=4, chunk=5)
    single = jax.jit(method)
    labels = jax.jit(jax.vmap(method, (None, None, 0)))(network, images[0], jnp.array([3, 5]))
    both = jax.jit(jax.vmap(method, (None, 0, None)))(network, images, 5)
    for found, image, label in (
        (jax.tree.map(lambda x: x[0], labels), images[0], 3),
        (jax.tree.map(lambda x: x[1], labels), images[0], 5),
        (jax.tree.map(lambda x: x[1], both), images[1], 5),
    ):
        expected = single(network, image, label)
        assert_same_sum(found.map, expected.map)
        np.testing.assert_allclose(found.error, expected.error, atol=1e-4)


# Completeness -----------------------------------------------------------------------------------


def test_the_error_is_the_sum_less_the_rise_of_the_score():
    attribution = jnp.asarray(RNG.normal(size=(4, 3)), jnp.float32)
    score = lambda x: float((np.asarray(W[2]) * np.asarray(x)).sum())  # noqa: E731
    sums = float(attribution.sum())
    for baselines, before in (
        (None, 0.0),
        (BASELINES[0], score(BASELINES[0])),
        (BASELINES, np.mean([score(baseline) for baseline in BASELINES])),
    ):
        for chunk in (None, 1, 2):
            found = completeness_error(
                linear, IMAGE, 2, attribution, baselines=baselines, chunk=chunk
            )
            assert found.item() == pytest.approx(sums - (score(IMAGE) - before), abs=1e-5)


def test_the_map_comes_with_its_own_error():
    found = integrated_gradients_and_error(
        power(2), IMAGE, 0, baselines=BASELINES[1], rule="right", steps=4
    )
    plain = integrated_gradients(power(2), IMAGE, 0, baselines=BASELINES[1], rule="right", steps=4)
    np.testing.assert_array_equal(found.map, plain)
    # `(x−b)·Σ_k 2(b + (x−b)k/4)/4 = x² − b² + (x−b)²/4`.
    expected = float((W[0] * (IMAGE - BASELINES[1]) ** 2).sum() / 4)
    assert found.error.item() == pytest.approx(expected, rel=1e-4)


def test_is_complete_for_a_real_network(squeezenet):
    """50 nodes miss the rise of 27.31 by 0.093, or 0.34 %; magnitudes add up to 4215."""
    image, label = squeezenet.prepare(skimage.data.chelsea()), 285  # Egyptian cat
    found = jax.jit(integrated_gradients_and_error)(squeezenet, image, label)
    scores = jax.jit(jax.vmap(squeezenet))(jnp.stack([image, jnp.zeros_like(image)]))
    rise = (scores[0] - scores[1])[label].item()
    assert abs(found.error.item()) < 0.01 * rise
    # In another precision and order than the error's own sum.
    sums = np.asarray(found.map, float).sum()
    assert found.error.item() == pytest.approx(sums - rise, abs=5e-3)


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 4, 2), (4, 3), (4, 3, 1), (0, *SHAPE), (1, 2, *SHAPE), ()])
@pytest.mark.parametrize("method", [integrated_gradients, integrated_gradients_and_error])
def test_refuses_baselines_of_another_shape(method, shape):
    with pytest.raises(InputError, match=r"`baselines` is of shape .*; expected .*\(n, 4, 3, 2\)"):
        method(linear, IMAGE, 0, baselines=jnp.zeros(shape))
    with pytest.raises(InputError, match="`baselines` is of shape"):
        completeness_error(linear, IMAGE, 0, IMAGE, baselines=jnp.zeros(shape))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "`steps` is 0; expected .* at least 1"),
        ({"steps": 1, "rule": "trapezoid"}, "`steps` is 1; expected at least 2"),
        ({"steps": -5, "rule": "left"}, "`steps` is -5; expected .* at least 1"),
        ({"rule": "simpson"}, "`rule` is simpson; expected one of: gauss_legendre, left, right"),
        ({"chunk": 0}, "`chunk` is 0; expected .* at least 1"),
    ],
)
def test_refuses_what_makes_no_integral(options, message):
    with pytest.raises(InputError, match=message):
        integrated_gradients(linear, IMAGE, 0, **options)
    with pytest.raises(InputError, match=message):
        jax.jit(functools.partial(integrated_gradients_and_error, **options), static_argnums=0)(
            linear, IMAGE, 0
        )


@pytest.mark.parametrize("name", ["image", "baselines"])
def test_refuses_integers(name):
    unchecked = inspect.unwrap(integrated_gradients)  # the tests' check of types refuses first
    arguments = {"image": IMAGE, "baselines": BASELINES}
    arguments[name] = arguments[name].astype(jnp.uint8)
    with pytest.raises(InputError, match=f"`{name}` is of uint8; expected floating point"):
        unchecked(linear, label=0, **arguments)


def test_refuses_a_label_that_there_is_not():
    with pytest.raises(InputError, match="`label` is 5"):
        integrated_gradients(linear, IMAGE, 5)
