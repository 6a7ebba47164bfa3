"""What stands in for hidden pixels: black, the mean colour, a blurred copy, or one's own."""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from vizjax.errors import InputError, unknown
from vizjax.targets import check_floating

Fill: TypeAlias = str | int | float | Float[Array | np.ndarray, "..."]
"""`"zero"`, `"mean"`, `"blur"`, a number, or an array: one value a channel, or a whole image."""

FILLS = ("zero", "mean", "blur")
"""The fills that have names."""

BLUR_SIGMA = 10.0
"""In pixels: "a significantly blurred image" of 224×224 (Fong & Vedaldi 2017, arXiv 1704.03296)."""


def filled(
    image: Float[Array, "height width *channels"], fill: Fill
) -> Float[Array, "height width *channels"]:
    """The image of which every pixel is hidden.

    | fill   | a hidden pixel                                                             |
    |--------|----------------------------------------------------------------------------|
    | `zero` | is 0: black for a `Network`                                                |
    | `mean` | has the mean colour of the whole image                                     |
    | `blur` | is the Gaussian mean around it, of standard deviation `BLUR_SIGMA` pixels; |
    |        | beyond the edge nothing counts                                             |
    | number | is that number in every channel                                            |
    | array  | is that colour, `(channels,)`; or as there, of the image's shape           |

    Args:
      image: `(height, width, channels)`, or `(height, width)` for grey.
      fill: one of the above, in the image's units.

    Returns:
      An array shaped as the image.

    Raises:
      InputError: `image` is not of floating point, or `fill` is an unknown name or has a wrong
        shape.

    >>> filled(jnp.array([[1.0, 2.0], [3.0, 6.0]]), "mean").tolist()
    [[3.0, 3.0], [3.0, 3.0]]
    """
    check_floating("image", image)
    if isinstance(fill, str):
        if fill not in FILLS:
            raise unknown("fill", fill, list(FILLS), "or give a number or an array")
        if fill == "blur":
            return blurred(image, lambda away: np.exp(-0.5 * (away / BLUR_SIGMA) ** 2))
        fill = image.mean(axis=(0, 1)) if fill == "mean" else 0.0
    if jnp.shape(fill) not in {(), image.shape[2:], image.shape}:
        raise InputError(
            f"`fill` has shape {jnp.shape(fill)}; expected a number, one value a channel of an "
            f"image of shape {image.shape}, or an array of that shape"
        )
    return jnp.broadcast_to(jnp.asarray(fill, image.dtype), image.shape)


def shown(
    image: Float[Array, "height width *channels"],
    hidden: Float[Array, "height width *channels"],
    mask: Float[Array, "height width"],
) -> Float[Array, "height width *channels"]:
    """`m · x + (1 − m) · h`: the image where the mask is 1, what hides it where the mask is 0.

    Args:
      image: x.
      hidden: h, from `filled`.
      mask: m, 0 to 1, the same for all channels.
    """
    mask = mask.astype(image.dtype).reshape(*mask.shape, *[1] * (image.ndim - 2))
    return mask * image + (1 - mask) * hidden


def blurred(
    image: Float[Array, "height width *channels"], weight: Callable[[np.ndarray], np.ndarray]
) -> Float[Array, "height width *channels"]:
    """The weighted mean around each pixel; beyond the edge nothing counts.

    `y_ij = Σ_kl w(k − i) w(l − j) x_kl / Σ_kl w(k − i) w(l − j)`

    Args:
      image: `(height, width, channels)`, or `(height, width)` for grey.
      weight: w, of an array of distances along an axis, in pixels with their sign.
    """
    rows, columns = (jnp.asarray(_means(size, weight), image.dtype) for size in image.shape[:2])
    highest = jax.lax.Precision.HIGHEST
    return jnp.einsum("ij,jl...,kl->ik...", rows, image, columns, precision=highest)


def _means(size: int, weight: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Row `i` has the weights of all pixels in the mean around pixel `i`; they add up to 1."""
    place = np.arange(size)
    weights = weight(place[None] - place[:, None])
    return weights / weights.sum(axis=1, keepdims=True)
