"""Canvases and views of several photographs at once, computed in calls of one shape."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import jax
import numpy as np
from jaxtyping import Array, Float, UInt8

from vizjax import devices
from vizjax.data import crops
from vizjax.data.crops import Views, centre_view, ten_views
from vizjax.data.images import canvas
from vizjax.errors import InputError
from vizjax.maps import size_of
from vizjax.models.network import Network
from vizjax.types import KeyArray, Photo

# Without names for the sides: of several, they need not agree.
Photos: TypeAlias = Sequence[UInt8[np.ndarray, "_ _ 3"]]
CanvasMap: TypeAlias = Float[np.ndarray, "_ _"]

VIEWS = {1: centre_view, 10: ten_views}
"""The views by their number: the centre alone, or the paper's ten."""


@runtime_checkable
class Evidence(Protocol):
    """`(key, network, photos, labels) -> maps`, one class a photograph, at the canvas's size."""

    def __call__(
        self, key: KeyArray, network: Network, photos: Photos, labels: Sequence[int]
    ) -> list[CanvasMap]:
        """The maps, in the order of the photographs."""
        ...


def canvas_of(network: Network, photo: Photo) -> Float[np.ndarray, "rows columns 3"]:
    """The photograph at the size that a network's views are cut from."""
    return canvas(photo, network.preprocessing.short_side or max(size_of(network)))


def laid_out(image: np.ndarray, views: int, size: tuple[int, int]) -> Views:
    """One view or ten on a canvas."""
    if views not in VIEWS:
        raise InputError(f"`views` is {views}; expected 1 for the centre, or 10 for the paper's")
    return VIEWS[views](image.shape[0], image.shape[1], size)


def cut_out(canvases: Sequence[np.ndarray], laid: Sequence[Views]) -> np.ndarray:
    """All views of all canvases, one after the other, on the host."""
    pairs = zip(canvases, laid, strict=True)
    return np.concatenate([crops.cut_out(one, views) for one, views in pairs])


def in_chunks(
    function: Callable,
    arrays: tuple[np.ndarray, ...],
    *,
    chunk: int,
    shared: tuple = (),
    static: tuple = (),
) -> Any:
    """`function(*shared, *rows, *static)` over the leading axis, `chunk` rows a call and device.

    The last call is filled up with the last row, so that all are of one shape. What `shared` holds
    is copied to all devices of this process, and each has the rows that would be a call on one: the
    results are the same bits. Without `shared` one device does all.

    Args:
      function: compiled, and of a module where there is something `shared`.
      arrays: of one length, at least 1.
      chunk: rows in memory on a device.
      shared: pytrees of arrays that every call needs, such as a network.
      static: what is compiled in.

    Returns:
      The results as NumPy.
    """
    count, results = len(arrays[0]), []
    mesh = devices.mesh() if shared else None
    if mesh is not None:
        shared, chunk = devices.replicated(shared, mesh), chunk * mesh.size
    for start in range(0, count, chunk):
        numbers = np.minimum(np.arange(start, start + chunk), count - 1)
        rows = tuple(array[numbers] for array in arrays)
        # The host goes on while the device works: results are fetched when all has been sent.
        if mesh is None:
            results.append(function(*shared, *rows, *static))
        else:
            rows = devices.in_rows(rows, mesh)
            results.append(devices.on_each(function, *shared, *rows, mesh=mesh, static=static))
    host = jax.device_get(results)
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:count], *host)


def mean_scores(
    network: Network, photos: Photos, *, views: int = 10, chunk: int = 10
) -> Float[np.ndarray, "photos classes"]:
    """The unnormalised scores of photographs, averaged over views.

    Args:
      network: the classifier.
      photos: of any sizes.
      views: 1 or 10.
      chunk: views in memory at a time, on each device.

    Returns:
      One row a photograph.
    """
    canvases = [canvas_of(network, photo) for photo in photos]
    seen = cut_out(canvases, [laid_out(one, views, size_of(network)) for one in canvases])
    scores = in_chunks(_scores, (seen,), chunk=chunk, shared=(network,))
    return scores.reshape(len(photos), views, -1).mean(axis=1)


@jax.jit
def _scores(network: Network, crops: Array) -> Array:
    return jax.vmap(network)(crops)
