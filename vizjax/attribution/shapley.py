"""Shapley values of an image's segments: each one's fair share of the score."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int

from vizjax.chunks import check_count, chunked_map
from vizjax.errors import InputError
from vizjax.fills import Fill, filled, shown
from vizjax.targets import select
from vizjax.types import KeyArray, Label, SaliencyMap, ScoreFn

Segments = Int[Array | np.ndarray, "rows columns"]


def shapley_values(
    key: KeyArray,
    score_fn: ScoreFn,
    image: Float[Array, "height width *channels"],
    label: Label,
    *,
    segments: Segments,
    count: int | None = None,
    fill: Fill = "mean",
    permutations: int = 25,
    antithetic: bool = True,
    chunk: int | None = None,
) -> SaliencyMap:
    """The map of `segment_shapley_values`: every pixel has the value of its whole segment.

    `M_ij = φ_s(ij)`. A large segment is not divided by its size, so the map does not add up to the
    score: its segments do.

    Args:
      key: a random key, consumed.
      score_fn: one image to unnormalised scores.
      image: `(height, width, channels)`, or `(height, width)` for grey.
      label: which score; see `vizjax.targets.select`.
      segments: `(height, width)`, the segment `0 … n − 1` of each pixel, such as
        `vizjax.data.segments.slic(image)` and `grid(height, width, rows, columns)`.
      count: n; None to read it off `segments`, whose values must then be known, not traced.
      fill: what hides; see `vizjax.fills.filled`.
      permutations: as of `segment_shapley_values`.
      antithetic: likewise.
      chunk: likewise.

    Returns:
      `(height, width)`, signed, in units of score.

    Raises:
      InputError: as of `segment_shapley_values`.
    """
    values = segment_shapley_values(
        key,
        score_fn,
        image,
        label,
        segments=segments,
        count=count,
        fill=fill,
        permutations=permutations,
        antithetic=antithetic,
        chunk=chunk,
    )
    return values[jnp.asarray(segments)]


def segment_shapley_values(
    key: KeyArray,
    score_fn: ScoreFn,
    image: Float[Array, "height width *channels"],
    label: Label,
    *,
    segments: Segments,
    count: int | None = None,
    fill: Fill = "mean",
    permutations: int = 25,
    antithetic: bool = True,
    chunk: int | None = None,
) -> Float[Array, " segments"]:
    """Each segment's share of the score, estimated from random permutations.

    `φ_s = mean_π [v(P_πs ∪ {s}) − v(P_πs)]`, where `v(T)` is the score `S_c` of the image of which
    only the segments in T are shown, and `P_πs` are those before s in the permutation π. Over all
    n! permutations it is the Shapley value. For every single one the shares add up to what the
    image has over the hidden one: `Σ_s φ_s = S_c(x) − S_c(fill)`.

    Args:
      key: a random key, consumed.
      score_fn: one image to unnormalised scores.
      image: `(height, width, channels)`, or `(height, width)` for grey.
      label: which score; see `vizjax.targets.select`.
      segments: `(height, width)`, the segment `0 … n − 1` of each pixel; one without pixels gets 0.
      count: n; None to read it off `segments`, whose values must then be known, not traced.
      fill: what hides; see `vizjax.fills.filled`.
      permutations: how many, at least 1; each takes n forward passes.
      antithetic: whether every second permutation is the one before it, reversed, so that what a
        segment gains by coming early and by coming late is averaged; of an odd number the last
        has no partner. The estimate is unbiased either way.
      chunk: forward passes in memory at a time, of all `permutations × n`; None for all.

    Returns:
      `(n,)`, signed, in units of score. Several labels of one image share the forward passes under
      `jax.vmap`.

    Raises:
      InputError: `segments` is not of the image's size, has values outside of `0 … n − 1`, or is
        traced without a `count`; `permutations` or `chunk` is less than 1; the fill is unknown, or
        the label wrong.

    Source: Castro, Gómez & Tejada 2009, *Polynomial calculation of the Shapley value based on
    sampling*; Štrumbelj & Kononenko 2014, *Explaining prediction models and individual predictions
    with feature contributions*; antithetic sampling as in Mitchell et al. 2022, arXiv 2104.12199.

    >>> image, segments = jnp.array([[1.0, 2.0, 5.0]]), np.array([[0, 0, 1]])
    >>> product = lambda image: (image[0, 1] * image[0, 2])[None]  # each has half of it
    >>> segment_shapley_values(
    ...     jax.random.key(0), product, image, 0, segments=segments, fill=0.0, permutations=2
    ... ).tolist()
    [5.0, 5.0]
    """
    count = _count(segments, count, image.shape[:2])
    check_count("permutations", permutations)
    segments, hidden = jnp.asarray(segments), filled(image, fill)
    ranks = _ranks(key, count, permutations, antithetic)

    def score(mask):
        return select(score_fn(shown(image, hidden, mask.astype(image.dtype))), label)

    def prefix(step):  # the first segments of a permutation, 1 to n of them
        permutation, last = step // count, step % count
        return score((ranks[permutation] <= last)[segments])

    shape = (permutations, count)
    scores = chunked_map(prefix, jnp.arange(permutations * count), chunk=chunk).reshape(shape)
    none = jnp.broadcast_to(score(jnp.zeros(segments.shape, bool)), (permutations, 1))
    gains = jnp.diff(scores, axis=1, prepend=none)
    return jnp.take_along_axis(gains, ranks, axis=1).mean(axis=0)


def _ranks(
    key: KeyArray, count: int, permutations: int, antithetic: bool
) -> Int[Array, "permutations segments"]:
    """The place of each segment in each permutation, which depends on the key and its number."""

    def ranks(number):
        drawn = jax.random.fold_in(key, number // 2 if antithetic else number)
        places = jax.random.permutation(drawn, count)
        return jnp.where(antithetic & (number % 2 == 1), count - 1 - places, places)

    return jax.vmap(ranks)(jnp.arange(permutations))


def _count(segments: Segments, count: int | None, size: tuple[int, ...]) -> int:
    if segments.shape != size:
        raise InputError(
            f"`segments` is {segments.shape[0]}×{segments.shape[1]} for an image of "
            f"{size[0]}×{size[1]}; expected the segment of each pixel"
        )
    if isinstance(segments, Tracer):
        if count is None:
            raise InputError(
                "`count` is None and the values of `segments` are traced; expected how many there "
                "are, or `segments` as a NumPy array"
            )
        return count
    known = np.asarray(segments)
    count = int(known.max()) + 1 if count is None else count
    if known.min() < 0 or known.max() >= count:
        raise InputError(
            f"`segments` has values from {known.min()} to {known.max()}; expected 0 to n − 1"
            f" with n = {count}"
        )
    return count
