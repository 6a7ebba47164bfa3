"""Seeds: the paper's quantiles, and what becomes of maps without enough distinct values."""

import jax.numpy as jnp
import numpy as np
import pytest

from vizjax.errors import InputError
from vizjax.localisation import seeds

RNG = np.random.default_rng(0)


def test_shares_of_a_map_of_distinct_values():
    values = RNG.permutation(2000).reshape(40, 50).astype(np.float32)
    pair = seeds(values)
    # The quantiles fall between two values, 1899.05 and 599.7.
    np.testing.assert_array_equal(pair.foreground, values >= 1900)
    np.testing.assert_array_equal(pair.background, values <= 599)


def test_invariant_to_a_rising_affine_map():
    values = RNG.normal(size=(12, 17))
    for one, other in zip(seeds(values), seeds(3 * values - 7), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_jax_map_is_as_good():
    values = RNG.normal(size=(12, 17)).astype(np.float32)
    for one, other in zip(seeds(values), seeds(jnp.asarray(values)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_sparse_map_falls_back_to_its_extremes():
    values = np.zeros((10, 10), np.float32)
    values[0, :3] = 1, 2, 3
    pair = seeds(values)  # both quantiles are 0, the minimum
    np.testing.assert_array_equal(pair.foreground, values > 0)
    np.testing.assert_array_equal(pair.background, values == 0)
    pair = seeds(-values)  # and here the maximum
    np.testing.assert_array_equal(pair.foreground, values == 0)
    np.testing.assert_array_equal(pair.background, values > 0)


def test_two_levels():
    values = np.repeat(np.array([[0.1, 0.7]], np.float32), [5, 3], axis=1)
    pair = seeds(values)
    np.testing.assert_array_equal(pair.foreground, values == np.float32(0.7))
    np.testing.assert_array_equal(pair.background, values == np.float32(0.1))


@pytest.mark.parametrize("value", [0.0, -0.1, 1e30])
@pytest.mark.parametrize("shape", [(1, 1), (5, 7)])
def test_flat_map_seeds_nothing(value, shape):
    pair = seeds(np.full(shape, value, np.float32))
    assert pair.foreground.shape == pair.background.shape == shape
    assert not pair.foreground.any()
    assert not pair.background.any()


def test_never_empty_and_never_overlapping_unless_flat():
    for trial in range(200):
        rng = np.random.default_rng(trial)
        values = rng.integers(0, rng.integers(2, 9), size=(3, rng.integers(1, 9))).astype(
            np.float32
        )
        if values.min() < values.max():
            pair = seeds(values)
            assert pair.foreground.any()
            assert pair.background.any()
            assert not (pair.foreground & pair.background).any()
            assert values[pair.foreground].min() > values[pair.background].max()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_a_number(bad):
    values = RNG.normal(size=(4, 5))
    values[1, 2] = bad
    with pytest.raises(InputError, match=r"`saliency_map`.* 1 values"):
        seeds(values)


@pytest.mark.parametrize(
    ("foreground", "background"),
    [(1.0, 0.3), (1.2, 0.3), (0.95, 0.0), (0.95, -0.1), (0.3, 0.3), (0.3, 0.95), (95.0, 30.0)],
)
def test_quantiles_out_of_order(foreground, background):
    with pytest.raises(InputError, match="`background`, `foreground`"):
        seeds(np.eye(3), foreground=foreground, background=background)
