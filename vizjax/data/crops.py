"""Views of a canvas: the paper's ten crops, and their maps put back where they came from.

Simonyan et al. average the saliency maps of ten views of an image, the four corners and the centre
with their reflections (section 3.1). Averaging needs the maps in one frame: `extract` cuts the
views out, `assemble` undoes it.
"""

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import register_dataclass
from jaxtyping import Array, Float, Int

from vizjax.errors import InputError


@register_dataclass
@dataclass(frozen=True)
class Views:
    """Windows of one size on a canvas. A pytree: `jit` may trace the offsets, not the size.

    Attributes:
      y: the top row of each view, integer, (views,).
      x: its left column, integer, (views,).
      flip: whether the view is the window's mirror image, left to right; boolean, (views,).
      size: height and width of every view, in pixels.
    """

    y: Array | np.ndarray
    x: Array | np.ndarray
    flip: Array | np.ndarray
    size: tuple[int, int] = field(metadata={"static": True})


def ten_views(height: int, width: int, size: int | tuple[int, int]) -> Views:
    """Lay out the ten views of section 3.1: four corners and centre, then their reflections.

    Args:
      height: the canvas's height, in pixels.
      width: its width.
      size: the views' side, or their height and width.

    Returns:
      Ten views: top left, top right, bottom left, bottom right, centre; then the same five
      reflected. The centre is rounded towards the top left.

    Raises:
      InputError: the canvas is smaller than a view.

    >>> views = ten_views(4, 6, 3)
    >>> list(zip(views.y[:5].tolist(), views.x[:5].tolist()))
    [(0, 0), (0, 3), (1, 0), (1, 3), (0, 1)]
    """
    h, w = size = _fitting(height, width, size)
    bottom, right = height - h, width - w
    y = np.array([0, 0, bottom, bottom, bottom // 2], np.int32)
    x = np.array([0, right, 0, right, right // 2], np.int32)
    return Views(np.tile(y, 2), np.tile(x, 2), np.repeat([False, True], 5), size)


def centre_view(height: int, width: int, size: int | tuple[int, int]) -> Views:
    """Lay out the view in the middle of the canvas alone: a network's usual input.

    Args:
      height: the canvas's height, in pixels.
      width: its width.
      size: the view's side, or its height and width.

    Returns:
      One view, rounded towards the top left.

    Raises:
      InputError: the canvas is smaller than the view.
    """
    h, w = size = _fitting(height, width, size)
    y = np.array([(height - h) // 2], np.int32)
    x = np.array([(width - w) // 2], np.int32)
    return Views(y, x, np.array([False]), size)


def extract(
    image: Float[Array | np.ndarray, "height width channels"], views: Views
) -> Float[Array, "views h w channels"]:
    """Cut the views out of a canvas.

    Args:
      image: the canvas.
      views: where to cut, and which to reflect.

    Returns:
      The views, as many as there are offsets.

    Raises:
      InputError: the canvas is smaller than a view.
    """
    height, width, channels = image.shape
    _fitting(height, width, views.size)
    if _on_host(image, views):  # without a compilation for every size of the canvas
        return jax.device_put(cut_out(np.asarray(image), views))

    def view(y, x, flip):
        corner = (y, x, jnp.zeros_like(y))  # of one type, also in double precision
        window = jax.lax.dynamic_slice(jnp.asarray(image), corner, (*views.size, channels))
        return jnp.where(flip, window[:, ::-1], window)

    return jax.vmap(view)(views.y, views.x, views.flip)


def cut_out(
    image: Float[np.ndarray, "height width channels"], views: Views
) -> Float[np.ndarray, "views h w channels"]:
    """`extract` on the host, where views are gathered for several devices.

    Args:
      image: the canvas.
      views: where to cut, and which to reflect; of NumPy.

    Returns:
      The views.

    Raises:
      InputError: the canvas is smaller than a view.
    """
    h, w = _fitting(image.shape[0], image.shape[1], views.size)
    windows = [image[y : y + h, x : x + w] for y, x in zip(views.y, views.x, strict=True)]
    upright = zip(windows, views.flip, strict=True)
    return np.stack([one[:, ::-1] if flip else one for one, flip in upright])


def assemble(
    maps: Float[Array | np.ndarray, "views h w"], views: Views, height: int, width: int
) -> Float[Array | np.ndarray, "{height} {width}"]:
    """Average the views' maps on the canvas, each put back where its view was cut out.

    Args:
      maps: one map a view; of NumPy, the mean is too, and nothing is compiled.
      views: where the views were cut, and which were reflected.
      height: the canvas's height, in pixels.
      width: its width.

    Returns:
      At each pixel the mean over the views that cover it; 0, no evidence, where none does (the
      stretches of a long panorama between its ends and its middle).

    Raises:
      InputError: the canvas is smaller than a view.
    """
    if _on_host(maps, views):
        h, w = _fitting(height, width, views.size)
        total, count = np.zeros((2, height, width), maps.dtype)
        for one, y, x, flip in zip(maps, views.y, views.x, views.flip, strict=True):
            total[y : y + h, x : x + w] += one[:, ::-1] if flip else one
            count[y : y + h, x : x + w] += 1
        return total / np.maximum(count, 1)
    count = coverage(views, height, width).astype(maps.dtype)
    return _added(jnp.asarray(maps), views, height, width) / jnp.maximum(count, 1)


def coverage(views: Views, height: int, width: int) -> Int[Array, "{height} {width}"]:
    """Count the views that cover each pixel of the canvas.

    Args:
      views: the views.
      height: the canvas's height, in pixels.
      width: its width.

    Returns:
      How many views cover each pixel.

    Raises:
      InputError: the canvas is smaller than a view.

    >>> coverage(centre_view(2, 4, 2), 2, 4)
    Array([[0, 1, 1, 0],
           [0, 1, 1, 0]], dtype=int32)
    """
    _fitting(height, width, views.size)
    ones = jnp.ones((len(views.y), *views.size), jnp.int32)
    return _added(ones, views, height, width)


def _on_host(array: Array | np.ndarray, views: Views) -> bool:
    return all(isinstance(one, np.ndarray) for one in (array, views.y, views.x, views.flip))


def _added(maps: Array, views: Views, height: int, width: int) -> Array:
    def place(patch, y, x, flip):
        upright = jnp.where(flip, patch[:, ::-1], patch)
        return jax.lax.dynamic_update_slice(jnp.zeros((height, width), maps.dtype), upright, (y, x))

    return jnp.sum(jax.vmap(place)(maps, views.y, views.x, views.flip), axis=0)


def _fitting(height: int, width: int, size: int | tuple[int, int]) -> tuple[int, int]:
    h, w = (size, size) if isinstance(size, int | np.integer) else size
    if not (1 <= h <= height and 1 <= w <= width):
        raise InputError(
            f"`size` is {h}×{w} on a canvas of {height}×{width}; expected views of at least one "
            "pixel that fit into the canvas: resize the photograph first"
        )
    return h, w
