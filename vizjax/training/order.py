"""Which pictures each step sees: a function of the seed and the step, and of nothing else."""

import math
from functools import lru_cache
from typing import Any

import jax
import numpy as np


def order(seed: int, count: int, positions: Any) -> np.ndarray:
    """Which picture stands at each place of the training: a new shuffle for each epoch.

    Args:
      seed: of the shuffles.
      count: of the pictures.
      positions: places, counted from the start of the training.
    """
    epochs, ranks = np.divmod(np.asarray(positions, np.int64), count)
    found = np.empty(epochs.shape, np.int64)
    for epoch in np.unique(epochs).tolist():
        found[epochs == epoch] = _shuffled(seed, epoch, count)[ranks[epochs == epoch]]
    return found


@lru_cache(maxsize=4)
def _shuffled(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(count)


def places(step: int, batch: int) -> range:
    """The places of this host's pictures of a step: its share of them, in one piece."""
    share = batch // jax.process_count()
    first = step * batch + jax.process_index() * share
    return range(first, first + share)


def epochs_to_steps(epochs: float, count: int, batch: int) -> int:
    """How many steps an epoch, or a share of one, is: at least one."""
    return max(1, math.floor(epochs * count / batch + 0.5))
