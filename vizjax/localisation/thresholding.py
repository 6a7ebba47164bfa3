"""Masks without a graph cut: the share of a map's maximum that class activation maps use."""

from typing import Any

import numpy as np
from jaxtyping import Array, Float

from vizjax.errors import InputError
from vizjax.localisation.pipeline import Localisation
from vizjax.localisation.regions import bounding_box, largest_component
from vizjax.localisation.seeding import Seeds


def above_share(
    key: Any,
    image: Any,
    saliency_map: Float[np.ndarray | Array, "rows columns"],
    *,
    share: float = 0.2,
) -> Localisation:
    """The largest component of what reaches a share of a map's maximum.

    `mask = largest component of {M > share · max M}` (Zhou et al. 2016, arXiv 1512.04150: 20 %;
    Selvaraju et al. 2017, arXiv 1610.02391: 15 %).

    Args:
      key: not used; with `image` it makes the signature that of `localise`.
      image: not used.
      saliency_map: (H, W), larger is more salient.
      share: of the maximum, in [0, 1).

    Returns:
      The mask and its box; the seeds are what is above and below the threshold. A map without a
      positive value has an empty mask and no box.

    Raises:
      InputError: `share` is out of range, or the map is not finite.

    >>> above_share(None, None, np.array([[0.0, 4.0, 1.0, 0.5]]), share=0.2).box
    Box(x0=1, y0=0, x1=3, y1=1)
    """
    del key, image
    values = np.asarray(saliency_map)
    if not 0 <= share < 1:
        raise InputError(f"`share` is {share}; expected a part of the maximum, 0 or more, below 1")
    if not np.isfinite(values).all():
        raise InputError("`saliency_map` holds NaN or infinity; expected finite numbers")
    above = values > share * values.max() if values.max() > 0 else np.zeros(values.shape, bool)
    mask = largest_component(above)
    return Localisation(mask, bounding_box(mask), Seeds(above, ~above))


def middle_box(key: Any, image: Any, saliency_map: Any, *, fraction: float = 0.71) -> Localisation:
    """A box in the middle, whatever the map says: the baseline of any localisation.

    Args:
      key: not used.
      image: not used.
      saliency_map: (H, W): only its size counts.
      fraction: of each side, in (0, 1]; 1 for the whole image.

    Returns:
      The box and its mask, its sides rounded to whole pixels.

    Raises:
      InputError: `fraction` is out of range.
    """
    del key, image
    if not 0 < fraction <= 1:
        raise InputError(f"`fraction` is {fraction}; expected a part of each side, in (0, 1]")
    mask = np.zeros(np.shape(saliency_map), bool)
    # Of the smallest maps a pixel or two stay.
    edges = [min(round((1 - fraction) / 2 * n), (n - 1) // 2) for n in mask.shape]
    mask[tuple(slice(edge, n - edge) for edge, n in zip(edges, mask.shape, strict=True))] = True
    return Localisation(mask, bounding_box(mask), Seeds(mask, ~mask))
