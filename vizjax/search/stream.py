"""One pass over a dataset: the images that excite every channel of several layers most."""

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec as P
from jax.tree_util import Partial
from jaxtyping import Array

from vizjax import devices
from vizjax.chunks import check_chunk
from vizjax.errors import InputError, unknown
from vizjax.search.topk import LAST, Hits, merge, no_hits, strongest

Activations: TypeAlias = Callable[[Any], Mapping[str, Array]]
"""One image to the outputs of layers by name: `network.activations`."""


class TopK(NamedTuple):
    """What a search has found so far, and all that it needs to go on.

    Attributes:
      hits: the lists by layer.
      seen: how many images of the dataset are behind it; the next is number `seen`.
      skipped: the numbers of those among them that were no image (`None`).
    """

    hits: dict[str, Hits]
    seen: int = 0
    skipped: tuple[int, ...] = ()

    @property
    def searched(self) -> int:
        """How many images were looked at."""
        return self.seen - len(self.skipped)


def start(activations: Activations, image: Any, *, layers: Sequence[str], k: int = 9) -> TopK:
    """A search before its first image.

    Args:
      activations: one image to the outputs of layers, `(rows, columns, channels)` or
        `(channels,)`: such as `network.activations`.
      image: an image, or a `jax.ShapeDtypeStruct` of its shape: the values play no part.
      layers: the names of those to search.
      k: how many images a channel, at least 1.

    Returns:
      Lists in which all is missing.

    Raises:
      InputError: no or an unknown layer, one of another rank, or `k` is less than 1.
    """
    if k < 1:
        raise InputError(f"`k` is {k}; expected how many images a channel, at least 1")
    if not layers:
        raise InputError("`layers` is empty; expected at least one name of a layer")
    shapes = {}

    def trace(image):
        shapes.update(activations(image))

    jax.eval_shape(trace, image)
    for layer in layers:
        if layer not in shapes:
            raise unknown("layer", layer, list(shapes))
        if shapes[layer].ndim not in (1, 3):
            raise InputError(
                f"`layers` names {layer}, whose output is {shapes[layer].shape}; expected "
                "(rows, columns, channels) or (channels,)"
            )
    return TopK({n: no_hits(shapes[n].shape[-1], k, shapes[n].dtype) for n in layers})


def top_activations(
    activations: Activations,
    images: Iterable[Any],
    *,
    layers: Sequence[str],
    k: int = 9,
    chunk: int | None = 16,
    state: TopK | None = None,
    progress: Callable[[TopK], Any] | None = None,
) -> TopK:
    """The k images that excite each channel of some layers most, in one pass.

    A channel's value for an image is its largest activation over the plane, `max_ij x_ijc`, with
    the first position in scan order that has it: one hit an image and channel. For a layer
    without a plane, such as the class scores, it is the activation itself. Equal values stand in
    the order of the dataset. Nothing is kept but the lists and one chunk of images a device,
    whatever the length of the dataset, and all is compiled once. Each device of this process takes
    a chunk at a time, as one device would take them in turn: the result is the same bits.

    Args:
      activations: one image to the outputs of layers by name: `network.activations`, or any JAX
        function. Parameters are passed as arguments where it is a pytree or a method of one
        (`jax.tree_util.Partial(f, parameters)` makes one). Layers that are not asked for cost
        nothing unless others need them.
      images: of one shape, read one after another as the search gets to them. `None` is an image
        that could not be used: it is passed over, but keeps its number.
      layers: the names of those to search.
      k: how many images a channel.
      chunk: images in memory at once on each device; None for all, in equal parts. The last
        chunk is filled up, so that nothing is compiled again.
      state: an earlier result, to go on from: `images` then begins with number `state.seen`.
        Interrupted after any chunk, a search that goes on with the same `chunk` ends with the
        same bits.
      progress: called with the result so far after every chunk of all devices, to show or to save.

    Returns:
      For each layer the strongest images of all channels, with value and position.

    Raises:
      InputError: as of `start`; images of different shapes, none at all, an activation that is
        not finite, or a `state` of other layers or another `k`.
    """
    check_chunk(chunk)
    activations, images, found = as_pytree(activations), iter(images), state or TopK({})
    _check_state(found, layers, k)
    mesh = devices.mesh()
    count = 1 if mesh is None else mesh.size
    if mesh is not None:
        activations = devices.replicated(activations, mesh)
    at_once = chunk and chunk * count
    batch = list(itertools.islice(images, at_once))
    while batch:
        usable = [image for image in batch if image is not None]
        if usable and not found.hits:
            found = found._replace(hits=start(activations, usable[0], layers=layers, k=k).hits)
        hits, broken = found.hits, {}
        if usable:
            # The first chunk is short only if the dataset is; any other is filled up.
            size = chunk if chunk and (found.seen or len(batch) > chunk) else len(batch)
            size = size * count if chunk else -(-size // count) * count
            rows = _stacked(batch, usable, found.seen, size)
            if mesh is None:
                hits, broken = _advance(activations, hits, *rows)
            else:
                rows, on = devices.in_rows(rows, mesh), (devices.ROWS,)
                hits, broken = devices.on_each(
                    _advance, activations, hits, *rows, mesh=mesh, static=on, out=P()
                )
        end = found.seen + len(batch)
        skipped = (found.seen + n for n, image in enumerate(batch) if image is None)
        found = TopK(hits, end, (*found.skipped, *skipped))
        batch = list(itertools.islice(images, at_once))  # read while the devices compute
        for layer, number in broken.items():
            if number < LAST:
                raise InputError(
                    f"`images` number {number} has an activation of {layer} that is not finite; "
                    "expected finite pixels and parameters: leave the image out (None)"
                )
        if progress is not None:
            progress(found)
    if not found.hits:
        raise InputError("`images` holds none; expected at least one image")
    hits = {layer: found.hits[layer] for layer in layers}
    if mesh is not None:  # every device has them
        hits = jax.tree.map(lambda one: one.addressable_data(0), devices.replicated(hits, mesh))
    return found._replace(hits=hits)


@functools.partial(jax.jit, static_argnames="axis")
def _advance(activations, hits, images, indices, axis=None):
    """The lists after a chunk; by layer, the number of its first image that is not finite.

    With `axis`, of all devices along it, each of which has a chunk of its own.
    """
    outputs = jax.vmap(activations)(images)
    new = {layer: strongest(outputs[layer], indices) for layer in hits}
    if axis:
        new = jax.lax.all_gather(new, axis, axis=1, tiled=True)

    def first_broken(one):
        wrong = ~jnp.isfinite(one.values) & (one.images >= 0)
        return jnp.where(wrong, one.images, LAST).min()

    merged = {layer: merge(one, new[layer]) for layer, one in hits.items()}
    return merged, {layer: first_broken(one) for layer, one in new.items()}


def _stacked(
    batch: Sequence[Any], usable: Sequence[Any], first: int, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """The chunk as one array of `size` images, with their numbers; −1 where there is none."""
    shape, dtype = np.shape(usable[0]), usable[0].dtype
    images, indices = np.zeros((size, *shape), dtype), np.full(size, -1, np.int32)
    for place, image in enumerate(batch):
        if image is not None:
            if np.shape(image) != shape:
                raise InputError(
                    f"`images` number {first + place} is of shape {np.shape(image)}, another one "
                    f"of {shape}; expected one shape: cut views out of photographs"
                )
            images[place], indices[place] = image, first + place
    return images, indices


def joined(parts: Sequence[TopK]) -> TopK:
    """One search of what several have searched, each of them a stretch of the dataset.

    Args:
      parts: in the order of the stretches, of the same layers and k, with the images' numbers each
        counted from 0 as `top_activations` counts them.

    Returns:
      The same bits as one search through all, with `k` and `chunk` as theirs, in which every
      stretch begins with a chunk.
    """
    hits, first, skipped = parts[0].hits, parts[0].seen, parts[0].skipped
    for part in parts[1:]:
        for layer, one in part.hits.items():
            images = jnp.where(one.images < 0, -1, one.images + first)
            hits = hits | {layer: merge(hits[layer], one._replace(images=images))}
        skipped = (*skipped, *(first + number for number in part.skipped))
        first += part.seen
    return TopK(hits, first, skipped)


def as_pytree(function: Callable) -> Callable:
    """`function` as a pytree whose arrays a compiled function takes as arguments."""
    if inspect.ismethod(function):
        owner = function.__self__
        return Partial(function) if _is_leaf(owner) else Partial(function.__func__, owner)
    return Partial(function) if _is_leaf(function) else function


def _is_leaf(value: Any) -> bool:
    return jax.tree_util.all_leaves([value])


def _check_state(state: TopK, layers: Sequence[str], k: int) -> None:
    lengths = {hits.values.shape[1] for hits in state.hits.values()} or {k}
    if (state.hits and set(state.hits) != set(layers)) or lengths != {k}:
        raise InputError(
            f"`state` is of layers {', '.join(state.hits)} and {min(lengths)} images a channel; "
            f"expected {', '.join(layers)} and {k}: begin a new search"
        )
