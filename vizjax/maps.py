"""Scores of all classes and maps of some, over all views of a photograph."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from vizjax.attribution.registry import Bound, bind
from vizjax.errors import InputError
from vizjax.models.network import Network
from vizjax.programs import LIVE, Live
from vizjax.targets import check
from vizjax.types import KeyArray

SALIENCY = bind("saliency")

CLASSES_AT_ONCE, VIEWS_AT_ONCE = 5, 5
"""Classes and views whose maps are computed in one call: what bounds the memory."""


class ScoresAndMaps(NamedTuple):
    """Scores of every class and maps of some."""

    scores: Float[Array, " classes"]
    labels: Int[Array, " explained"]
    maps: Float[Array, "explained views height width"]


def shape_of_scores(network: Network, *, views: int = 10, run: Live = LIVE) -> tuple[int, ...]:
    """The shape of a network's scores, found in the trace that `explain` of so many views uses.

    Args:
      network: with an input size.
      views: of a photograph.
      run: how compiled functions are run.

    Raises:
      InputError: `network.preprocessing.size` is None.
    """
    crops = jax.ShapeDtypeStruct((views, *size_of(network), 3), jnp.float32)
    return run.shape(_scores, network, crops).shape


def size_of(network: Network) -> tuple[int, int]:
    """Height and width of the network's input; an `InputError` where it has none."""
    if network.preprocessing.size is None:
        raise InputError("`network.preprocessing.size` is None; expected (height, width) in pixels")
    return network.preprocessing.size


def scores_and_maps(
    network: Callable,
    crops: Float[Array, "views height width channels"],
    labels: Array | int,
    *,
    method: Bound = SALIENCY,
    key: KeyArray | None = None,
    run: Live = LIVE,
) -> ScoresAndMaps:
    """The scores of all classes and the maps of some, over all views.

    Args:
      network: a score function that is a pytree, such as a `Network`.
      crops: the views.
      labels: the classes to explain, or how many of those with the highest mean score.
      method: what a map is. One that takes many passes sees one view at a time.
      key: of a random method; all classes share its draws.
      run: how compiled functions are run: `vizjax.programs.Kept` spares a new process the tracing.

    Returns:
      The scores of all classes, averaged over the views; the classes explained, as given or the
      highest score first; and the raw map of each in each view, mirrored where the view is.

    Raises:
      InputError: a class, or a number of classes, that the network does not have.
    """
    scores, chosen = scores_and_labels(network, crops, labels, run=run)
    key = jax.random.key(0) if key is None else key

    def part(views, some):
        start = np.array([views.start, some.start], np.int32)
        shape = len(views), len(some)
        return run(_maps, key, network, crops, chosen, start, static=(method, *shape))

    rows = [
        [part(views, some) for some in _parts(len(chosen), CLASSES_AT_ONCE)]
        for views in _parts(len(crops), 1 if method.entry.many else VIEWS_AT_ONCE)
    ]
    return ScoresAndMaps(scores, chosen, run(_joined, rows))


def scores_and_labels(
    network: Callable,
    crops: Float[Array, "views height width channels"],
    labels: Array | int,
    *,
    run: Live = LIVE,
) -> tuple[Float[Array, " classes"], Int[Array, " explained"]]:
    """The scores of all classes, averaged over the views, and the classes to explain.

    Args:
      network: as of `scores_and_maps`.
      crops: the views.
      labels: as of `scores_and_maps`.
      run: as of `scores_and_maps`.

    Raises:
      InputError: as of `scores_and_maps`.
    """
    classes = run.shape(_scores, network, crops).size
    if isinstance(labels, int):
        if not 1 <= labels <= classes:
            raise InputError(f"`top` is {labels}; expected 1 to {classes} classes")
        return run(_top_scores, network, crops, static=(labels,))
    for label in labels:
        check(label, (classes,))
    return run(_scores, network, crops), labels


def _parts(length: int, step: int) -> list[range]:
    return [range(start, min(start + step, length)) for start in range(0, length, step)]


@jax.jit
def _scores(network, crops):
    return jax.vmap(network)(crops).mean(axis=0)


@functools.partial(jax.jit, static_argnums=2)
def _top_scores(network, crops, top):
    scores = _scores(network, crops)
    return scores, jax.lax.top_k(scores, top)[1]


@functools.partial(jax.jit, static_argnums=(5, 6, 7))
def _maps(key, network, crops, labels, start, method, views, classes):
    """The maps of some classes in some views, which are cut out here: alone, each cut compiles."""
    keys = jax.random.split(key, len(crops))
    keys, crops = (jax.lax.dynamic_slice_in_dim(one, start[0], views) for one in (keys, crops))
    labels = jax.lax.dynamic_slice_in_dim(labels, start[1], classes)

    def maps(label):
        return jax.vmap(lambda key, view: method.map(key, network, view, label))(keys, crops)

    return jax.vmap(maps)(labels)


@jax.jit
def _joined(rows):
    return jnp.concatenate([jnp.concatenate(row) for row in rows], axis=1)
