"""From what a search has found back to pixels: receptive fields and projections."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import jax
import numpy as np
from jaxtyping import Float

from vizjax.attribution import gradient
from vizjax.chunks import check_chunk
from vizjax.errors import InputError
from vizjax.exemplars.views import view_of
from vizjax.models.network import Network
from vizjax.search import Hits, TopK, receptive_fields
from vizjax.types import Box

Photos: TypeAlias = Sequence[Path | str | np.ndarray]
"""Photographs, or the files to read them from when they are needed."""

Channels: TypeAlias = int | Sequence[int] | Mapping[str, Sequence[int]]
"""How many channels of each layer; or which; or which by layer."""

Crop: TypeAlias = Float[np.ndarray, "height width 3"]


class Exemplar(NamedTuple):
    """One of the photographs that excite a channel most.

    Attributes:
      photo: its number.
      value: the activation of the channel's strongest neuron.
      row: where on the layer's plane this neuron stands; 0 for a layer without one.
      column: likewise.
      box: its receptive field, in pixels of the network's view of the photograph.
      whole: height and width of the channel's largest receptive field: that of a neuron which the
        border of the view does not cut, if there is one.
      patch: the part of the view in the box, RGB in 0-255.
      projection: the neuron traced back to these pixels, signed and raw.
    """

    photo: int
    value: float
    row: int
    column: int
    box: Box
    whole: tuple[int, int]
    patch: Crop
    projection: Crop


class Exemplars(NamedTuple):
    """What excites some of the channels most.

    Attributes:
      found: the hits of all channels of the layers.
      rule: the backward rule of the projections.
      selection: how the channels were chosen, in words.
      shown: by layer and channel, the strongest first.
    """

    found: TopK
    rule: str
    selection: str
    shown: dict[str, dict[int, list[Exemplar]]]


def trace_back(
    network: Network,
    photos: Photos,
    found: TopK,
    *,
    channels: Channels = 9,
    rule: str = "deconvnet",
    chunk: int | None = 16,
) -> Exemplars:
    """Patches and projections of what a search has found; the second half of `exemplars`.

    Args:
      network: that was searched.
      photos: likewise.
      found: from `search_photos`.
      channels: as of `exemplars`.
      rule: likewise.
      chunk: images in memory at once; None for all of a layer.

    Returns:
      The exemplars of some channels of each layer.

    Raises:
      InputError: an unknown rule, a channel that a layer does not have, or a photograph that
        cannot be read any more.
    """
    check_chunk(chunk)
    backward = network.with_rule(rule)
    chosen = {name: chosen_channels(name, hits, channels) for name, hits in found.hits.items()}
    shown = {}
    for name, hits in found.hits.items():
        boxes = receptive_fields(network.layer(name), network.blank())
        traced = dict(_traced(backward, photos, name, hits, boxes, chosen[name], chunk))
        places = range(hits.images.shape[1])
        shown[name] = {c: [traced[c, n] for n in places if (c, n) in traced] for c in chosen[name]}
    evenly = "evenly spaced among those that all their photographs excite"
    selection = evenly if isinstance(channels, int) else "as asked for"
    return Exemplars(found, rule, selection, shown)


def chosen_channels(layer: str, hits: Hits, channels: Channels) -> list[int]:
    """The channels of a layer that `channels` asks for; see `exemplars`.

    Args:
      layer: its name.
      hits: of all its channels.
      channels: how many, which, or which by layer.

    Returns:
      Their numbers, in the order asked for, or ascending.

    Raises:
      InputError: a channel, or a number of channels, that the layer does not have.
    """
    values, images = np.asarray(hits.values), np.asarray(hits.images)
    if isinstance(channels, Mapping):
        channels = channels.get(layer, ())
    if isinstance(channels, int):
        if channels < 1:
            raise InputError(f"`channels` is {channels}; expected how many, at least 1, or which")
        excited = np.flatnonzero(np.where(images < 0, np.inf, values).min(axis=1) > 0)
        pool = excited if len(excited) else np.arange(len(values))
        places = np.linspace(0, len(pool) - 1, min(channels, len(pool)))
        return pool[np.round(places).astype(int)].tolist()
    for channel in channels:
        if not 0 <= channel < len(values):
            last = len(values) - 1
            raise InputError(f"`channels` has {channel}; expected 0 to {last} for {layer}")
    return list(dict.fromkeys(channels))


def _traced(
    network: Network,
    photos: Photos,
    layer: str,
    hits: Hits,
    boxes: np.ndarray,
    channels: Sequence[int],
    chunk: int | None,
) -> Iterator[tuple[tuple[int, int], Exemplar]]:
    """The exemplars by channel and place in its list, in the order of the photographs."""
    values, images, rows, columns = (np.asarray(part) for part in hits)
    wanted = [(c, n) for c in channels for n in np.flatnonzero(images[c] >= 0).tolist()]
    wanted.sort(key=lambda place: images[place])
    read = functools.lru_cache(maxsize=1)(lambda number: view_of(network, photos[number]))
    size = min(chunk or len(wanted), len(wanted))
    sides = boxes[..., 2:] - boxes[..., :2]
    largest = sides.reshape(-1, *sides.shape[-2:]).max(axis=0)
    for first in range(0, len(wanted), max(size, 1)):
        part = wanted[first : first + size]
        views = [read(int(images[place])) for place in part]
        where = [(int(rows[c, n]), int(columns[c, n]), c) for c, n in part]
        neurons = [neuron[4 - boxes.ndim :] for neuron in where]
        spare = size - len(part)  # the last chunk is filled up: nothing is compiled again
        projections = np.asarray(
            _projections(
                network.layer(layer),
                np.stack([*views, *views[:1] * spare]),
                np.array([*neurons, *neurons[:1] * spare], np.int32),
            )
        )
        for place, view, neuron, (row, column, _), projection in zip(
            part, views, neurons, where, projections, strict=False
        ):
            box = Box(*boxes[neuron].tolist())
            seen = np.s_[box.y0 : box.y1, box.x0 : box.x1]
            yield (
                place,
                Exemplar(
                    photo=int(images[place]),
                    value=float(values[place]),
                    row=row,
                    column=column,
                    box=box,
                    whole=(int(largest[place[0], 1]), int(largest[place[0], 0])),
                    patch=view[seen].copy(),  # so that the whole may be forgotten
                    projection=projection[seen].copy(),
                ),
            )


@jax.jit
def _projections(score_fn, images, neurons):
    return jax.vmap(gradient, (None, 0, 0))(score_fn, images, neurons)
