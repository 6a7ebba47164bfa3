"""Grad-CAM and Guided Grad-CAM, against Captum on the same parameters."""

import functools
from typing import Any

import jax
import pytest
from captum.attr import GuidedGradCam, LayerAttribution, LayerGradCam
from peers.torch_squeezenet import assert_agree, to_numpy

from vizjax.attribution.cam import grad_cam
from vizjax.attribution.guided_grad_cam import guided_grad_cam

pytestmark = [
    pytest.mark.peers,
    # Captum says of each call that it will remove its hooks again.
    pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU:UserWarning"),
]

TOLERANCE = 1e-12
"""Float64, as of the gradients."""

LAYERS = ("fire9", "conv10")


@functools.partial(jax.jit, static_argnames="layer")
def maps(network, image, label, *, layer):
    """All of a layer in one compilation: Grad-CAM by `(relu, upsample)`, and the guided one."""
    coarse = {
        (relu, upsample): grad_cam(network, image, label, layer=layer, relu=relu, upsample=upsample)
        for relu in (True, False)
        for upsample in (True, False)
    }
    return coarse, guided_grad_cam(network, image, label, layer=layer)


@pytest.mark.parametrize("layer", LAYERS)
def test_cam(case, layer):
    """Upsampled bilinearly, Captum's map has half-pixel centres as well (no aligned corners)."""
    coarse, guided = maps(case.network, case.image, case.label, layer=layer)
    module = case.twin.layer(layer)
    for relu in (True, False):
        captum_map: Any = LayerGradCam(case.twin, module).attribute(
            case.batch, target=case.target, relu_attributions=relu
        )
        assert_agree(coarse[relu, False], to_numpy(captum_map)[..., 0], TOLERANCE)
        upsampled = LayerAttribution.interpolate(
            captum_map, case.image.shape[:2], interpolate_mode="bilinear"
        )
        assert_agree(coarse[relu, True], to_numpy(upsampled)[..., 0], TOLERANCE)
    # Captum's own default repeats the nearest pixel; the paper's and vizjax's is bilinear.
    expected = GuidedGradCam(case.twin, module).attribute(
        case.batch, target=case.target, interpolate_mode="bilinear"
    )
    assert_agree(guided, to_numpy(expected), TOLERANCE)
