"""Similarity of maps, against scipy and scikit-image."""

import inspect
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from skimage import metrics

from vizjax.errors import InputError
from vizjax.evaluation import rank_correlation, similarity, structural_similarity

RNG = np.random.default_rng(0)
FIRST = RNG.normal(size=(13, 11))
NEAR = FIRST + 0.5 * RNG.normal(size=(13, 11))
TIED = np.round(NEAR)


def spearman(first, second):
    found: Any = stats.spearmanr(first.ravel(), second.ravel())
    return found.statistic


@pytest.mark.parametrize("other", [NEAR, TIED, -NEAR, FIRST**2])
def test_rank_correlation_is_scipys(other):
    expected = spearman(FIRST, other)
    assert rank_correlation(FIRST, other) == pytest.approx(expected)
    expected = spearman(np.abs(FIRST), np.abs(other))
    assert rank_correlation(FIRST, other, absolute=True) == pytest.approx(expected)


def test_rank_correlation_in_closed_form():
    """Without ties `1 − 6 Σ d² / (n (n² − 1))`; here d is 0, 1, 1, 0."""
    first, second = np.array([1.0, 2.0, 30.0, 40.0]), np.array([-5.0, 0.1, 0.0, 7.0])
    assert rank_correlation(first, second) == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert rank_correlation(FIRST, np.exp(FIRST)) == pytest.approx(1)
    assert rank_correlation(FIRST, -FIRST) == pytest.approx(-1)
    assert rank_correlation(FIRST, -FIRST, absolute=True) == pytest.approx(1)


def test_ssim_is_scikit_images_of_normalised_maps():
    for absolute, reach in ((True, 1.0), (False, 2.0)):
        pair = [np.abs(one) if absolute else one for one in (FIRST, NEAR * 40)]
        pair = [one / np.abs(one).max() for one in pair]
        for window in (7, 5):
            expected = metrics.structural_similarity(*pair, win_size=window, data_range=reach)
            found = structural_similarity(FIRST, NEAR * 40, absolute=absolute, window=window)
            assert found == pytest.approx(expected)


def test_ssim_in_closed_form():
    """Flat maps with no spread: `(2 a b + c) / (a² + b² + c)`, c = 0.01², after normalisation."""
    flat, zero = np.full((8, 9), 3.0), np.zeros((8, 9))
    assert structural_similarity(flat, zero) == pytest.approx(1e-4 / (1 + 1e-4))
    assert structural_similarity(flat, 5 * flat) == pytest.approx(1)
    assert structural_similarity(zero, zero) == pytest.approx(1)


def test_scale_does_not_count():
    for scale in (1e-30, 1e30):
        np.testing.assert_allclose(similarity(FIRST * scale, NEAR), similarity(FIRST, NEAR))


def test_flat_maps_tell_nothing():
    assert rank_correlation(FIRST, np.ones_like(FIRST)) == 0
    assert rank_correlation(np.zeros((3, 3)), np.zeros((3, 3))) == 0


def test_all_measures_at_once():
    found = similarity(jnp.asarray(FIRST, jnp.float32), jnp.asarray(NEAR, jnp.float32))
    expected = (
        rank_correlation(FIRST, NEAR),
        rank_correlation(FIRST, NEAR, absolute=True),
        structural_similarity(FIRST, NEAR),
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert len({round(value, 3) for value in expected}) == 3
    np.testing.assert_allclose(similarity(FIRST, FIRST), 1)


def test_refuses():
    with pytest.raises(InputError, match=r"`first` has shape \(13, 11\) and `second` \(11, 13\)"):
        inspect.unwrap(rank_correlation)(FIRST, FIRST.T)  # else the types refuse first
    with pytest.raises(InputError, match=r"`second` of shape .* NaN or infinite"):
        rank_correlation(FIRST, np.full_like(FIRST, np.nan))
    for window in (1, 4, 13):
        with pytest.raises(InputError, match=f"`window` is {window}; expected an odd number"):
            structural_similarity(FIRST, NEAR, window=window)
