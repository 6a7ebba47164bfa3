"""Exemplars to look at: montages of patches and projections, in a figure and on a page."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from vizjax import pictures
from vizjax.data.images import resize
from vizjax.exemplars.tracing import Exemplar, Exemplars
from vizjax.models.network import Network
from vizjax.pictures import Picture
from vizjax.report import Group, Panel, Section

TILE = 180
"""The longer side of a tile in pixels: small patches are enlarged to it and large ones shrunk."""

GAP = 4
"""White pixels between two tiles."""

BEYOND = 128
"""The grey of what lies beyond the image; that of 0 in a projection."""

PROJECTIONS = {
    "deconvnet": "DeconvNet projections",
    "guided": "guided backpropagation",
    "gradient": "gradients",
}
"""What the projections of a rule are called."""


def montages(
    exemplars: Sequence[Exemplar], size: tuple[int, int], *, k: int
) -> tuple[Picture, Picture]:
    """The patches of a channel in rows, and in the same places their projections.

    A tile is the neuron's receptive field, brought to `TILE` pixels with its proportions kept.
    Where the border of the view cuts the field, the tile is grey beyond it.

    Args:
      exemplars: of one channel; the strongest will be at the top left.
      size: height and width of the view, in pixels.
      k: how many tiles; those without an exemplar stay white.

    Returns:
      Two pictures of one size. Grey is 0 in a projection, and each has its own scale.
    """

    def tile(picture, box, whole):
        (height, width), (rows, columns) = whole, picture.shape[:2]
        y = height - rows if box.y0 == 0 and box.y1 < size[0] else 0
        x = width - columns if box.x0 == 0 and box.x1 < size[1] else 0
        field = np.full((height, width, 3), BEYOND, np.uint8)
        field[y : y + rows, x : x + columns] = picture
        scale = TILE / max(whole)
        sides = (max(round(scale * side), 1) for side in whole)
        return pictures.to_pixels(resize(field, *sides))

    patches = [tile(pictures.to_pixels(e.patch), e.box, e.whole) for e in exemplars]
    projections = [tile(pictures.signed(e.projection), e.box, e.whole) for e in exemplars]
    return _in_rows(patches, k), _in_rows(projections, k)


def _in_rows(tiles: Sequence[np.ndarray], k: int) -> np.ndarray:
    across = math.ceil(math.sqrt(k))
    down = -(-k // across)
    height, width = tiles[0].shape[:2] if tiles else (TILE, TILE)
    picture = np.full((down * (height + GAP) - GAP, across * (width + GAP) - GAP, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        y, x = (number // across) * (height + GAP), (number % across) * (width + GAP)
        picture[y : y + height, x : x + width] = tile
    return picture


def exemplar_figure(network: Network, exemplars: Exemplars, layer: str) -> Any:
    """Zeiler & Fergus' figure of a layer: a row a channel, its patches and its projections.

    Args:
      network: that was searched.
      exemplars: from `exemplars` or `trace_back`.
      layer: one of its layers.

    Returns:
      A matplotlib figure for `vizjax.figures.write`, with the first `vizjax.figures.MAX_ROWS`
      channels; the caption says so where there are more.
    """
    from vizjax import figures  # matplotlib, only needed here

    pairs = _pairs(network, exemplars, layer)
    shown = dict(list(pairs.items())[: figures.MAX_ROWS])
    text = caption(network, exemplars, layer)
    if len(shown) < len(pairs):
        text += f" The first {len(shown)} of {len(pairs)} channels."
    return figures.grid(
        list(shown.values()),
        columns=["patches", PROJECTIONS.get(exemplars.rule, exemplars.rule)],
        rows=[_title(network, exemplars, layer, channel, wrap=20) for channel in shown],
        caption=text,
    )


def exemplar_section(network: Network, exemplars: Exemplars, layer: str) -> Section:
    """The same for a page of `vizjax.report`, with all channels.

    Args:
      network: that was searched.
      exemplars: from `exemplars` or `trace_back`.
      layer: one of its layers.

    Returns:
      A section: a group a channel, its patches and its projections side by side.
    """
    name = PROJECTIONS.get(exemplars.rule, exemplars.rule)
    groups = [
        Group(
            _title(network, exemplars, layer, channel),
            [Panel(patches, "patches"), Panel(projections, name)],
        )
        for channel, (patches, projections) in _pairs(network, exemplars, layer).items()
    ]
    text = (
        "What excites each channel most, and what of it the channel's strongest neuron passed on."
    )
    return Section(layer, text, caption(network, exemplars, layer), groups)


def caption(network: Network, exemplars: Exemplars, layer: str) -> str:
    """All that the pictures of a layer depend on, in words."""
    k = exemplars.found.hits[layer].values.shape[1]
    wholes = {e.whole for shown in exemplars.shown[layer].values() for e in shown}
    fields = " or ".join(f"{height}×{width}" for height, width in sorted(wholes))
    view = "×".join(map(str, network.blank().shape[:2]))
    return (
        f"{network.name}, {layer}: of each channel the {k} strongest of "
        f"{exemplars.found.searched} photographs by the largest activation in the centre view of "
        f"{view} pixels, cut to what the strongest neuron sees ({fields} pixels), "
        f"and its projection to the same pixels by the {exemplars.rule} rule, grey being 0, each "
        "scaled to the 99.5 % quantile of its own magnitude. Beside a patch grey lies beyond the "
        f"view. Channels: {exemplars.selection}; with each the range of its activations."
    )


def _title(
    network: Network, exemplars: Exemplars, layer: str, channel: int, *, wrap: int | None = None
) -> str:
    """A channel's name and the range of its activations, on one line or below one another."""
    values = [exemplar.value for exemplar in exemplars.shown[layer][channel]]
    ends = f"{min(values):.4g} to {max(values):.4g}" if values else "no photograph"
    is_class = len(exemplars.found.hits[layer].values) == len(network.labels)
    name = f"channel {channel}" + (f", {network.labels.name(channel)}" if is_class else "")
    return f"{name}: {ends}" if wrap is None else f"{textwrap.fill(name, wrap)}\n{ends}"


def _pairs(network: Network, exemplars: Exemplars, layer: str) -> dict[int, list[np.ndarray]]:
    k = exemplars.found.hits[layer].values.shape[1]
    size = network.blank().shape[0], network.blank().shape[1]
    shown = exemplars.shown[layer]
    return {channel: list(montages(some, size, k=k)) for channel, some in shown.items()}
