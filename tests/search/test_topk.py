"""The running lists against a full sort: exact, whatever the order and the batches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax.errors import InputError
from vizjax.search import Hits, merge, no_hits, strongest, update

IMAGES, ROWS, COLUMNS, CHANNELS, K = 23, 3, 5, 4, 6


def planes(seed=0, values=8):
    """Few values, so that images and positions tie in every channel."""
    drawn = np.random.default_rng(seed).integers(-2, values - 2, (IMAGES, ROWS, COLUMNS, CHANNELS))
    return drawn.astype(np.float32) / 4


def sorted_in_full(x, k=K, numbers=None):
    """By NumPy: every image's largest activation, all images sorted, the first k."""
    numbers = np.arange(len(x)) if numbers is None else numbers
    found = []
    for channel in np.moveaxis(x, -1, 0):
        flat = channel.reshape(len(x), -1)
        at = flat.argmax(axis=1)
        order = np.lexsort((numbers, -flat.max(axis=1)))[:k]
        rows, columns = np.unravel_index(at[order], channel.shape[1:])
        found.append((flat.max(axis=1)[order], numbers[order], rows, columns))
    return Hits(*(np.stack(part) for part in zip(*found, strict=True)))


def assert_equal(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@jax.jit
def step(hits, x, indices):
    return update({"layer": hits}, {"layer": x, "another": x}, indices)["layer"]


def streamed(x, order, batch, k=K):
    """In batches of one size; the last is filled up with what would win if it counted."""
    hits = no_hits(x.shape[-1], k)
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        filled = np.full((batch, *x.shape[1:]), np.inf, np.float32)
        filled[: len(part)] = x[part]
        indices = np.full(batch, -1, np.int32)
        indices[: len(part)] = part
        hits = step(hits, filled, indices)
    return hits


@pytest.mark.parametrize("batch", [1, 4, 7, IMAGES, 40])
@pytest.mark.parametrize("shuffled", [False, True])
def test_any_batches_in_any_order_give_the_full_sort(batch, shuffled):
    order = np.arange(IMAGES)
    if shuffled:
        order = np.random.default_rng(batch).permutation(order)
    assert_equal(streamed(planes(), order, batch), sorted_in_full(planes()))


def test_values_that_never_tie():
    x = np.random.default_rng(3).normal(size=(IMAGES, ROWS, COLUMNS, CHANNELS)).astype(np.float32)
    assert_equal(streamed(x, np.arange(IMAGES), 5), sorted_in_full(x))


def test_without_a_plane_the_value_is_the_score():
    scores = planes()[:, 0, 0]
    assert_equal(streamed(scores, np.arange(IMAGES), 4), sorted_in_full(scores[:, None, None]))


def test_equal_everywhere_the_first_images_and_the_first_position_stand():
    hits = streamed(np.zeros((IMAGES, ROWS, COLUMNS, 1), np.float32), np.arange(IMAGES)[::-1], 3)
    assert_equal(hits, (np.zeros((1, K)), [range(K)], np.zeros((1, K)), np.zeros((1, K))))


def test_the_two_zeros_are_equal_and_keep_their_sign():
    x = np.array([-0.0, 0.0, -0.0], np.float32).reshape(3, 1, 1, 1)
    hits = streamed(x, np.array([2, 1, 0]), 2, k=3)
    assert hits.images.tolist() == [[0, 1, 2]]
    assert np.signbit(hits.values).tolist() == [[True, False, True]]


def test_fewer_images_than_k_leave_the_rest_missing():
    x = planes()[:4]
    hits = streamed(x, np.arange(4), 3)
    assert_equal(Hits(*(part[:, :4] for part in hits)), sorted_in_full(x, k=4))
    assert set(np.ravel([part[:, 4:] for part in hits[1:]])) == {-1}
    assert set(np.ravel(hits.values[:, 4:])) == {-np.inf}


def test_an_image_of_minus_infinity_is_there_and_one_that_is_missing_is_not():
    x = np.full((2, 1, 1, 1), -np.inf, np.float32)
    assert streamed(x, np.arange(2), 1, k=3).images.tolist() == [[0, 1, -1]]


def test_nan_is_the_value_of_its_plane_and_weaker_than_anything():
    x = planes()
    x[5, 1, 2, 3] = np.nan
    found = strongest(jnp.asarray(x), jnp.arange(IMAGES))
    assert np.argwhere(np.isnan(found.values)).tolist() == [[3, 5]]
    expected = sorted_in_full(np.delete(x, 5, axis=0), numbers=np.delete(np.arange(IMAGES), 5))
    hits = streamed(x, np.arange(IMAGES), 4)
    assert_equal([part[3] for part in hits], [part[3] for part in expected])


def test_lists_of_any_length_merge():
    x = planes()
    halves = [sorted_in_full(x[part], numbers=np.arange(IMAGES)[part]) for part in np.s_[:9, 9:]]
    one, other = (Hits(*map(jnp.asarray, half)) for half in halves)
    assert_equal(merge(one, other), sorted_in_full(x))
    assert_equal(merge(other, Hits(*(part[:, :0] for part in one))), halves[1])


def test_compiled_equals_eager():
    hits, x, indices = no_hits(CHANNELS, K), jnp.asarray(planes()), jnp.arange(IMAGES)
    eager = update({"layer": hits}, {"layer": x}, indices)["layer"]
    assert_equal(step(hits, x, indices), eager)


def test_half_precision_stays_itself():
    x = jnp.asarray(planes(), jnp.bfloat16)
    hits = update({"a": no_hits(CHANNELS, K, x.dtype)}, {"a": x}, jnp.arange(IMAGES))["a"]
    assert hits.values.dtype == jnp.bfloat16
    assert_equal(hits, sorted_in_full(planes()))


@pytest.mark.parametrize("shape", [(2,), (2, 3, 4), (2, 3, 4, 5, 6)])
def test_an_activation_of_another_rank_is_refused(shape):
    with pytest.raises(InputError, match=r"`activation` is .* for an image; expected"):
        strongest(jnp.zeros(shape), jnp.arange(2))
