"""How much of a map is noise, and what the noise does to masks and boxes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float, Float64

from vizjax.errors import InputError
from vizjax.evaluation.checks import finite
from vizjax.evaluation.localisation_error import iou
from vizjax.types import Box


class SignalToNoise(NamedTuple):
    """Maps of one image from several draws: noisy copies, views, seeds.

    Attributes:
      mean: m, of each pixel over the draws, (H, W).
      deviation: s, the standard deviation of each pixel over the draws, (H, W), from n − 1.
      pixels: `|m| / s`, of each pixel, (H, W).
      ratio: `Σ m² / Σ s²`, over all pixels.
    """

    mean: Float64[np.ndarray, "height width"]
    deviation: Float64[np.ndarray, "height width"]
    pixels: Float64[np.ndarray, "height width"]
    ratio: float


def signal_to_noise(maps: Float[Array | np.ndarray, "draws height width"]) -> SignalToNoise:
    """Measure how far the mean of several maps stands above their spread.

    `SNR = Σ_ij m_ij² / Σ_ij s_ij²`, power of the signal over power of the noise of a single map.
    The mean holds the noise of its n maps too: where there is no signal at all, about 1/n is found.

    Args:
      maps: raw maps of one image, stacked, at least two: of copies with noise as of `smooth`, or
        of views, each brought back to the image.

    Returns:
      The ratio and the maps it is made of. A pixel (or map) that does not vary has the ratio
      infinity, and 0 where it is 0 throughout.

    Raises:
      InputError: there are fewer than two maps, or a value is NaN or infinite.

    Source: Johnson 2006, Signal-to-noise ratio, Scholarpedia, doi 10.4249/scholarpedia.2088.

    >>> round(signal_to_noise(np.array([[[3.0]], [[5.0]]])).ratio, 3)
    8.0
    """
    values = finite("maps", maps)
    if len(values) < 2:
        raise InputError(f"`maps` holds {len(values)}; expected at least two maps of one image")
    mean, deviation = values.mean(axis=0), values.std(axis=0, ddof=1)
    ratio = _quotient(np.sum(mean**2, keepdims=True), np.sum(deviation**2, keepdims=True))
    return SignalToNoise(mean, deviation, _quotient(np.abs(mean), deviation), ratio.item())


def mask_agreement(masks: Bool[np.ndarray, "draws height width"]) -> float:
    """Measure how alike the masks from several draws are: the mean IoU of all pairs of them.

    Args:
      masks: of one image, stacked, at least two: seeds of the colour models, or segmentations.

    Returns:
      In [0, 1]: 1 where all are the same. Two empty masks are the same.

    Raises:
      InputError: there are fewer than two.

    >>> mask_agreement(np.array([[[True, True]], [[True, False]], [[True, False]]]))
    0.6666666666666666
    """
    if len(masks) < 2:
        raise InputError(f"`masks` holds {len(masks)}; expected at least two masks of one image")
    flat = masks.reshape(len(masks), -1).astype(np.float64)
    both = flat @ flat.T
    sizes = np.diag(both)
    either = sizes[:, None] + sizes[None] - both
    first, second = np.triu_indices(len(masks), 1)
    overlaps = np.where(either == 0, 1, both / np.maximum(either, 1))
    return float(overlaps[first, second].mean())


def box_agreement(boxes: Sequence[Box | None]) -> float:
    """Measure how alike the boxes from several draws are: the mean IoU of all pairs of them.

    Args:
      boxes: of one image, at least two; None where a draw found nothing.

    Returns:
      In [0, 1]. Two draws that found nothing agree, IoU 1; one that did and one that did not have
      IoU 0.

    Raises:
      InputError: there are fewer than two, or a box is empty or not finite.

    >>> box_agreement([Box(0, 0, 4, 4), Box(0, 0, 4, 2), None])
    0.16666666666666666
    """
    if len(boxes) < 2:
        raise InputError(f"`boxes` holds {len(boxes)}; expected at least two boxes of one image")
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
    return float(np.mean([_overlap(a, b) for a, b in pairs]))


def _overlap(a: Box | None, b: Box | None) -> float:
    if a is None or b is None:
        return float(a is b)
    return float(iou(a, [b])[0])


def _quotient(signal: np.ndarray, noise: np.ndarray) -> np.ndarray:
    infinite = np.where(signal > 0, np.inf, 0.0)
    return np.where(noise > 0, signal / np.where(noise > 0, noise, 1), infinite)
