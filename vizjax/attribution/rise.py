"""RISE: the posterior of randomly masked images, averaged over the masks (Petsiuk et al. 2018)."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from vizjax.chunks import check_count, chunked_sum
from vizjax.errors import InputError
from vizjax.fills import Fill, filled, shown
from vizjax.targets import select
from vizjax.types import KeyArray, Label, SaliencyMap, ScoreFn


def rise(
    key: KeyArray,
    score_fn: ScoreFn,
    image: Float[Array, "height width *channels"],
    label: Label,
    *,
    masks: int = 4000,
    cells: int = 7,
    keep: float = 0.5,
    fill: Fill = "mean",
    chunk: int | None = None,
) -> SaliencyMap:
    """How probable the class is, on average, while the pixel is to be seen.

    `M(λ) = 1 / (p N) · Σ_i P_c(x ⊙ m_i) · m_i(λ)`, with `P_c = exp S_c / Σ_k exp S_k` and N random
    masks `m_i` (see `random_mask`) of mean p: an estimate of the posterior's mean given that pixel
    λ is shown, up to the masks' smoothness.

    The paper multiplies the *normalised* image by the mask, so that hidden pixels have the
    training set's mean colour; here they have what `fill` says, by default the image's own mean
    colour. Black would be `"zero"`.

    Args:
      key: a random key, consumed. Mask i depends on the key and i only.
      score_fn: one image to unnormalised scores, one a class.
      image: `(height, width, channels)`, or `(height, width)` for grey.
      label: which class.
      masks: N, at least 1. The paper takes 4000 for VGG-16 and 8000 for ResNet-50.
      cells: of the coarse grid, along each side of the image, at least 1.
      keep: p, the share of cells that are shown, more than 0 and at most 1.
      fill: what hides; see `vizjax.fills.filled`.
      chunk: masked images in memory at a time; None for all, which is much for 4000.

    Returns:
      `(height, width)`, not negative, raw: around the posterior's mean over the masks, higher where
      the class depends on the pixel. Several labels of one image share the forward passes under
      `jax.vmap`.

    Raises:
      InputError: `masks`, `cells` or `chunk` is less than 1, `keep` not a share, the fill unknown,
        or the label wrong.

    Source: Petsiuk, Das & Saenko 2018, arXiv 1806.07421, eq. 6.
    """
    check_count("masks", masks)
    hidden = filled(image, fill)
    height, width = image.shape[:2]

    def weighted(number):
        mask = random_mask(
            jax.random.fold_in(key, number), height, width, cells=cells, keep=keep
        ).astype(image.dtype)
        posterior = jax.nn.softmax(score_fn(shown(image, hidden, mask)))
        return select(posterior, label) * mask

    return chunked_sum(weighted, jnp.arange(masks), chunk=chunk) / (masks * keep)


def random_mask(
    key: KeyArray, height: int, width: int, *, cells: int = 7, keep: float = 0.5
) -> Float[Array, "{height} {width}"]:
    """A smooth random mask: a coarse grid of ones and zeros, enlarged and randomly shifted.

    Of `cells × cells` values, each 1 with probability `keep`, an image of
    `(cells + 1) C_h × (cells + 1) C_w` pixels is interpolated, bilinearly with half-pixel centres,
    and out of it a window of `height × width` is cut whose offset is uniform in
    `[0, C_h) × [0, C_w)`. The cell is `C = ⌈size / cells⌉`, as in the authors' program; the
    paper's `⌊size / cells⌋` would not always leave room for the shift.

    Args:
      key: a random key, consumed.
      height: in pixels.
      width: likewise.
      cells: along each side, at least 1.
      keep: the probability of a 1, more than 0 and at most 1.

    Returns:
      `(height, width)`, 0 to 1; at every pixel its mean over the keys is `keep`.

    Raises:
      InputError: `cells` is less than 1, or `keep` not a share.

    Source: Petsiuk, Das & Saenko 2018, arXiv 1806.07421, §3.2.
    """
    if cells < 1:
        raise InputError(f"`cells` is {cells}; expected at least 1 along each side of the image")
    if not 0 < keep <= 1:
        raise InputError(f"`keep` is {keep}; expected a share of cells in (0, 1]")
    cell = -(-height // cells), -(-width // cells)
    for_grid, for_shift = jax.random.split(key)
    grid = jax.random.bernoulli(for_grid, keep, (cells, cells)).astype(float)
    enlarged = [(cells + 1) * side for side in cell]
    smooth = jax.image.resize(grid, enlarged, "bilinear", antialias=False)
    shift = jax.random.randint(for_shift, (2,), 0, jnp.array(cell))
    return jax.lax.dynamic_slice(smooth, shift, (height, width))
