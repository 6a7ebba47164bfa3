"""Shapley values against the sum over all coalitions, and against what the axioms demand."""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from vizjax.attribution.shapley import segment_shapley_values, shapley_values
from vizjax.data.segments import grid
from vizjax.errors import InputError

RNG = np.random.default_rng(0)
COUNT = 5
SEGMENTS = np.array([[0, 0, 1, 1], [0, 2, 2, 1], [3, 2, 4, 4]])
IMAGE = RNG.normal(1, 1, size=(3, 4, 2))
HIDDEN = np.array([0.5, -0.3])
WEIGHTS = RNG.normal(size=(3, 3, 4, 2))


def f32(array):
    return jnp.asarray(array, jnp.float32)


def score_fn(image):
    """Three scores that are not sums over segments."""
    return jnp.tanh(jnp.tensordot(f32(WEIGHTS), image, 3)) ** 2 + jnp.prod(image[:, 1, 0])


def value(shown, label):
    """`v(T)`: the score of the image of which only the segments in T are shown; in NumPy."""
    image = np.where(np.isin(SEGMENTS, list(shown))[..., None], IMAGE, HIDDEN)
    return np.tanh(np.tensordot(WEIGHTS, image, 3))[label] ** 2 + np.prod(image[:, 1, 0])


def exact(label):
    """`φ_s = Σ_T |T|! (n − |T| − 1)! / n! · [v(T ∪ {s}) − v(T)]` over all T without s."""
    values = np.zeros(COUNT)
    for segment in range(COUNT):
        others = [s for s in range(COUNT) if s != segment]
        for size in range(COUNT):
            weight = math.factorial(size) * math.factorial(COUNT - size - 1) / math.factorial(COUNT)
            for coalition in itertools.combinations(others, size):
                gain = value({*coalition, segment}, label) - value(coalition, label)
                values[segment] += weight * gain
    return values


def gains(permutation, label):
    """What each segment adds when it comes in its turn."""
    found = np.zeros(COUNT)
    for place, segment in enumerate(permutation):
        before = permutation[:place]
        found[segment] = value([*before, segment], label) - value(before, label)
    return found


estimate = functools.partial(segment_shapley_values, segments=SEGMENTS, fill=f32(HIDDEN))
compiled = jax.jit(
    estimate,
    static_argnums=1,
    static_argnames=("count", "permutations", "antithetic", "chunk"),
)


@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("permutations", [1, 3, 4])
def test_is_the_mean_gain_over_the_permutations(key, permutations, antithetic):
    """Literally, for the same draws: the i-th permutation is that of `(key, i)`."""
    drawn = []
    for number in range(permutations):
        one = jax.random.fold_in(key, number // 2 if antithetic else number)
        order = np.argsort(np.asarray(jax.random.permutation(one, COUNT)))
        drawn.append(order[::-1] if antithetic and number % 2 else order)
    expected = np.mean([gains(list(order), 1) for order in drawn], axis=0)
    found = compiled(key, score_fn, f32(IMAGE), 1, permutations=permutations, antithetic=antithetic)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("antithetic", [False, True])
def test_approaches_the_sum_over_all_coalitions(key, antithetic):
    count, label = 2000, 2
    expected = exact(label)
    everything = np.array([gains(p, label) for p in itertools.permutations(range(COUNT))])
    np.testing.assert_allclose(everything.mean(axis=0), expected, rtol=1e-9)
    if antithetic:
        reverse = np.array([gains(p[::-1], label) for p in itertools.permutations(range(COUNT))])
        everything = (everything + reverse) / 2
    draws = count / 2 if antithetic else count
    error = 5 * everything.std(axis=0) / draws**0.5  # 5 standard errors
    found = compiled(key, score_fn, f32(IMAGE), label, permutations=count, antithetic=antithetic)
    assert (np.abs(found - expected) < error).all()
    assert (error < 0.2 * np.abs(expected).max()).all()


@pytest.mark.parametrize("permutations", [1, 2, 5])
def test_efficiency_holds_for_any_number_of_permutations(key, permutations):
    for label in range(3):
        found = compiled(key, score_fn, f32(IMAGE), label, permutations=permutations)
        expected = value(range(COUNT), label) - value((), label)
        np.testing.assert_allclose(found.sum(), expected, rtol=1e-4, atol=1e-5)


def test_of_an_additive_score_one_permutation_is_exact(key):
    linear = lambda image: jnp.tensordot(f32(WEIGHTS), image, 3)  # noqa: E731
    found = compiled(key, linear, f32(IMAGE), 1, permutations=1)
    shares = (WEIGHTS[1] * (IMAGE - HIDDEN)).sum(-1)
    expected = [shares[segment == SEGMENTS].sum() for segment in range(COUNT)]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_of_pairs_that_interact_a_permutation_and_its_reverse_are_exact(key):
    """Of `x_0 x_1 + 3 x_2 x_4`, each of a pair has half: it comes first once and last once."""
    first, second = IMAGE[0, 0, 0] * IMAGE[0, 3, 1], 3 * IMAGE[1, 1, 0] * IMAGE[2, 3, 0]

    def pairs(image):
        return (image[0, 0, 0] * image[0, 3, 1] + 3 * image[1, 1, 0] * image[2, 3, 0])[None]

    found = compiled(key, pairs, f32(IMAGE), 0, fill=0.0, permutations=2)
    expected = np.array([first, first, second, 0, second]) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    alone = np.asarray(compiled(key, pairs, f32(IMAGE), 0, fill=0.0, permutations=1))
    np.testing.assert_allclose(sorted(alone[:2]), sorted([0, first]), rtol=1e-4, atol=1e-5)


def test_segments_that_do_nothing_have_nothing(key):
    """One that the score does not see, and one without pixels."""
    without = lambda image: score_fn(image.at[2, 0].set(1.0))  # noqa: E731
    found = compiled(key, without, f32(IMAGE), 0, permutations=3, count=COUNT + 1)
    assert found.shape == (COUNT + 1,)
    np.testing.assert_allclose(found[jnp.array([3, 5])], 0, atol=1e-6)
    assert (np.abs(found[jnp.array([0, 1, 2, 4])]) > 1e-3).all()


def test_the_map_has_every_segment_s_value_at_all_its_pixels(key):
    """With the same hyperparameters, all of which matter."""
    given = {"segments": SEGMENTS, "count": COUNT, "fill": 0.5}
    seen = []
    for options in ({"permutations": 3, "antithetic": False}, {"chunk": 2}):
        of_segments, of_pixels = (
            jax.jit(functools.partial(function, **given, **options), static_argnums=1)
            for function in (segment_shapley_values, shapley_values)
        )
        values = np.asarray(of_segments(key, score_fn, f32(IMAGE), 1))
        found = of_pixels(key, score_fn, f32(IMAGE), 1)
        np.testing.assert_array_equal(found, values[SEGMENTS])
        assert not any(np.allclose(values, other) for other in seen)
        seen.append(values)


def test_one_segment_has_it_all(key):
    whole = np.zeros((3, 4), int)
    found = compiled(key, score_fn, f32(IMAGE), 1, segments=whole, count=1, permutations=2)
    np.testing.assert_allclose(found, [value(range(COUNT), 1) - value((), 1)], rtol=1e-4)


@pytest.mark.parametrize("chunk", [1, 6])
def test_chunks_change_the_last_bits_at_most(key, chunk):
    together = compiled(key, score_fn, f32(IMAGE), 2, permutations=4)
    found = compiled(key, score_fn, f32(IMAGE), 2, permutations=4, chunk=chunk)
    np.testing.assert_allclose(found, together, rtol=1e-4, atol=1e-6)


CELLS = grid(*tiny.SIZE, 4, 3)


def test_memory_is_that_of_a_chunk(key):
    def memory(permutations, chunk):
        bound = functools.partial(
            shapley_values, segments=CELLS, permutations=permutations, chunk=chunk
        )
        return tiny.temporary_bytes(bound, key, tiny.network(), tiny.image(), jnp.array(1))

    assert 10 * memory(100, 4) < memory(20, None)  # of 12 passes a permutation


def test_all_labels_share_all_forward_passes(key):
    net, image = tiny.network(), tiny.image()
    passes = tiny.flops(jax.vmap(net), jnp.zeros((24, *tiny.SIZE, 3)))
    bound = functools.partial(shapley_values, key, segments=CELLS, permutations=2)
    one = tiny.flops(bound, net, image, jnp.array(0))
    five = tiny.flops(jax.vmap(bound, (None, None, 0)), net, image, jnp.arange(5))
    assert one > passes
    assert five - one < 0.05 * passes


def test_segments_may_be_traced_with_their_count(key):
    found = compiled(
        key, score_fn, f32(IMAGE), 1, segments=jnp.asarray(SEGMENTS), count=COUNT, permutations=2
    )
    expected = compiled(key, score_fn, f32(IMAGE), 1, permutations=2)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="`count` is None and the values of `segments` are traced"):
        compiled(key, score_fn, f32(IMAGE), 1, segments=jnp.asarray(SEGMENTS))


def test_grey_images(key):
    grey = lambda image: score_fn(jnp.stack([image, 2 * image], -1))  # noqa: E731
    image = f32(IMAGE[..., 0])
    found = compiled(key, grey, image, 1, fill=0.0, permutations=2)
    expected = compiled(
        key, score_fn, jnp.stack([image, 2 * image], -1), 1, fill=0.0, permutations=2
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"segments": SEGMENTS.T}, "`segments` is 4×3 for an image of 3×4"),
        (
            {"segments": SEGMENTS - 1},
            "`segments` has values from -1 to 3; expected 0 to n − 1 with",
        ),
        ({"count": 4}, "`segments` has values from 0 to 4; expected 0 to n − 1 with n = 4"),
        ({"permutations": 0}, "`permutations` is 0"),
        ({"chunk": 0}, "`chunk` is 0"),
        ({"fill": "grey"}, "`fill` is grey"),
    ],
)
def test_refuses(key, options, message):
    with pytest.raises(InputError, match=message):
        shapley_values(key, score_fn, f32(IMAGE), 0, **{"segments": SEGMENTS, **options})
