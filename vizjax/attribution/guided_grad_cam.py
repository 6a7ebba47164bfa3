"""Guided Grad-CAM: the fine detail of one map where another one is positive."""

from jaxtyping import Array, Float

from vizjax import rules
from vizjax.attribution.cam import grad_cam
from vizjax.attribution.gradients import gradient
from vizjax.layered import Layered
from vizjax.types import Label


def guided_grad_cam(
    network: Layered, image: Float[Array, "height width *channels"], label: Label, *, layer: str
) -> Float[Array, "height width *channels"]:
    """Grad-CAM times guided backpropagation, pixel by pixel.

    `M_ijc = L_ij · R_ijc`, with `L` the rectified Grad-CAM of `layer` at the image's size, under
    the network's own gradient, and `R` the signal that reaches the image under the rule `guided`.
    It is Captum's `GuidedGradCam` with `interpolate_mode="bilinear"`.

    Args:
      network: an image to unnormalised scores, with named layers and rectifiers.
      image: `(height, width, channels)`, or `(height, width)` for grey.
      label: which score; see `vizjax.targets.select`.
      layer: of the Grad-CAM, usually the last with a plane.

    Returns:
      An array shaped as the image, signed and raw.

    Raises:
      InputError: as of `grad_cam` and of `vizjax.rules.rewrite`, which refuses a function without
        rectifiers.

    Source: Selvaraju et al. 2017, arXiv 1610.02391, §3.2.
    """
    coarse = grad_cam(network, image, label, layer=layer)
    guided = gradient(rules.rewrite(network, "guided"), image, label)
    return guided * coarse.reshape(*coarse.shape, *[1] * (guided.ndim - 2))
