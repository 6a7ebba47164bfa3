"""Which pixels a saliency map is sure of: the samples that train the colour models."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num

from vizjax.errors import InputError
from vizjax.types import Mask, SaliencyMap


class Seeds(NamedTuple):
    """Two disjoint sets of pixels; what is in neither is left to the segmentation."""

    foreground: Mask
    background: Mask


def seeds(
    saliency_map: SaliencyMap | Float[np.ndarray, "height width"],
    *,
    foreground: float = 0.95,
    background: float = 0.30,
) -> Seeds:
    """The most and the least salient pixels of a map (Simonyan et al. 2013, §3.2).

    Foreground is `M > quantile(M, foreground)`, background `M < quantile(M, background)`. Where so
    many pixels share the extreme value that nothing lies beyond a quantile (a sparse map is mostly
    zeros), the seeds are all the pixels of that extreme value. A flat map says nothing about where
    the object is: both its seeds are empty.

    Args:
      saliency_map: (H, W), any scale; larger is more salient.
      foreground: a quantile in (0, 1); the paper's is 95 %.
      background: a quantile in (0, `foreground`); the paper's is 30 %.

    Returns:
      Two boolean masks, (H, W).

    Raises:
      InputError: if the map holds a NaN or an infinity, or the quantiles are out of order.

    >>> pair = seeds(np.linspace(0.0, 1.0, 20).reshape(4, 5))
    >>> int(pair.foreground.sum()), int(pair.background.sum())
    (1, 6)
    """
    if not 0 < background < foreground < 1:
        raise InputError(
            f"`background`, `foreground` are {background}, {foreground}; "
            "expected 0 < background < foreground < 1; give them as fractions, say 0.30 and 0.95"
        )
    # In float64 a quantile between two equal float32 values is that value, so ties stay ties.
    values = np.asarray(saliency_map, dtype=np.float64)
    if values.size == 0 or not np.isfinite(values).all():
        raise InputError(
            f"`saliency_map` of shape {values.shape} has {np.sum(~np.isfinite(values))} values "
            "that are NaN or infinite; expected finite numbers, at least one; "
            "look for a division by zero where the map is made"
        )
    if values.min() == values.max():
        nothing = np.zeros(values.shape, dtype=bool)
        return Seeds(foreground=nothing, background=nothing.copy())
    high, low = np.quantile(values, [foreground, background])
    above, below = values > high, values < low
    return Seeds(
        foreground=above if above.any() else values == values.max(),
        background=below if below.any() else values == values.min(),
    )


def pad(
    groups: Sequence[Num[np.ndarray, "_ 3"]],
) -> tuple[Float[np.ndarray, "groups samples 3"], Float[np.ndarray, "groups samples"]]:
    """Sets of colours of different sizes as one array, and weights: 1 for a sample, 0 for padding.

    The common size is rounded up to one of four steps an octave, so that photographs of all sizes
    share a few compiled programs, and at most a quarter of the work is wasted on padding.

    Args:
      groups: one set or more, each (n, 3) with an n of its own, 0 included.

    Returns:
      The samples, (groups, size, 3), and their weights, (groups, size); both float32.

    >>> samples, weights = pad([np.zeros((2, 3)), np.ones((300, 3))])
    >>> samples.shape, weights.sum(axis=1).tolist()
    ((2, 320, 3), [2.0, 300.0])
    """
    largest = max(256, *(len(group) for group in groups))
    step = 2 ** (largest.bit_length() - 3)
    size = -(-largest // step) * step
    samples = np.zeros((len(groups), size, 3), np.float32)
    weights = np.zeros((len(groups), size), np.float32)
    for row, group in enumerate(groups):
        samples[row, : len(group)] = group
        weights[row, : len(group)] = 1
    return samples, weights
