"""Class activation maps: the channels of a layer, weighted for a class and added up.

All take a `Layered` network, such as `vizjax.Network` or `vizjax.layered.Composed`, read the
activation `A` `(rows, columns, channels)` of one of its layers, and go from there to the score
`S_c`. With `g = ∂S_c/∂A`:

| map                  | value at `(i, j)`             | `w_k`                                |
|----------------------|-------------------------------|--------------------------------------|
| `cam`                | `Σ_k w_k A_ijk`               | `Σ_ij g_ijk`, equal terms            |
| `grad_cam`           | `relu(Σ_k w_k A_ijk)`         | `mean_ij g_ijk`                      |
| `grad_cam_plus_plus` | `relu(Σ_k w_k A_ijk)`         | `Σ_ij α_ijk relu(g_ijk)`             |
| `layer_cam`          | `relu(Σ_k relu(g_ijk) A_ijk)` |                                      |

Maps are rectified at the layer's size and then brought to the image's, bilinearly with half-pixel
centres: what lies between two pixels of a layer is interpolated, and nothing is cut off.
"""

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float

from vizjax.attribution.gradients import gradient
from vizjax.errors import InputError
from vizjax.layered import Layered
from vizjax.targets import select
from vizjax.types import Label

Activation = Float[Array, "rows columns features"]
CoarseMap = Float[Array, "rows columns"]
AnyImage = Float[Array, "height width *channels"]


def cam(
    network: Layered, image: AnyImage, label: Label, *, layer: str, upsample: bool = True
) -> CoarseMap:
    """The class activation map of Zhou et al.: where the score comes from, exactly.

    `M_ij = Σ_k w_k A_ijk`, for a network that goes on after the layer with the mean over the plane
    and a linear map, `S_c = mean_ij M_ij + b_c`; thus `w_k = N ∂S_c/∂A_ijk` at every one of the
    layer's N pixels. The bias `b_c` belongs to no pixel and is left out, as in the paper, which
    writes the average without its 1/N.

    Args:
      network: an image to unnormalised scores, with named layers.
      image: one image.
      label: which score; see `vizjax.targets.select`.
      layer: the last layer before the average, or a linear one next to it: of SqueezeNet
        `fire9`, or `conv10`, whose channels are the maps (and include the bias).
      upsample: whether to bring the map to the image's size.

    Returns:
      `(height, width)`, or the layer's `(rows, columns)`; signed, raw, in units of score. Where
      the weights are not the same at every pixel and all is compiled, so that it shows too late to
      refuse it, the map is NaN.

    Raises:
      InputError: what follows the layer is not linear, or weights its pixels differently: use
        `grad_cam`; the layer is unknown or has no `(rows, columns, channels)`; the label is wrong.

    Source: Zhou et al. 2016, *Learning Deep Features for Discriminative Localization*, arXiv
    1512.04150, eq. 2.
    """
    activation = _activation(network, image, layer)
    weights = _average_weights(network, image, label, layer, activation)
    return sized(_weighted(activation, weights), image, upsample)


def grad_cam(
    network: Layered,
    image: AnyImage,
    label: Label,
    *,
    layer: str,
    relu: bool = True,
    upsample: bool = True,
) -> CoarseMap:
    """Grad-CAM: `relu(Σ_k α_k A_ijk)`, `α_k = mean_ij ∂S_c/∂A_ijk`, of any layer of any network.

    Where `cam` is defined, Grad-CAM is its positive part over the layer's number of pixels.

    Captum's `LayerGradCam` leaves the rectifier out unless `relu_attributions=True`, and the map at
    the layer's size; its `LayerAttribution.interpolate` repeats the nearest pixel unless
    `interpolate_mode="bilinear"`, which is what happens here.

    Args:
      network: an image to unnormalised scores, with named layers. The gradient is the network's:
        under another backward rule it is another map.
      image: one image.
      label: which score; see `vizjax.targets.select`.
      layer: any with an activation `(rows, columns, channels)`, usually the last such.
      relu: whether to keep the positive part only, as the paper does, before upsampling.
      upsample: whether to bring the map to the image's size.

    Returns:
      `(height, width)`, or the layer's `(rows, columns)`; raw, not negative if rectified.

    Raises:
      InputError: the layer is unknown or has no `(rows, columns, channels)`; the label is wrong.

    Source: Selvaraju et al. 2017, arXiv 1610.02391, eqs. 1 and 2.
    """
    activation, signal = activation_and_gradient(network, image, label, layer)
    coarse = _weighted(activation, signal.mean(axis=(0, 1)))
    return sized(jax.nn.relu(coarse) if relu else coarse, image, upsample)


def grad_cam_plus_plus(
    network: Layered, image: AnyImage, label: Label, *, layer: str, upsample: bool = True
) -> CoarseMap:
    """Grad-CAM++: Grad-CAM with positive gradients, weighted pixel by pixel.

    `relu(Σ_k w_k A_ijk)`, `w_k = Σ_ij α_ijk relu(g_ijk)`, with `g = ∂S_c/∂A` and
    `α_ijk = g² / (2g² + g³ Σ_ab A_abk)`; 0 where its denominator is.

    The paper derives α for `Y = exp(S_c)` and a network that is piecewise linear from the layer
    to the score, so that the powers of `g` stand for the higher derivatives. This is its closed
    form with the score's own gradient: the factor `exp(S_c)`, the same for the whole map, is left
    out.

    Args:
      network: as of `grad_cam`.
      image: one image.
      label: which score; see `vizjax.targets.select`.
      layer: any with an activation `(rows, columns, channels)`, usually the last rectified one.
      upsample: whether to bring the map to the image's size.

    Returns:
      `(height, width)`, or the layer's `(rows, columns)`; raw, not negative.

    Raises:
      InputError: as of `grad_cam`.

    Source: Chattopadhyay et al. 2018, arXiv 1710.11063.
    """
    activation, signal = activation_and_gradient(network, image, label, layer)
    # α without its factor g², whose square and cube are lost to float32 below 1e-13.
    denominator = 2 + signal * activation.sum(axis=(0, 1), keepdims=True)
    nonzero = denominator != 0
    alpha = jnp.where(nonzero, 1 / jnp.where(nonzero, denominator, 1), 0)
    weights = (alpha * jax.nn.relu(signal)).sum(axis=(0, 1))
    return sized(jax.nn.relu(_weighted(activation, weights)), image, upsample)


def layer_cam(
    network: Layered, image: AnyImage, label: Label, *, layer: str, upsample: bool = True
) -> CoarseMap:
    """LayerCAM: `relu(Σ_k relu(∂S_c/∂A_ijk) A_ijk)`, each pixel with its own weight.

    It keeps its place in early layers, whose gradients differ over the plane.

    Args:
      network: as of `grad_cam`.
      image: one image.
      label: which score; see `vizjax.targets.select`.
      layer: any with an activation `(rows, columns, channels)`.
      upsample: whether to bring the map to the image's size.

    Returns:
      `(height, width)`, or the layer's `(rows, columns)`; raw, not negative.

    Raises:
      InputError: as of `grad_cam`.

    Source: Jiang et al. 2021, *LayerCAM: Exploring Hierarchical Class Activation Maps for
    Localization*, IEEE Transactions on Image Processing 30.
    """
    activation, signal = activation_and_gradient(network, image, label, layer)
    coarse = jax.nn.relu((jax.nn.relu(signal) * activation).sum(axis=-1))
    return sized(coarse, image, upsample)


def _activation(network: Layered, image: AnyImage, layer: str) -> Activation:
    activation = network.layer(layer)(image)
    if jnp.ndim(activation) != 3:
        raise InputError(
            f"`layer` is {layer}, whose activation has shape {jnp.shape(activation)}; expected "
            "(rows, columns, channels): use one before the plane is averaged or flattened"
        )
    return activation


def activation_and_gradient(
    network: Layered, image: AnyImage, label: Label, layer: str
) -> tuple[Activation, Activation]:
    """A layer's activation, and the score's derivative there."""
    activation = _activation(network, image, layer)
    return activation, gradient(network.after(layer, image), activation, label)


def _average_weights(
    network: Layered, image: AnyImage, label: Label, layer: str, activation: Activation
) -> Float[Array, " features"]:
    """The `w_k` of `S_c = Σ_k w_k mean_ij A_ijk + b_c`, if that is the form of the rest."""
    after = network.after(layer, image)

    def score(activation):
        return select(after(activation), label)

    # A linear map is what JAX can transpose, whether or not its values are known. Any other makes
    # it raise one of several errors; the user's own come before, from the trace alone.
    form = jax.eval_shape(score, activation)
    try:
        (signal,) = jax.linear_transpose(score, activation)(jnp.ones(form.shape, form.dtype))
    except Exception as error:
        raise InputError(
            f"`layer` is {layer}, and what follows it is not linear; expected an average over the "
            "plane and a linear map: use a later layer, or `grad_cam`"
        ) from error
    mean = signal.mean(axis=(0, 1))
    # Rounding differs from pixel to pixel by a few ulps; other weights by far more.
    tolerance = jnp.finfo(signal.dtype).eps ** 0.5 * jnp.abs(signal).max()
    uniform = (jnp.abs(signal - mean[None, None]) <= tolerance).all()
    if not isinstance(uniform, Tracer) and not uniform:
        raise InputError(
            f"`layer` is {layer}, whose pixels have different weights in the score; expected an "
            "average over the plane and a linear map: use `grad_cam`"
        )
    rows, columns = signal.shape[:2]
    return jnp.where(uniform, rows * columns * mean, jnp.nan)


def _weighted(activation: Activation, weights: Float[Array, " features"]) -> CoarseMap:
    return jnp.einsum("ijk,k->ij", activation, weights, precision=jax.lax.Precision.HIGHEST)


def sized(coarse: Array, image: Array, upsample: bool) -> Array:
    """The map at the image's size, if that is asked for."""
    if not upsample:
        return coarse
    return jax.image.resize(coarse, image.shape[:2], "bilinear", antialias=False)
