"""A method's maps averaged over views of one scale, as in the paper; and what looks at nothing."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Array

from vizjax.attribution.registry import Bound
from vizjax.data.crops import assemble
from vizjax.data.images import canvas, resize
from vizjax.evidence.canvases import CanvasMap, Photos, canvas_of, cut_out, in_chunks, laid_out
from vizjax.maps import SALIENCY, size_of
from vizjax.models.network import Network
from vizjax.types import KeyArray


@dataclass(frozen=True)
class Averaged:
    """A method's maps averaged over views of the canvas (Simonyan et al. 2013, §3.1).

    Attributes:
      method: what a map is.
      rule: the backward rule of the rectifiers.
      views: 1 for the centre, 10 for the paper's; outside of all views a map is 0.
      short_side: of the canvas that the views are cut from, in pixels; 0 for the network's own.
      smoothing: standard deviation of a Gaussian over the map, in pixels of the network's canvas.
      chunk: views in memory at a time, on each device.
    """

    method: Bound = SALIENCY
    rule: str = "gradient"
    views: int = 10
    short_side: int = 0
    smoothing: float = 0.0
    chunk: int = 10

    def __call__(
        self, key: KeyArray, network: Network, photos: Photos, labels: Sequence[int]
    ) -> list[CanvasMap]:
        """The maps; of a random method, every view has a key of its own."""
        from scipy.ndimage import gaussian_filter  # heavy, and only needed here

        network = network.with_rule(self.rule) if self.rule != "gradient" else network
        plain = [canvas_of(network, photo) for photo in photos]
        canvases = [canvas(p, self.short_side) for p in photos] if self.short_side else plain
        laid = [laid_out(one, self.views, size_of(network)) for one in canvases]
        crops = cut_out(canvases, laid)
        classes = np.repeat(np.asarray(labels, np.int32), self.views)
        maps = in_chunks(
            _maps,
            (np.arange(len(crops), dtype=np.uint32), crops, classes),
            chunk=1 if self.method.entry.many else min(self.chunk, len(crops)),
            shared=(network, key),
            static=(self.method,),
        )
        results = []
        for views, image, own in zip(laid, canvases, plain, strict=True):
            some, maps = np.split(maps, [self.views])
            one = assemble(some, views, *image.shape[:2])
            one = resize(one, *own.shape[:2]) if self.short_side else one
            results.append(gaussian_filter(one, self.smoothing) if self.smoothing else one)
        return results


@functools.partial(jax.jit, static_argnums=5)
def _maps(
    network: Network, key: KeyArray, numbers: Array, crops: Array, labels: Array, method: Bound
) -> Array:
    def one(number, crop, label):
        return method.map(jax.random.fold_in(key, number), network, crop, label)

    if len(crops) == 1:  # under vmap occlusion could not compute only what a window changes
        return one(numbers[0], crops[0], labels[0])[None]
    return jax.vmap(one)(numbers, crops, labels)


@dataclass(frozen=True)
class Middle:
    """What any map has to beat: the nearer to the photograph's centre the larger, `1 − r`.

    r is the distance from the centre, of which a corner has 1, in units of the sides.
    """

    def __call__(
        self, key: KeyArray, network: Network, photos: Photos, labels: Sequence[int]
    ) -> list[CanvasMap]:
        """The maps, which depend on the photographs' shapes alone."""
        del key, labels
        maps = []
        for photo in photos:
            rows, columns, _ = canvas_of(network, photo).shape
            y, x = (np.abs((np.arange(n) + 0.5) / n - 0.5) for n in (rows, columns))
            maps.append((1 - np.hypot(y[:, None], x[None]) * np.sqrt(2)).astype(np.float32))
        return maps
