"""Saliency at a deep layer, averaged over views of a photograph at several scales."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from vizjax.attribution.layer_saliency import layer_saliency
from vizjax.data.crops import Views, assemble
from vizjax.data.images import canvas, resize
from vizjax.errors import InputError
from vizjax.evidence.canvases import CanvasMap, Photos, canvas_of, cut_out, in_chunks
from vizjax.maps import size_of
from vizjax.models.network import Network
from vizjax.types import KeyArray, Photo


class Level(NamedTuple):
    """A photograph at one scale, and where in the image it lies: rows and columns."""

    image: Float[np.ndarray, "h w 3"]
    inside: tuple[slice, slice]


@dataclass(frozen=True)
class Pyramid:
    """`layer_saliency` on a pyramid of scales, every scale with the same say.

    Two views hold the whole photograph: squeezed to the network's size, and fitted into it amid the
    mean colour. At each scale the canvas is covered with views. All are seen reflected, too; the
    maps of the views are averaged where they lie, smoothed, and divided by their `peak` quantile,
    above which they are 1; the mean of the scales is then stretched to [0, 1]. Large objects are
    seen whole at small scales and small objects in detail at large ones.

    Attributes:
      layer: whose saliency it is, such as `fire8` of SqueezeNet.
      whole: whether the whole photograph is seen, in two views.
      scales: short sides of the canvases that are covered with views, in units of the network's.
      step: the most that neighbouring views are apart, as a part of a view's sides.
      smoothing: standard deviation of the Gaussian, as a part of the network's short side.
      peak: the quantile of a scale's map that counts as its maximum.
      chunk: views in memory at a time, on each device.
    """

    layer: str
    whole: bool = True
    scales: tuple[float, ...] = (1.0, 1.25, 1.5625, 2.0)
    step: float = 0.53
    smoothing: float = 1 / 64
    peak: float = 0.995
    chunk: int = 10

    def __call__(
        self, key: KeyArray, network: Network, photos: Photos, labels: Sequence[int]
    ) -> list[CanvasMap]:
        """The maps, in [0, 1]; all 0 where the score depends on no place of the layer."""
        del key
        size = size_of(network)
        levels = [self.levels(network, photo) for photo in photos]
        images = [level.image for of_one in levels for level in of_one]
        laid = [covering(one.shape[0], one.shape[1], size, step=self.step) for one in images]
        counts = [len(views.y) for views in laid]
        owners = np.repeat(np.asarray(labels, np.int32), [len(of_one) for of_one in levels])
        maps = in_chunks(
            _maps,
            (cut_out(images, laid), np.repeat(owners, counts)),
            chunk=self.chunk,
            shared=(network,),
            static=(self.layer,),
        )
        parts = iter(zip(np.split(maps, np.cumsum(counts)[:-1]), laid, strict=True))
        results = []
        for photo, of_one in zip(photos, levels, strict=True):
            shape = canvas_of(network, photo).shape[:2]
            total = np.zeros(shape, np.float32)
            for image, inside in of_one:
                some, views = next(parts)
                whole = assemble(some, views, *image.shape[:2])
                total += self._levelled(np.ascontiguousarray(whole[inside]), shape)
            results.append(_stretched(total))
        return results

    def levels(self, network: Network, photo: Photo) -> list["Level"]:
        """The images of a photograph that the views are cut from.

        Args:
          network: with an input size.
          photo: of any size.

        Raises:
          InputError: there is none: `whole` is False and `scales` empty.
        """
        short = network.preprocessing.short_side or max(size_of(network))
        covered = [canvas(photo, round(scale * short)) for scale in self.scales]
        levels = [Level(image, (slice(None), slice(None))) for image in covered]
        if self.whole:
            squeezed = resize(photo, *size_of(network))
            levels = [_fitted(network, photo), Level(squeezed, (slice(None), slice(None))), *levels]
        if not levels:
            raise InputError("`scales` is empty and `whole` False; expected one scale at least")
        return levels

    def _levelled(
        self, one: Float[np.ndarray, "h w"], shape: tuple[int, int]
    ) -> Float[np.ndarray, "rows columns"]:
        from scipy.ndimage import gaussian_filter  # heavy, and only needed here

        smooth = gaussian_filter(resize(one, *shape), self.smoothing * min(shape))
        top = np.quantile(smooth, self.peak)
        return np.minimum(smooth / top, 1) if top > 0 else np.zeros(shape, np.float32)


def covering(height: int, width: int, size: tuple[int, int], *, step: float = 0.53) -> Views:
    """Lay out views that cover a canvas, evenly, each with its reflection.

    Args:
      height: the canvas's height, in pixels.
      width: its width.
      size: height and width of the views.
      step: the most that neighbours are apart, as a part of the sides, in (0, 1].

    Returns:
      The views, row by row, each followed by its mirror image.

    Raises:
      InputError: `step` is out of range: beyond 1, pixels between the views would be lost.

    >>> views = covering(4, 9, (4, 4), step=0.75)
    >>> views.x.tolist(), views.flip[:2].tolist()
    ([0, 0, 2, 2, 5, 5], [False, True])
    """
    if not 0 < step <= 1:
        raise InputError(f"`step` is {step}; expected a part of a view's sides, in (0, 1]")

    def starts(length: int, side: int) -> np.ndarray:
        count = 1 + -(-(length - side) // max(1, int(step * side)))
        return np.round(np.linspace(0, length - side, count)).astype(np.int32)

    y, x = np.meshgrid(starts(height, size[0]), starts(width, size[1]), indexing="ij")
    y, x = np.repeat(y.ravel(), 2), np.repeat(x.ravel(), 2)
    return Views(y, x, np.tile([False, True], len(y) // 2), size)


def _fitted(network: Network, photo: Photo) -> Level:
    """The whole photograph in its proportions, amid the mean colour, at the network's size."""
    size, sides = size_of(network), photo.shape[:2]
    scale = min(size[0] / sides[0], size[1] / sides[1])
    h, w = (max(1, round(side * scale)) for side in sides)
    top, left = (size[0] - h) // 2, (size[1] - w) // 2
    image = np.array(network.mean_image, np.float32)
    image[top : top + h, left : left + w] = resize(photo, h, w)
    return Level(image, (slice(top, top + h), slice(left, left + w)))


def _stretched(total: Float[np.ndarray, "rows columns"]) -> CanvasMap:
    low, high = total.min(), total.max()
    return (total - low) / (high - low) if high > low else np.zeros_like(total)


@functools.partial(jax.jit, static_argnums=3)
def _maps(network: Network, crops: Array, labels: Array, layer: str) -> Array:
    def one(crop, label):
        return layer_saliency(network, crop, label, layer=layer)

    return jax.vmap(one)(crops, labels)
