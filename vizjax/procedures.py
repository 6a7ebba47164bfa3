"""Procedures by name: from a photograph and a class to a map, a mask and a box."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax

from vizjax.attribution.registry import bind
from vizjax.evidence import Averaged, Evidence, Middle, Pyramid
from vizjax.localisation import Localisation, SoftSeeds, above_share, localise, middle_box
from vizjax.models.network import Network

Segment: TypeAlias = Callable[..., Localisation]
"""`(key, canvas, map) -> place`: such as `localise`, or a `functools.partial` of it."""


@dataclass(frozen=True)
class Procedure:
    """A way to say where a class is.

    Attributes:
      summary: in a few words, for tables.
      evidence: what the map is; computed on the device.
      segment: from the canvas and the map to mask and box; on the host, in any process.
    """

    summary: str
    evidence: Evidence
    segment: Segment

    def parameters(self) -> str:
        """All that its results depend on, but for what bounds the memory."""
        segment: Any = self.segment
        if isinstance(segment, functools.partial):
            options = ", ".join(f"{k}={v}" for k, v in segment.keywords.items())
            segment = f"{segment.func.__name__}({options})"
        elif hasattr(segment, "__name__"):
            segment = segment.__name__
        return re.sub(r"(, )?\bchunk=\d+", "", f"{self.evidence} {segment}")


def graph_cut(
    summary: str, method: str, *, rule: str = "gradient", views: int = 10, **options: Any
) -> Procedure:
    """A method's maps over views, segmented as the paper segments its saliency maps."""
    return Procedure(summary, Averaged(bind(method, **options), rule, views), localise)


def thresholded(
    summary: str, method: str, share: float, *, views: int = 10, **options: Any
) -> Procedure:
    """A method's map over views, cut off at a share of its maximum."""
    cut_off = functools.partial(above_share, share=share)
    return Procedure(summary, Averaged(bind(method, **options), views=views), cut_off)


DEEP = {"squeezenet1_1": "fire8"}
"""The layer of the recipe `vizjax` by the network's name: `experiments.ablation` compares some."""


def procedures(network: Network) -> dict[str, Procedure]:
    """The procedures for a network, by name and in the order of a table.

    Class activation maps read its last plane, Grad-CAM the last plane of features: the one before,
    where the last has a channel a class.

    Args:
      network: a classifier with an input size.

    Raises:
      InputError: the network has no input size, or no layer with a plane.
    """
    last = network.last_plane()
    shapes = network.layer_shapes()
    planes = [name for name, shape in shapes.items() if len(shape) == 3 and max(shape[:2]) > 1]
    classes = jax.eval_shape(network, network.blank()).size
    features = planes[-2] if shapes[last][-1] == classes and len(planes) > 1 else last
    deep = DEEP.get(network.name, features)
    return {
        "vizjax": Procedure("deep saliency, soft seeds (vizjax)", Pyramid(deep), SoftSeeds()),
        "paper": graph_cut("saliency, graph cut (the paper)", "saliency"),
        "saliency_1": graph_cut("the same from one view", "saliency", views=1),
        "smoothgrad": graph_cut(
            "SmoothGrad, graph cut", "smoothgrad", views=1, samples=25, chunk=None
        ),
        "integrated_gradients": graph_cut(
            "integrated gradients, graph cut", "integrated_gradients", views=1, steps=25, chunk=None
        ),
        "deconvnet": graph_cut("DeconvNet, graph cut", "saliency", rule="deconvnet"),
        "guided": graph_cut("guided backprop, graph cut", "saliency", rule="guided"),
        "occlusion": thresholded("occlusion, 20 %", "occlusion", 0.2, views=1),
        "cam": thresholded("CAM, 20 %", "cam", 0.2, layer=last),
        "grad_cam": thresholded("Grad-CAM, 15 %", "grad_cam", 0.15, layer=features),
        "middle": Procedure("the middle, 71 % of each side", Middle(), middle_box),
        "whole": Procedure(
            "the whole photograph", Middle(), functools.partial(middle_box, fraction=1.0)
        ),
    }
