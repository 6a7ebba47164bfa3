"""Top-1 and top-5 error, of the centre view or the mean of ten (Krizhevsky et al. 2012, §4.1)."""

import dataclasses
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float, Int, PyTree

from vizjax.data.crops import centre_view, extract, ten_views
from vizjax.training.config import Resolved
from vizjax.training.data import Pictures, Split, decoded, fits
from vizjax.training.devices import all_devices, everywhere, put, spread
from vizjax.training.statistics import Statistics
from vizjax.training.step import centred, scores

VIEWS = {"centre": centre_view, "ten": ten_views}
"""Which views of a picture are classified."""

_CHUNK = 512


class Errors(NamedTuple):
    """Shares of the pictures.

    Attributes:
      top1: whose highest score is another class's.
      top5: whose class is not among the five highest.
      pictures: how many there were.
    """

    top1: float
    top5: float
    pictures: int


def wrong(
    scores: Float[Array, "batch classes"], labels: Int[Array, "batch"], top: int
) -> Float[Array, "batch"]:
    """1 where the class is not among the `top` highest; of equals, the lower index is higher.

    Args:
      scores: or posteriors, or their logarithms.
      labels: the classes.
      top: at least 1.
    """
    own = jnp.take_along_axis(scores, labels[:, None], axis=1)
    earlier = jnp.arange(scores.shape[1])[None] < labels[:, None]
    above = (scores > own) | ((scores == own) & earlier)
    return (above.sum(axis=1) >= top).astype(jnp.float32)


Evaluate = Callable[[PyTree, Statistics, str], Errors]


def evaluator(module: Any, config: Resolved, split: Split, mesh: Mesh) -> Evaluate:
    """What measures parameters on a split.

    Args:
      module: the network.
      config: views and precision.
      split: kept in memory, if it fits.
      mesh: the devices.

    Returns:
      `(params, statistics, views) -> errors`, views one of `VIEWS`.
    """
    kept = decoded(split) if fits(split) else None
    chunk = -(-_CHUNK // mesh.size) * mesh.size
    counted = _compiled(module, dataclasses.replace(config, seed=0))

    def evaluate(params: PyTree, statistics: Statistics, views: str) -> Errors:
        total = np.zeros(2)
        for part in _parts(split, kept, chunk):
            total += np.asarray(counted(params, statistics, put(part, spread(mesh)), views))
        top1, top5 = (total / len(split)).tolist()
        return Errors(top1, top5, len(split))

    return evaluate


@lru_cache(maxsize=4)
def _compiled(module: Any, config: Resolved) -> Callable[..., Array]:
    """Counts what is wrong among some pictures: by the first, and by the first five."""

    @partial(jax.jit, static_argnums=3, out_shardings=everywhere(all_devices()))
    def counted(params, statistics, part, views):
        images, labels, weights = part
        margin = ((0, 0), *[(config.margin, config.margin)] * 2, (0, 0))
        x = jnp.pad(centred(images, statistics), margin)
        height, width = x.shape[1:3]
        laid = VIEWS[views](height, width, config.size)
        seen = jax.vmap(lambda image: extract(image, laid))(x)
        found = scores(module, params, seen.reshape(-1, *seen.shape[2:]), config)
        # Of the views the posteriors are averaged, not the scores; as logarithms, for of many
        # classes they are too small to be told apart.
        logarithms = jax.nn.log_softmax(found).reshape(*seen.shape[:2], -1)
        together = jax.nn.logsumexp(logarithms, axis=1)
        return jnp.stack([wrong(together, labels, top) @ weights for top in (1, 5)])

    return counted


def _parts(split: Split, kept: Pictures | None, chunk: int) -> Iterator[tuple[np.ndarray, ...]]:
    """The share of this host of each chunk; the last is filled up with weightless pictures."""
    hosts, host = jax.process_count(), jax.process_index()
    share = chunk // hosts
    for start in range(0, len(split), chunk):
        wanted = np.arange(start + host * share, start + (host + 1) * share)
        there = np.minimum(wanted, len(split) - 1)
        part = kept or decoded(split, there)
        image, label = (one[there] if kept else one for one in part)
        yield image, label, (wanted < len(split)).astype(np.float32)
