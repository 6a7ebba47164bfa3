"""The table of methods, each with hyperparameters that suit an image for a `Network`."""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from vizjax import rules
from vizjax.attribution.cam import cam, grad_cam, grad_cam_plus_plus, layer_cam
from vizjax.attribution.expected_gradients import expected_gradients
from vizjax.attribution.gradients import gradient, gradient_times_input, saliency
from vizjax.attribution.guided_grad_cam import guided_grad_cam
from vizjax.attribution.integrated_gradients import integrated_gradients
from vizjax.attribution.occlusion import occlusion
from vizjax.attribution.rise import rise
from vizjax.attribution.shapley import shapley_values
from vizjax.attribution.smoothing import smooth, smooth_squared, variance
from vizjax.data.segments import grid


class Entry(NamedTuple):
    """What is known of a registered method.

    Attributes:
      function: `([key,] score_fn, image, label, *, …) -> map`.
      summary: what a map is, in a few words.
      keyed: whether it takes a random key first.
      plane: what makes one value a pixel of `(height, width, channels)`: the largest `magnitude`
        over the channels, or their `sum`.
      family: what kind of method it is.
      coarse: whether a map is made of cells much larger than a pixel.
      many: whether a map takes dozens of passes through the network or more, not a few.
      defaults: hyperparameters where the function has no default, or one for a single use.
    """

    function: Callable[..., Array]
    summary: str
    family: str = "gradients"
    coarse: bool = False
    keyed: bool = False
    plane: Literal["magnitude", "sum"] = "sum"
    many: bool = False
    defaults: Mapping[str, Any] = MappingProxyType({})

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """Every hyperparameter with its default; of one without any, `inspect.Parameter.empty`."""
        parameters = inspect.signature(self.function).parameters.values()
        keywords = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
        return {p.name: self.defaults.get(p.name, p.default) for p in keywords}


def under_rule(rule: str) -> Callable[..., Array]:
    """The gradient under another backward rule, as a method of its own."""

    def method(score_fn, image, label):
        return gradient(rules.rewrite(score_fn, rule), image, label)

    return method


def smoothed(transformation: Callable) -> Callable[..., Array]:
    """A random transformation of the gradient, as a method of its own."""

    def method(key, score_fn, image, label, *, samples=50, sigma=38.0, chunk=None):
        transformed = transformation(gradient, samples=samples, sigma=sigma, chunk=chunk)
        return transformed(key, score_fn, image, label)

    return method


def _grey_expected_gradients(key, score_fn, image, label, *, levels=6, samples=50, chunk=None):
    greys = jnp.linspace(0, 255, levels, dtype=image.dtype)
    baselines = jnp.broadcast_to(greys.reshape(-1, *[1] * image.ndim), (levels, *image.shape))
    return expected_gradients(
        key, score_fn, image, label, baselines=baselines, samples=samples, chunk=chunk
    )


def _grid_shapley(
    key, score_fn, image, label, *, cells=8, fill="mean", permutations=24, chunk=None
):
    height, width = image.shape[:2]
    segments = grid(height, width, cells, cells)
    return shapley_values(
        key,
        score_fn,
        image,
        label,
        segments=segments,
        fill=fill,
        permutations=permutations,
        chunk=chunk,
    )


CAMS, PERTURBATIONS = "class activation", "perturbation"

CHUNK = 8
"""Evaluations in memory at a time, by default, of the methods that take many."""

_CHUNKED = MappingProxyType({"chunk": CHUNK})

METHODS: dict[str, Entry] = {
    "saliency": Entry(saliency, "largest magnitude of the gradient over the colours"),
    "gradient": Entry(gradient, "derivative of the score", plane="magnitude"),
    "deconvnet": Entry(under_rule("deconvnet"), "reconstruction by DeconvNet", plane="magnitude"),
    "guided_backprop": Entry(under_rule("guided"), "guided backpropagation", plane="magnitude"),
    "gradient_times_input": Entry(gradient_times_input, "input times gradient", plane="sum"),
    "integrated_gradients": Entry(
        integrated_gradients,
        "gradients integrated on the way from black",
        plane="sum",
        many=True,
        defaults=_CHUNKED,
    ),
    "expected_gradients": Entry(
        _grey_expected_gradients,
        "gradients between the image and grey ones, on average",
        keyed=True,
        plane="sum",
        many=True,
        defaults=_CHUNKED,
    ),
    "smoothgrad": Entry(
        smoothed(smooth),
        "gradient averaged over noisy copies",
        keyed=True,
        plane="magnitude",
        many=True,
        defaults=_CHUNKED,
    ),
    "smoothgrad_squared": Entry(
        smoothed(smooth_squared),
        "squared gradient averaged over noisy copies",
        keyed=True,
        plane="magnitude",
        many=True,
        defaults=_CHUNKED,
    ),
    "vargrad": Entry(
        smoothed(variance),
        "variance of the gradient over noisy copies",
        keyed=True,
        plane="magnitude",
        many=True,
        defaults=_CHUNKED,
    ),
    "cam": Entry(cam, "class activation map", CAMS, coarse=True),
    "grad_cam": Entry(grad_cam, "channels weighted by their mean gradient", CAMS, coarse=True),
    "grad_cam_plus_plus": Entry(
        grad_cam_plus_plus, "channels weighted by their positive gradients", CAMS, coarse=True
    ),
    "layer_cam": Entry(
        layer_cam, "activations weighted by their positive gradients", CAMS, coarse=True
    ),
    "guided_grad_cam": Entry(
        guided_grad_cam, "Grad-CAM times guided backpropagation", CAMS, plane="magnitude"
    ),
    "occlusion": Entry(
        occlusion,
        "fall of the score behind a patch",
        PERTURBATIONS,
        coarse=True,
        many=True,
        defaults=MappingProxyType({"window": (32, 32), "stride": (8, 8), "chunk": CHUNK}),
    ),
    "rise": Entry(
        rise,
        "posterior averaged over random masks",
        PERTURBATIONS,
        coarse=True,
        keyed=True,
        many=True,
        defaults=_CHUNKED,
    ),
    "shapley": Entry(
        _grid_shapley,
        "Shapley values of the cells of a grid",
        PERTURBATIONS,
        coarse=True,
        keyed=True,
        many=True,
        defaults=_CHUNKED,
    ),
}
"""The methods by name."""
