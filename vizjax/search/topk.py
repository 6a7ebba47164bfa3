"""A running list of the k strongest images of every channel, of bounded size."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from vizjax.errors import InputError

LAST = jnp.iinfo(jnp.int32).max
"""Where a missing image stands among the numbers of images: behind them all."""


class Hits(NamedTuple):
    """The k images of a dataset that excite each channel of a layer most, the strongest first.

    Where there are fewer than k images the rest is missing: image, row and column are −1 and
    the value −∞.

    Attributes:
      values: the activation, in the layer's unit.
      images: the image's number in the dataset, from 0.
      rows: the row of the strongest neuron of the channel's plane; 0 for a layer without one.
      columns: likewise.
    """

    values: Float[Array | np.ndarray, "channels k"]
    images: Int[Array | np.ndarray, "channels k"]
    rows: Int[Array | np.ndarray, "channels k"]
    columns: Int[Array | np.ndarray, "channels k"]


def no_hits(channels: int, k: int, dtype: Any = jnp.float32) -> Hits:
    """The lists before the first image: all missing.

    Args:
      channels: how many lists.
      k: their length, at least 1.
      dtype: of the layer's activation.
    """
    nowhere = jnp.full((channels, k), -1, jnp.int32)
    return Hits(jnp.full((channels, k), -jnp.inf, dtype), nowhere, nowhere, nowhere)


def strongest(activation: Float[Array, "batch ..."], indices: Int[Array, " batch"]) -> Hits:
    """The strongest neuron of each image in each channel: one hit an image.

    `a_c = max_ij x_ijc`, at the first position of equals in scan order.

    Args:
      activation: of a batch: `(batch, rows, columns, channels)`, or `(batch, channels)`.
      indices: the images' numbers in the dataset; −1 for what fills up a batch and is no image.

    Returns:
      One column an image, in the batch's order. A NaN among a plane's values is its value.

    Raises:
      InputError: an activation of another rank.
    """
    if activation.ndim not in (2, 4):
        raise InputError(
            f"`activation` is {activation.shape[1:]} for an image; expected "
            "(rows, columns, channels) or (channels,): choose another layer"
        )
    batch, channels = activation.shape[0], activation.shape[-1]
    planes = activation.reshape(batch, *(activation.shape[1:-1] or (1, 1)), channels)
    # Row first, then the place within it: the same as one argmax over the plane, but most of the
    # work is a plain maximum, which is many times faster on a CPU.
    rows = planes.max(axis=2).argmax(axis=1)
    lines = jnp.take_along_axis(planes, rows[:, None, None], axis=1)[:, 0]
    columns = lines.argmax(axis=1)
    values = jnp.take_along_axis(lines, columns[:, None], axis=1)[:, 0]
    images = jnp.broadcast_to(indices.astype(jnp.int32)[:, None], (batch, channels))
    missing = images < 0
    return Hits(
        jnp.where(missing, -jnp.inf, values).T,
        jnp.where(missing, -1, images).T,
        jnp.where(missing, -1, rows.astype(jnp.int32)).T,
        jnp.where(missing, -1, columns.astype(jnp.int32)).T,
    )


def merge(hits: Hits, others: Hits) -> Hits:
    """The k strongest of two lists of every channel, k being the length of the first.

    Equal values stand in the order of the dataset. As every image is in one list only, this
    leaves nothing to the order in which lists are merged: the result is the same bits.

    Args:
      hits: `(channels, k)`.
      others: `(channels, any number)`.

    Returns:
      `(channels, k)`, the strongest first; NaN is weaker than anything.
    """
    joined = [jnp.concatenate(pair, axis=1) for pair in zip(hits, others, strict=True)]
    values, images, *_ = joined
    keys = [-values, jnp.where(images < 0, LAST, images)]
    ordered = jax.lax.sort(keys + joined, dimension=1, num_keys=len(keys))[len(keys) :]
    return Hits(*(one[:, : hits.values.shape[1]] for one in ordered))


def update(
    hits: dict[str, Hits],
    activations: dict[str, Float[Array, "batch ..."]],
    indices: Int[Array, " batch"],
) -> dict[str, Hits]:
    """The lists of several layers after one more batch; a pure function, to be compiled.

    Args:
      hits: by layer, so far; `no_hits` to begin with.
      activations: of the batch, by layer; layers that `hits` lacks are left alone.
      indices: the images' numbers in the dataset; −1 for what fills up a batch and is no image.

    Returns:
      The lists by layer, shaped as `hits`.

    Raises:
      InputError: as of `strongest`.
    """
    return {name: merge(one, strongest(activations[name], indices)) for name, one in hits.items()}
