"""How alike two maps of one image are: rank correlation and structural similarity."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float

from vizjax.errors import InputError
from vizjax.evaluation.checks import RawMap, check_shapes, finite

WINDOW = 7
"""In pixels: scikit-image's own default."""


class Similarity(NamedTuple):
    """The measures of Adebayo et al. 2018, each at most 1.

    Attributes:
      rank: Spearman's ρ of the values with their signs.
      rank_absolute: Spearman's ρ of the magnitudes.
      ssim: structural similarity of the magnitudes.
    """

    rank: float
    rank_absolute: float
    ssim: float


def similarity(
    first: Float[Array | np.ndarray, "height width"],
    second: Float[Array | np.ndarray, "height width"],
    *,
    window: int = WINDOW,
) -> Similarity:
    """Compare two maps by the three measures of the sanity checks.

    Args:
      first: raw, (H, W).
      second: likewise, of the same shape.
      window: of the structural similarity, in pixels; see there.

    Returns:
      The measures.

    Raises:
      InputError: as of `rank_correlation` and `structural_similarity`.

    Source: Adebayo et al. 2018, arXiv 1810.03292.
    """
    return Similarity(
        rank_correlation(first, second),
        rank_correlation(first, second, absolute=True),
        structural_similarity(first, second, window=window),
    )


def rank_correlation(first: RawMap, second: RawMap, *, absolute: bool = False) -> float:
    """Measure Spearman's rank correlation of two maps' pixels.

    Pearson's correlation of the ranks, equal values sharing the mean of theirs.

    Args:
      first: raw, of any shape.
      second: likewise, of the same shape.
      absolute: of the magnitudes: for maps whose sign says little about evidence.

    Returns:
      In [-1, 1]; 0 where one of the maps is flat, whose ranks say nothing (scipy's is NaN).

    Raises:
      InputError: the shapes differ, or a value is NaN or infinite.

    >>> rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([-9.0, -1.0, 0.0]))
    1.0
    >>> rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([-9.0, -1.0, 0.0]), absolute=True)
    -1.0
    """
    pair = finite("first", first), finite("second", second)
    check_shapes("first", pair[0], "second", pair[1])
    a, b = (_centred_ranks(np.abs(values) if absolute else values) for values in pair)
    norm = np.sqrt(np.sum(a**2) * np.sum(b**2))
    return float(np.clip(np.sum(a * b) / norm, -1, 1)) if norm else 0.0


def structural_similarity(
    first: Float[Array | np.ndarray, "height width"],
    second: Float[Array | np.ndarray, "height width"],
    *,
    absolute: bool = True,
    window: int = WINDOW,
) -> float:
    """Measure the structural similarity (SSIM) of two maps, each over its own largest magnitude.

    `|M| / max |M|`, the normalisation of the sanity checks' own program, or `M / max |M|` with
    signs; a map of zeros stays one. Then Wang et al.'s index in a sliding uniform window, averaged,
    by scikit-image.

    Args:
      first: raw, (H, W).
      second: likewise, of the same shape.
      absolute: of the magnitudes.
      window: the window's side in pixels, odd, at least 3, no larger than the map.

    Returns:
      At most 1, which equal maps have.

    Raises:
      InputError: the shapes differ, a value is NaN or infinite, or the window does not fit.

    Source: Wang, Bovik, Sheikh & Simoncelli 2004, doi 10.1109/TIP.2003.819861.
    """
    from skimage.metrics import structural_similarity as ssim  # heavy, and only needed here

    pair = finite("first", first), finite("second", second)
    check_shapes("first", pair[0], "second", pair[1])
    if window % 2 == 0 or not 3 <= window <= min(pair[0].shape):
        raise InputError(
            f"`window` is {window}; expected an odd number of pixels, from 3 to the map's short "
            f"side, {min(pair[0].shape)}"
        )
    a, b = (_normalised(np.abs(values) if absolute else values) for values in pair)
    index = ssim(a, b, win_size=window, data_range=1.0 if absolute else 2.0)
    return float(np.asarray(index))


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    ranks = mean_ranks[which.ravel()]
    return ranks - ranks.mean()


def _normalised(values: np.ndarray) -> np.ndarray:
    largest = np.abs(values).max()
    return values / largest if largest else values
