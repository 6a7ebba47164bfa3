"""Intervals and tests, against scipy and in cases that can be counted out."""

import inspect
import itertools

import numpy as np
import pytest
from scipy import stats

from vizjax.errors import InputError
from vizjax.evaluation import bootstrap, bootstrap_interval, paired_comparison

RNG = np.random.default_rng(0)
SKEWED = RNG.exponential(size=45)


@pytest.mark.parametrize(("level", "low", "high"), [(0.5, 0.25, 0.75), (0.8, 0.0, 0.75)])
def test_interval_in_a_case_that_is_counted_out(level, low, high):
    """Of four values, one of them 1, the mean of a draw is k/4 with k binomial(4, 1/4).

    Its cumulative shares are 0.316, 0.738, 0.949, 0.996.
    """
    found = bootstrap_interval(np.array([0, 0, 0, 1]), level=level)
    assert found == (0.25, *(np.quantile(counted(), q) for q in ((1 - level) / 2, (1 + level) / 2)))
    if level == 0.8:
        assert (found.low, found.high) == (low, high - 0.25)


def counted():
    draws = itertools.product([0, 0, 0, 1], repeat=4)
    return [sum(draw) / 4 for draw in draws]


@pytest.mark.parametrize("level", [0.68, 0.95])
def test_interval_is_scipys(level):
    expected = stats.bootstrap(
        (SKEWED,),
        np.mean,
        confidence_level=level,
        n_resamples=100_000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    found = bootstrap_interval(SKEWED, level=level, resamples=100_000)
    # 5 deviations of the ends of 100,000 draws
    spread = SKEWED.std() / len(SKEWED) ** 0.5
    np.testing.assert_allclose(found[1:], expected, atol=0.06 * spread)
    assert found.value == pytest.approx(SKEWED.mean())


def test_interval_covers_what_it_says():
    """Of a mean of 60 normal values, 200 times over: binomial of deviation 0.021."""
    samples = RNG.normal(3, 2, (200, 60))
    intervals = [bootstrap_interval(one, level=0.9, resamples=500) for one in samples]
    covered = np.mean([low <= 3 <= high for _, low, high in intervals])
    assert abs(covered - 0.9) < 0.07


def test_any_statistic():
    found = bootstrap_interval(SKEWED, statistic=np.mean, resamples=300)
    plain = bootstrap_interval(SKEWED, resamples=300)
    np.testing.assert_allclose(found, plain)
    # The mean over classes: rows are (hit, class).
    rows = np.array([[1, 0], [1, 0], [0, 0], [1, 1]])

    def of_classes(rows):
        return float(np.mean([rows[rows[:, 1] == c, 0].mean() for c in np.unique(rows[:, 1])]))

    found = bootstrap_interval(rows, statistic=of_classes, resamples=200)
    assert found.value == pytest.approx((2 / 3 + 1) / 2)
    assert found.low < found.value <= found.high == 1


def test_seeds_and_chunks(monkeypatch):
    whole = bootstrap_interval(SKEWED, seed=3), paired_comparison(SKEWED, SKEWED[::-1].copy())
    assert bootstrap_interval(SKEWED, seed=3) == whole[0] != bootstrap_interval(SKEWED, seed=4)
    monkeypatch.setattr(bootstrap, "VALUES_AT_ONCE", 100)
    assert bootstrap_interval(SKEWED, seed=3) == whole[0]
    assert paired_comparison(SKEWED, SKEWED[::-1].copy()) == whole[1]


@pytest.mark.parametrize(("better", "worse"), [(5, 0), (8, 3), (4, 4), (0, 1), (150, 110)])
def test_of_zeros_and_ones_is_mcnemars(better, worse):
    first = np.repeat([1, 0, 1, 0], [better, worse, 20, 10])
    second = np.repeat([0, 1, 1, 0], [better, worse, 20, 10])
    found = paired_comparison(first.astype(bool), second.astype(bool), resamples=50)
    assert found.p_value == pytest.approx(stats.binomtest(better, better + worse).pvalue)
    assert found.difference == pytest.approx((better - worse) / len(first))
    assert found.low <= found.difference <= found.high


@pytest.mark.parametrize("size", [3, 8, 11])
def test_few_images_are_counted_out(size):
    first, second = RNG.normal(size=(2, size)) + np.array([[0.5], [0]])
    expected = stats.permutation_test(
        (first, second), lambda a, b: np.mean(a - b), permutation_type="samples", vectorized=False
    )
    assert paired_comparison(first, second).p_value == pytest.approx(expected.pvalue)


def test_by_hand():
    """Differences 1, 2, 3: of the 8 sums of signs two are as far from 0 as 6."""
    found = paired_comparison(np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0]))
    assert found.p_value == 2 / 8
    assert found.difference == 2


def test_rounding_parts_no_ties():
    """Tenths, of which sums in another order differ in the last bits, are as whole numbers are."""
    for signs in itertools.product([-1, 1], repeat=6):
        whole = np.array([1, 2, 3, 6, 7, 9]) * signs
        expected = paired_comparison(whole, np.zeros(6)).p_value
        assert paired_comparison(whole / 10, np.zeros(6)).p_value == expected


def test_many_images_are_drawn():
    first, second = RNG.normal(size=(2, 40)) + np.array([[0.3], [0]])
    expected = stats.permutation_test(
        (first, second),
        lambda a, b, axis: np.mean(a - b, axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    ).pvalue
    expected = float(expected)
    assert 0.01 < expected < 0.9
    found = paired_comparison(first, second).p_value
    assert found == pytest.approx(expected, abs=5 * (expected / 10_000) ** 0.5)
    assert paired_comparison(np.arange(40) + 9.0, np.zeros(40)).p_value == 1 / 10_001


def test_what_is_the_same_does_not_differ():
    found = paired_comparison(SKEWED, SKEWED)
    assert found == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.zeros(0), {}, "`values` of shape"),
        (np.array([np.nan]), {}, "NaN or infinite"),
        (np.zeros((3, 2)), {}, "expected one value an image, or a `statistic`"),
        (np.zeros(3), {"level": 1.0}, "`level` is 1.0; expected a share"),
        (np.zeros(3), {"level": 0.0}, "`level` is 0.0"),
        (np.zeros(3), {"resamples": 0}, "`resamples` is 0"),
    ],
)
def test_refuses(values, options, message):
    with pytest.raises(InputError, match=message):
        bootstrap_interval(values, **options)


def test_refuses_unequal_numbers_of_images():
    with pytest.raises(InputError, match=r"`first` has shape \(3,\) and `second` \(2,\)"):
        inspect.unwrap(paired_comparison)(np.zeros(3), np.zeros(2))  # else the types refuse first
