"""Saliency taken at a layer instead of at the pixels."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from vizjax.attribution.cam import AnyImage, CoarseMap, activation_and_gradient, sized
from vizjax.layered import Layered
from vizjax.types import Label


def layer_saliency(
    network: Layered, image: AnyImage, label: Label, *, layer: str, upsample: bool = True
) -> CoarseMap:
    """How much the score depends on each place of a layer: the paper's saliency, there.

    `M_ij = ‖∂S_c/∂A_ij‖₂`, the norm over the channels of the layer's activation A
    `(rows, columns, channels)`.

    At the pixels, Simonyan et al. take the largest magnitude over three colours. Of hundreds of
    channels the norm is the steadier choice: the change of the score for a step of length 1 in the
    most effective direction of the features at that place. A deep layer's map is coarse and has
    little of the noise that the lower layers add to the gradient.

    Args:
      network: an image to unnormalised scores, with named layers.
      image: one image.
      label: which score; see `vizjax.targets.select`.
      layer: one with a plane, and with a nonlinearity behind it: where the rest of the network is
        linear and the same everywhere, so is the map.
      upsample: whether to bring the map to the image's size, bilinearly.

    Returns:
      `(height, width)`, or the layer's `(rows, columns)`; not negative, raw, in score per unit of
      activation.

    Raises:
      InputError: the layer is unknown or has no `(rows, columns, channels)`; the label is wrong.

    Source: Simonyan et al. 2013, arXiv 1312.6034, §3.1, at the pixels; the norm and the layer are
    this library's.
    """
    _, gradient = activation_and_gradient(network, image, label, layer)
    return sized(_norm(gradient), image, upsample)


def _norm(gradient: Float[Array, "rows columns features"]) -> CoarseMap:
    return jnp.sqrt(jnp.sum(gradient**2, axis=-1))
