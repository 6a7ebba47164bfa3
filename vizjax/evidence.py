"""Evidence: the map of a class on a photograph's canvas, which a procedure then segments.

An evidence takes several photographs at once, one class each, and computes them on the device in
calls of one shape: whatever the photographs' sizes, all is compiled once.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import jax
import numpy as np
from jaxtyping import Array, Float

from vizjax.attribution.registry import Bound
from vizjax.data.crops import Views, assemble, centre_view, extract, ten_views
from vizjax.data.images import canvas
from vizjax.maps import SALIENCY, size_of
from vizjax.models.network import Network
from vizjax.types import KeyArray, Photo

CanvasMap: TypeAlias = Float[np.ndarray, "rows columns"]

VIEWS = {1: centre_view, 10: ten_views}
"""The views by their number: the centre alone, or the paper's ten."""


class Evidence(Protocol):
    """`(key, network, photos, labels) -> maps`, one class a photograph, at the canvas's size."""

    def __call__(
        self, key: KeyArray, network: Network, photos: Sequence[Photo], labels: Sequence[int]
    ) -> list[CanvasMap]:
        """The maps, in the order of the photographs."""
        ...


@dataclass(frozen=True)
class Averaged:
    """A method's maps averaged over views of the canvas (Simonyan et al. 2013, §3.1).

    Attributes:
      method: what a map is.
      rule: the backward rule of the rectifiers.
      views: 1 for the centre, 10 for the paper's; outside of all views a map is 0.
      chunk: views in memory at a time.
    """

    method: Bound = SALIENCY
    rule: str = "gradient"
    views: int = 10
    chunk: int = 10

    def __call__(
        self, key: KeyArray, network: Network, photos: Sequence[Photo], labels: Sequence[int]
    ) -> list[CanvasMap]:
        """The maps; of a random method, every view has a key of its own."""
        network = network.with_rule(self.rule) if self.rule != "gradient" else network
        canvases = [canvas_of(network, photo) for photo in photos]
        laid = [laid_out(one, self.views, size_of(network)) for one in canvases]
        crops = _cut(canvases, laid)
        classes = np.repeat(np.asarray(labels, np.int32), self.views)
        maps = in_chunks(
            functools.partial(_maps, self.method, network, key),
            (np.arange(len(crops), dtype=np.uint32), crops, classes),
            chunk=1 if self.method.entry.many else self.chunk,
        )
        return [
            assemble(maps[k * self.views : (k + 1) * self.views], views, *one.shape[:2])
            for k, (one, views) in enumerate(zip(canvases, laid, strict=True))
        ]


@dataclass(frozen=True)
class Middle:
    """What any map has to beat: the nearer to the photograph's centre the larger, `1 − r`.

    r is the distance from the centre, of which a corner has 1, in units of the sides.
    """

    def __call__(
        self, key: KeyArray, network: Network, photos: Sequence[Photo], labels: Sequence[int]
    ) -> list[CanvasMap]:
        """The maps, which depend on the photographs' shapes alone."""
        del key, labels
        maps = []
        for photo in photos:
            rows, columns, _ = canvas_of(network, photo).shape
            y, x = (np.abs((np.arange(n) + 0.5) / n - 0.5) for n in (rows, columns))
            maps.append((1 - np.hypot(y[:, None], x[None]) * np.sqrt(2)).astype(np.float32))
        return maps


def canvas_of(network: Network, photo: Photo) -> Float[np.ndarray, "rows columns 3"]:
    """The photograph at the size that a network's views are cut from."""
    return canvas(photo, network.preprocessing.short_side or max(size_of(network)))


def laid_out(image: np.ndarray, views: int, size: tuple[int, int]) -> Views:
    """One view or ten on a canvas."""
    return VIEWS[views](image.shape[0], image.shape[1], size)


def _cut(canvases: Sequence[np.ndarray], laid: Sequence[Views]) -> np.ndarray:
    """All views of all canvases, one after the other, on the host."""
    pairs = zip(canvases, laid, strict=True)
    return np.concatenate([np.asarray(extract(one, views)) for one, views in pairs])


def in_chunks(function: Callable, arrays: tuple[np.ndarray, ...], *, chunk: int) -> Any:
    """`function(*rows)` over the leading axis, so many rows a call; the results as NumPy.

    The last call is filled up with the last row, so that all are of one shape.
    """
    count, results = len(arrays[0]), []
    for start in range(0, count, chunk):
        rows = np.minimum(np.arange(start, start + chunk), count - 1)
        # The host goes on while the device works: results are fetched when all has been sent.
        results.append(function(*(array[rows] for array in arrays)))
    host = jax.device_get(results)
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:count], *host)


@functools.partial(jax.jit, static_argnums=0)
def _maps(
    method: Bound, network: Network, key: KeyArray, numbers: Array, crops: Array, labels: Array
) -> Array:
    def one(number, crop, label):
        return method.map(jax.random.fold_in(key, number), network, crop, label)

    return jax.vmap(one)(numbers, crops, labels)


def mean_scores(
    network: Network, photos: Sequence[Photo], *, views: int = 10, chunk: int = 10
) -> Float[np.ndarray, "photos classes"]:
    """The unnormalised scores of photographs, averaged over views.

    Args:
      network: the classifier.
      photos: of any sizes.
      views: 1 or 10.
      chunk: views in memory at a time.

    Returns:
      One row a photograph.
    """
    canvases = [canvas_of(network, photo) for photo in photos]
    crops = _cut(canvases, [laid_out(one, views, size_of(network)) for one in canvases])
    scores = in_chunks(functools.partial(_scores, network), (crops,), chunk=chunk)
    return scores.reshape(len(photos), views, -1).mean(axis=1)


@jax.jit
def _scores(network: Network, crops: Array) -> Array:
    return jax.vmap(network)(crops)
