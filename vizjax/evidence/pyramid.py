"""Saliency at a deep layer, averaged over views of a photograph at several scales."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Array, Float
from scipy.ndimage import gaussian_filter

from vizjax.attribution.layer_saliency import layer_saliency
from vizjax.data.crops import Views, assemble
from vizjax.data.images import canvas, resize
from vizjax.evidence.canvases import CanvasMap, canvas_of, cut_out, in_chunks
from vizjax.maps import size_of
from vizjax.models.network import Network
from vizjax.types import KeyArray, Photo


@dataclass(frozen=True)
class Pyramid:
    """`layer_saliency` on a pyramid of scales, every scale with the same say.

    At each scale the canvas is covered with views and their reflections, the maps of the views are
    averaged where they lie, smoothed, and divided by their `peak` quantile, above which they are 1;
    the mean of the scales is then stretched to [0, 1]. Large objects are seen whole at small scales
    and small objects in detail at large ones.

    Attributes:
      layer: whose saliency it is, such as `fire8` of SqueezeNet.
      scales: short sides of the canvases, in pixels; 0 squeezes the whole photograph into one view.
      step: the most that neighbouring views of a scale are apart, in pixels.
      smoothing: standard deviation of the Gaussian, in pixels of the network's canvas.
      peak: the quantile of a scale's map that counts as its maximum.
      chunk: views in memory at a time.
    """

    layer: str
    scales: tuple[int, ...] = (0, 256, 320, 400)
    step: int = 120
    smoothing: float = 4.0
    peak: float = 0.995
    chunk: int = 10

    def __call__(
        self, key: KeyArray, network: Network, photos: Sequence[Photo], labels: Sequence[int]
    ) -> list[CanvasMap]:
        """The maps, in [0, 1]; all 0 where the score depends on no place of the layer."""
        del key
        size = size_of(network)
        pairs = [(photo, scale) for photo in photos for scale in self.scales]
        images = [canvas(p, s) if s else resize(p, *size) for p, s in pairs]
        laid = [covering(*one.shape[:2], size, step=self.step) for one in images]
        counts = [len(views.y) for views in laid]
        classes = np.repeat(np.repeat(np.asarray(labels, np.int32), len(self.scales)), counts)
        maps = in_chunks(
            functools.partial(_maps, self.layer, network),
            (cut_out(images, laid), classes),
            chunk=self.chunk,
        )
        parts = iter(np.split(maps, np.cumsum(counts)[:-1]))
        laid_and_sized = iter(zip(laid, images, strict=True))
        results = []
        for photo in photos:
            shape = canvas_of(network, photo).shape[:2]
            total = np.zeros(shape, np.float32)
            for _ in self.scales:
                views, image = next(laid_and_sized)
                total += self._levelled(assemble(next(parts), views, *image.shape[:2]), shape)
            results.append(_stretched(total))
        return results

    def _levelled(
        self, one: Float[np.ndarray, "h w"], shape: tuple[int, int]
    ) -> Float[np.ndarray, "rows columns"]:
        smooth = gaussian_filter(resize(one, *shape), self.smoothing)
        top = np.quantile(smooth, self.peak)
        return np.minimum(smooth / top, 1) if top > 0 else np.zeros(shape, np.float32)


def covering(height: int, width: int, size: tuple[int, int], *, step: int = 120) -> Views:
    """Lay out views that cover a canvas, evenly, each with its reflection.

    Args:
      height: the canvas's height, in pixels.
      width: its width.
      size: height and width of the views.
      step: the most that neighbours are apart, in pixels.

    Returns:
      The views, row by row, each followed by its mirror image.

    >>> views = covering(4, 9, (4, 4), step=3)
    >>> views.x.tolist(), views.flip[:2].tolist()
    ([0, 0, 2, 2, 5, 5], [False, True])
    """

    def starts(length: int, side: int) -> np.ndarray:
        count = 1 + -(-(length - side) // step)
        return np.round(np.linspace(0, length - side, count)).astype(np.int32)

    y, x = np.meshgrid(starts(height, size[0]), starts(width, size[1]), indexing="ij")
    y, x = np.repeat(y.ravel(), 2), np.repeat(x.ravel(), 2)
    return Views(y, x, np.tile([False, True], len(y) // 2), size)


def _stretched(total: Float[np.ndarray, "rows columns"]) -> CanvasMap:
    low, high = total.min(), total.max()
    return (total - low) / (high - low) if high > low else np.zeros_like(total)


@functools.partial(jax.jit, static_argnums=0)
def _maps(layer: str, network: Network, crops: Array, labels: Array) -> Array:
    def one(crop, label):
        return layer_saliency(network, crop, label, layer=layer)

    return jax.vmap(one)(crops, labels)
