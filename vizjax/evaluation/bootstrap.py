"""How sure a mean over images is, and whether two methods on the same images differ."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Num
from scipy.special import bdtr

from vizjax.chunks import check_count
from vizjax.errors import InputError
from vizjax.evaluation.checks import finite

VALUES_AT_ONCE = 1 << 21
"""Resampled values in memory at a time."""


class Interval(NamedTuple):
    """A mean, or another statistic, with its interval.

    Attributes:
      value: the statistic of the images themselves.
      low: the lower end of the interval.
      high: its upper end.
    """

    value: float
    low: float
    high: float


class Comparison(NamedTuple):
    """Two methods on the same images.

    Attributes:
      difference: mean of the first less mean of the second.
      low: the lower end of the difference's interval.
      high: its upper end.
      p_value: two-sided, of the sign-flip test; see `paired_comparison`.
    """

    difference: float
    low: float
    high: float
    p_value: float


def bootstrap_interval(
    values: Num[np.ndarray, "images *rest"] | Bool[np.ndarray, "images *rest"],
    *,
    statistic: Callable[[np.ndarray], float] | None = None,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Find the percentile bootstrap interval of a mean over images.

    The images are drawn anew with replacement, `resamples` times, and the mean taken of each draw;
    the interval holds the middle `level` of these means. It says how far the figure depends on
    which images were in the set, and nothing of what the photographs have in common.

    Args:
      values: one value an image, 0 and 1 included; with another `statistic`, one row an image.
      statistic: of an array whose first axis is the images; None for the mean, of which all draws
        are computed together.
      level: the share of the draws within the interval, in (0, 1).
      resamples: how many draws, at least 1.
      seed: of the draws; the same seed, the same interval.

    Returns:
      The statistic and its interval.

    Raises:
      InputError: there are no images, values are not finite or (for the mean) more than one an
        image, or `level` or `resamples` is out of range.

    Source: Efron & Tibshirani 1993, *An Introduction to the Bootstrap*, chapter 13.

    >>> bootstrap_interval(np.array([0, 0, 1, 1])).value
    0.5
    """
    _check_draws(level, resamples)
    values = finite("values", values)
    if statistic is None and values.ndim != 1:
        raise InputError(
            f"`values` has shape {values.shape}; expected one value an image, or a `statistic`"
        )
    rng, count = np.random.default_rng(seed), len(values)
    at_once = max(1, VALUES_AT_ONCE // values.size)
    drawn = np.empty(resamples)
    for start in range(0, resamples, at_once):
        rows = min(at_once, resamples - start)
        samples = values[rng.integers(count, size=(rows, count))]
        drawn[start : start + rows] = (
            samples.mean(axis=1) if statistic is None else [statistic(one) for one in samples]
        )
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    value = values.mean() if statistic is None else statistic(values)
    return Interval(float(value), float(low), float(high))


def paired_comparison(
    first: Num[np.ndarray, " images"] | Bool[np.ndarray, " images"],
    second: Num[np.ndarray, " images"] | Bool[np.ndarray, " images"],
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Compare the means of two methods on the same images.

    The interval is the percentile bootstrap's, of the images' differences. The p-value is that of
    the sign-flip (paired permutation) test: were there no difference between the methods, either
    could have had either value of an image; it is the share of the ways to swap them whose mean
    difference is at least as far from 0 as the one found.

    It is exact where all differences that are not 0 are of one size: for values of 0 and 1 it is
    the exact McNemar test. It is exact, too, where there are no more than `resamples` ways; else
    that many are drawn, and the way found is counted among them, so that p is never 0.

    Args:
      first: one value an image, of one method.
      second: the other's, of the same images in the same order.
      level: of the interval, in (0, 1).
      resamples: draws of the bootstrap, and at most of the test; at least 1.
      seed: of both.

    Returns:
      The difference, its interval, and the p-value.

    Raises:
      InputError: as of `bootstrap_interval`, or the images are not the same number.

    >>> paired_comparison(np.array([1, 1, 1, 1, 0]), np.array([0, 0, 0, 0, 0])).p_value
    0.125
    """
    first, second = finite("first", first), finite("second", second)
    if first.shape != second.shape or first.ndim != 1:
        raise InputError(
            f"`first` has shape {first.shape} and `second` {second.shape}; expected one value an "
            "image, of the same images"
        )
    differences = first - second
    value, low, high = bootstrap_interval(differences, level=level, resamples=resamples, seed=seed)
    return Comparison(value, low, high, _sign_flip(differences, resamples, seed))


def _sign_flip(differences: Float[np.ndarray, " images"], resamples: int, seed: int) -> float:
    sizes = np.abs(differences[differences != 0])
    if not len(sizes):
        return 1.0
    count = len(sizes)
    if np.all(sizes == sizes[0]):
        fewer = min(np.sum(differences > 0), np.sum(differences < 0))
        return min(1.0, 2 * float(bdtr(fewer, count, 0.5)))
    exact = 2**count <= resamples
    total = 2**count if exact else resamples
    # Sums that are equal but for the order of addition count as equal.
    found = abs(differences.sum()) - 1e-12 * sizes.sum()
    rng, extreme = np.random.default_rng(seed), 0
    at_once = max(1, VALUES_AT_ONCE // count)
    for start in range(0, total, at_once):
        ways = np.arange(start, min(start + at_once, total))
        swapped = (
            ways[:, None] >> np.arange(count)[None] & 1
            if exact
            else rng.integers(2, size=(len(ways), count))
        )
        extreme += int(np.sum(np.abs((1 - 2 * swapped) @ sizes) >= found))
    return extreme / total if exact else (1 + extreme) / (1 + total)


def _check_draws(level: float, resamples: int) -> None:
    check_count("resamples", resamples)
    if not 0 < level < 1:
        raise InputError(f"`level` is {level}; expected a share in (0, 1), such as 0.95")
