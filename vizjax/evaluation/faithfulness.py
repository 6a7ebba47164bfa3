"""Insertion and deletion: how the posterior moves as pixels change in the map's order."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from vizjax.chunks import check_count, chunked_map
from vizjax.errors import InputError
from vizjax.fills import Fill, blurred, filled
from vizjax.targets import check_floating, select
from vizjax.types import Label, SaliencyMap, ScoreFn

STEPS = 224
"""Of equal size; the authors' program changes 224 pixels of 224×224 at a time."""

BLUR_SIGMA = 5.0
"""In pixels, of the kernel whose side is `BLUR_SIDE` (the authors' program)."""

BLUR_SIDE = 11
"""In pixels."""


class FaithfulnessCurve(NamedTuple):
    """The posterior over the share of pixels that were changed.

    Attributes:
      shares: from 0 to 1, rising.
      posteriors: of the class, at each share; in [0, 1].
      auc: the area under the curve, by the trapezium rule; in [0, 1].
    """

    shares: Float[Array, " points"]
    posteriors: Float[Array, " points"]
    auc: Float[Array, ""]


def deletion(
    score_fn: ScoreFn,
    image: Float[Array, "height width *channels"],
    saliency_map: SaliencyMap | Float[np.ndarray, "height width"],
    label: Label,
    *,
    steps: int = STEPS,
    fill: Fill = "mean",
    chunk: int | None = None,
) -> FaithfulnessCurve:
    """How fast the class disappears when its most salient pixels are hidden first.

    `p_i = P_c(x with its n_i most salient pixels hidden)`, `n_i = ⌊i · H W / steps⌋` for i
    from 0 to `steps`, with `P_c = exp S_c / Σ_k exp S_k`. The smaller the area under it, the better
    the map.

    Pixels go all channels together, by falling value of the raw map; of equal values the first in
    scan order (row by row) goes first, and a NaN last. The last step changes what is left over, so
    that the curve ends with an image that is hidden whole.

    The paper hides behind zeros of the *normalised* image, the training set's mean colour:
    for a `Network` that is `fill=network.preprocessing.mean`.

    Args:
      score_fn: one image to unnormalised scores, one a class.
      image: `(height, width, channels)`, or `(height, width)` for grey.
      saliency_map: raw, `(height, width)`: only the order of its values counts.
      label: which class.
      steps: changes from the whole image to the hidden one, at least 1, at most one a pixel. The
        network is evaluated once more than that.
      fill: what hides; see `vizjax.fills.filled`.
      chunk: images in memory at a time; None for all.

    Returns:
      The curve and its area. One compiled program serves all images and maps of a size, and many of
      them under `jax.vmap`.

    Raises:
      InputError: the map has another size than the image, `steps` or `chunk` is out of range, the
        fill unknown, or the label wrong.

    Source: Petsiuk, Das & Saenko 2018, arXiv 1806.07421, §4.1.
    """
    return _curve(score_fn, image, filled(image, fill), saliency_map, label, steps, chunk)


def insertion(
    score_fn: ScoreFn,
    image: Float[Array, "height width *channels"],
    saliency_map: SaliencyMap | Float[np.ndarray, "height width"],
    label: Label,
    *,
    steps: int = STEPS,
    fill: Fill | None = None,
    chunk: int | None = None,
) -> FaithfulnessCurve:
    """How fast the class appears when its most salient pixels are shown first.

    `p_i = P_c(h with the n_i most salient pixels of x shown)`, with h a blurred image, and the rest
    as of `deletion`. The larger the area under it, the better the map.

    Args:
      score_fn: one image to unnormalised scores, one a class.
      image: `(height, width, channels)`, or `(height, width)` for grey.
      saliency_map: raw, `(height, width)`: only the order of its values counts.
      label: which class.
      steps: as of `deletion`.
      fill: what hides at first; see `vizjax.fills.filled`. None for the paper's blur, `smeared`.
      chunk: images in memory at a time; None for all.

    Returns:
      As of `deletion`.

    Raises:
      InputError: as of `deletion`.

    Source: Petsiuk, Das & Saenko 2018, arXiv 1806.07421, §4.1.
    """
    hidden = smeared(image) if fill is None else filled(image, fill)
    return _curve(score_fn, hidden, image, saliency_map, label, steps, chunk)


def smeared(
    image: Float[Array, "height width *channels"],
) -> Float[Array, "height width *channels"]:
    """The blurred image from which `insertion` starts.

    The kernel is that of the authors' program, 11×11 of standard deviation 5: what a filter makes
    of a single bright pixel in the middle of an 11×11 image whose borders are mirrors, so that the
    Gaussian's tails are folded back and the kernel is nearly flat. They let zeros of the normalised
    image lie beyond the edge; here nothing does, as elsewhere in this library.

    Args:
      image: `(height, width, channels)`, or `(height, width)` for grey.

    Returns:
      An array shaped as the image.

    Raises:
      InputError: `image` is not of floating point.
    """
    check_floating("image", image)
    reach = BLUR_SIDE // 2

    def weight(away: np.ndarray) -> np.ndarray:
        place = away + reach
        # The pixel's images in two parallel mirrors, as far as four standard deviations.
        images = [
            position - reach
            for turn in range(-2, 3)
            for position in (place + 2 * BLUR_SIDE * turn, -1 - place + 2 * BLUR_SIDE * turn)
        ]
        gaussian = sum(
            np.exp(-0.5 * (d / BLUR_SIGMA) ** 2) * (np.abs(d) <= 4 * BLUR_SIGMA) for d in images
        )
        return np.where(np.abs(away) <= reach, gaussian, 0.0)

    return blurred(image, weight)


def _curve(
    score_fn: ScoreFn,
    start: Array,
    end: Array,
    saliency_map: Array | np.ndarray,
    label: Label,
    steps: int,
    chunk: int | None,
) -> FaithfulnessCurve:
    size = start.shape[:2]
    pixels = size[0] * size[1]
    check_count("steps", steps)
    if steps > pixels:
        raise InputError(f"`steps` is {steps}; expected at most {pixels}, one a pixel")
    if saliency_map.shape != size:
        raise InputError(
            f"`saliency_map` has shape {saliency_map.shape}; expected {size}, a value for each "
            "pixel of the image"
        )
    falling = jnp.argsort(-jnp.asarray(saliency_map).ravel(), stable=True)  # a NaN is last
    rank = jnp.zeros(pixels, jnp.int32).at[falling].set(jnp.arange(pixels, dtype=jnp.int32))
    rank = rank.reshape(*size, *[1] * (start.ndim - 2))
    counts = np.arange(steps + 1) * pixels // steps

    def posterior(count: Array) -> Array:
        mixed = jnp.where(rank < count, end, start)
        return select(jax.nn.softmax(score_fn(mixed)), label)

    posteriors = chunked_map(posterior, jnp.asarray(counts, jnp.int32), chunk=chunk)
    shares = jnp.asarray(counts / pixels, posteriors.dtype)
    return FaithfulnessCurve(shares, posteriors, jnp.trapezoid(posteriors, shares))
