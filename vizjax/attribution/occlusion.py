"""Occlusion: what becomes of the score when a window slides over the image and hides it."""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from vizjax.attribution.incremental import scores_behind
from vizjax.chunks import chunked_map
from vizjax.errors import InputError
from vizjax.fills import Fill, filled
from vizjax.targets import select
from vizjax.types import Label, SaliencyMap, ScoreFn

Size: TypeAlias = int | tuple[int, int]
"""In pixels: the same for rows and columns, or `(rows, columns)`."""

Starts: TypeAlias = Int[np.ndarray, "_"]
"""The first pixel of the window at each of its places along an axis."""


def occlusion(
    score_fn: ScoreFn,
    image: Float[Array, "height width *channels"],
    label: Label,
    *,
    window: Size,
    stride: Size,
    fill: Fill = "mean",
    chunk: int | None = None,
) -> SaliencyMap:
    """How far the score falls, on average, when a window hides the pixel.

    `M_ij = mean_{W ∋ ij} [S_c(x) − S_c(x with W hidden)]`

    The window stands at every multiple of the stride up to the one that reaches the far edge,
    `⌈(size − window) / stride⌉ + 1` places an axis; the last is cut off there. It is Captum's
    definition, with a window over all channels.

    Where the first layers are local to the plane, as convolutions and pooling are, only what a
    window changes is computed for it (`vizjax.attribution.incremental`): a few times less than
    whole passes. The result is theirs, up to rounding; for any other function it is them.

    Args:
      score_fn: one image to unnormalised scores.
      image: `(height, width, channels)`, or `(height, width)` for grey.
      label: which score; see `vizjax.targets.select`.
      window: of what is hidden at a time, in pixels, not larger than the image.
      stride: between two windows, in pixels, at least 1; up to `window` every pixel is covered.
      fill: what hides; see `vizjax.fills.filled`. The mean colour, by default, is
        about as inconspicuous as one colour can be.
      chunk: windows in memory at a time; None for all.

    Returns:
      `(height, width)`, signed, in units of score: positive where hiding lowers the score. Pixels
      that no window covers (`stride > window`) are 0. Several labels of one image share the
      forward passes under `jax.vmap`.

    Raises:
      InputError: a window that does not fit, a stride or chunk less than 1, an unknown fill, or a
        wrong label.

    Source: Zeiler & Fergus 2013, arXiv 1311.2901, §4.2; the score in place of their posterior, and
    the mean over windows as in Captum.

    >>> image = jnp.array([[1.0, 0.0, 5.0]])
    >>> score_fn = lambda image: image.sum()[None]
    >>> occlusion(score_fn, image, 0, window=(1, 2), stride=1, fill=0.0).tolist()
    [[1.0, 3.0, 5.0]]
    """
    starts = _starts(image.shape[:2], window, stride)
    hidden_scores = _scores_behind(
        lambda scores: select(scores, label), score_fn, image, starts, window, fill, chunk
    )
    falls = select(score_fn(image), label) - hidden_scores
    sides = zip(starts, _pair(window), image.shape[:2], strict=True)
    rows, columns = (_covered(*side) for side in sides)
    over_rows, over_columns = (jnp.asarray(side, falls.dtype) for side in (rows, columns))
    highest = jax.lax.Precision.HIGHEST
    total = jnp.einsum("rc,ri,cj->ij", falls, over_rows, over_columns, precision=highest)
    covering = np.outer(rows.sum(axis=0), columns.sum(axis=0))
    return total / jnp.asarray(np.maximum(covering, 1), total.dtype)


def occlusion_probability(
    score_fn: ScoreFn,
    image: Float[Array, "height width *channels"],
    label: Label,
    *,
    window: Size,
    stride: Size,
    fill: Fill = "mean",
    chunk: int | None = None,
) -> Float[Array, "rows columns"]:
    """The class's posterior as a function of where the window stands (Zeiler & Fergus, fig. 7).

    `P_c = exp S_c / Σ_k exp S_k` of the image with the window's pixels hidden. It falls where the
    object is hidden, and may rise where another one is.

    Args:
      score_fn: one image to unnormalised scores, one a class.
      image: `(height, width, channels)`, or `(height, width)` for grey.
      label: which class.
      window: as of `occlusion`.
      stride: likewise.
      fill: likewise; the paper hides behind grey.
      chunk: windows in memory at a time; None for all.

    Returns:
      One value a place, 0 to 1: `[r, c]` with the window's top left pixel at
      `(r · stride, c · stride)`.

    Raises:
      InputError: as of `occlusion`.

    Source: Zeiler & Fergus 2013, arXiv 1311.2901, §4.2 and fig. 7(d).
    """
    return _scores_behind(
        lambda scores: select(jax.nn.softmax(scores), label),
        score_fn,
        image,
        _starts(image.shape[:2], window, stride),
        window,
        fill,
        chunk,
    )


def _scores_behind(
    read: Callable[[Array], Array],
    score_fn: ScoreFn,
    image: Array,
    starts: tuple[Starts, Starts],
    window: Size,
    fill: Fill,
    chunk: int | None,
) -> Float[Array, "down across"]:
    """What `read` makes of the scores, for every place of the window."""
    rows, columns = starts
    scores = scores_behind(score_fn, image, filled(image, fill), rows, columns, _pair(window))
    down, across = np.indices((len(rows), len(columns)), np.int32).reshape(2, -1)
    places = jnp.asarray(down), jnp.asarray(across)
    values = chunked_map(lambda place: read(scores(*place)), places, chunk=chunk)
    return values.reshape(len(rows), len(columns))


def _starts(size: tuple[int, ...], window: Size, stride: Size) -> tuple[Starts, Starts]:
    """For each axis, where the window stands."""
    windows, strides = _pair(window), _pair(stride)
    fits = all(1 <= w <= n for w, n in zip(windows, size, strict=True))
    if not fits:
        raise InputError(
            f"`window` is {windows[0]}×{windows[1]} on an image of {size[0]}×{size[1]}; expected "
            "at least one pixel and no more than the image has"
        )
    if min(strides) < 1:
        raise InputError(f"`stride` is {stride}; expected at least 1 pixel")
    rows, columns = map(_places, size, windows, strides)
    return rows, columns


def _pair(size: Size) -> tuple[int, int]:
    return size if isinstance(size, tuple) else (size, size)


def _places(size: int, window: int, stride: int) -> Starts:
    starts = stride * np.arange(-(-(size - window) // stride) + 1)
    return starts[starts < size]  # beyond the edge, as with stride > window, nothing is hidden


def _covered(starts: Starts, window: int, size: int) -> Bool[np.ndarray, "places {size}"]:
    """The pixels `[place, pixel]` that the window covers."""
    first, pixels = starts[:, None], np.arange(size)[None]
    return (first <= pixels) & (pixels < first + window)
