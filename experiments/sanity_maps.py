"""The maps of `experiments.sanity`: eight methods under any parameters, and how alike two are."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from vizjax.attribution import Bound
from vizjax.evaluation import permuted, rank_correlation, structural_similarity
from vizjax.models import Network
from vizjax.types import Image, KeyArray

NAMES = {
    "gradient": "gradient",
    "gradient_times_input": "gradient × input",
    "integrated_gradients": "integrated gradients",
    "smoothgrad": "SmoothGrad",
    "grad_cam": "Grad-CAM",
    "guided_grad_cam": "Guided Grad-CAM",
    "guided_backprop": "guided backprop",
    "deconvnet": "DeconvNet",
}
"""The methods as tables and figures call them, by their names in `vizjax.attribution.METHODS`."""


class Maps(NamedTuple):
    """One attribution, with one value a pixel.

    Attributes:
      signed: its sum over the colours.
      magnitude: its largest magnitude over the colours, as in the saliency map.
    """

    signed: Float[Array | np.ndarray, "height width"]
    magnitude: Float[Array | np.ndarray, "height width"]


class Alike(NamedTuple):
    """The measures of the paper, each at most 1.

    Attributes:
      rank: Spearman's ρ of the signed maps.
      rank_absolute: Spearman's ρ of the magnitudes.
      ssim: the structural similarity of the magnitudes.
    """

    rank: float
    rank_absolute: float
    ssim: float


def alike(first: Maps, second: Maps) -> Alike:
    """How alike two methods' or two networks' maps are."""
    return Alike(
        rank_correlation(first.signed, second.signed),
        rank_correlation(first.magnitude, second.magnitude),
        structural_similarity(first.magnitude, second.magnitude),
    )


def fresh_parameters(
    key: KeyArray, network: Network, kind: Literal["initialised", "permuted"]
) -> Any:
    """Random parameters: as before training, or the trained ones shuffled within each array."""
    if kind == "initialised":
        return _initialised(key, network)
    return jax.jit(permuted)(key, network.variables["params"])


def predicted(network: Network, image: Image) -> int:
    """The class of the highest score."""
    return int(_predicted(network, image))


def explainer(
    key: KeyArray, network: Network, image: Image, label: int
) -> Callable[[Bound, Any], Maps]:
    """`(method, parameters) -> maps` of one image; a random method's noise is always the same."""

    def explain(method: Bound, parameters: Any) -> Maps:
        variables = {**network.variables, "params": parameters}
        other = dataclasses.replace(network, variables=variables)
        signed, magnitude = _maps(method, key, other, image, label)
        return Maps(np.asarray(signed), np.asarray(magnitude))

    return explain


@jax.jit
def _initialised(key: KeyArray, network: Network) -> Any:
    return network.module.init(key, network.blank())["params"]


@jax.jit
def _predicted(network: Network, image: Image) -> Array:
    return network(image).argmax()


# The network is an argument: one program a method serves all parameters.
@functools.partial(jax.jit, static_argnums=0)
def _maps(
    method: Bound, key: KeyArray, network: Network, image: Image, label: Array | int
) -> tuple[Array, Array]:
    raw = method(key, network, image, label)
    colours = raw if raw.ndim == 3 else raw[..., None]
    return colours.sum(axis=-1), abs(colours).max(axis=-1)
