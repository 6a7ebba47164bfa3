"""The layers of MatConvNet's SimpleNN format as Flax modules.

Each builder takes a layer as the file has it and the shape `(height, width, channels)` that
reaches it; defaults and geometry are those of `vl_simplenn` (Vedaldi & Lenc 2015, arXiv
1412.4564). Following the shape here, rather than in Flax, is what lets an error name the layer.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

from vizjax import ops
from vizjax.errors import InputError
from vizjax.models.chain import Chain
from vizjax.models.layers import AveragePool, LocalResponseNorm, MaxPool, Relu
from vizjax.models.matlab import Struct, listed, times
from vizjax.ops import Padding

Shape: TypeAlias = tuple[int, ...]

LOSSES = ("softmax", "softmaxloss", "loss")
"""What may follow the scores: left out, for vizjax works on unnormalised scores."""


class _Layer(NamedTuple):
    """A layer ready to run, and the shape that it leaves."""

    module: nn.Module
    params: dict[str, Any]
    shape: Shape


def chain(layers: list[Struct], size: Shape) -> tuple[Chain, dict[str, Any], int]:
    """The layers of a SimpleNN net as a module.

    Args:
      layers: the file's layers, each with a `name` of its own.
      size: height and width of the image in pixels.

    Returns:
      The module, its parameters and the number of scores.

    Raises:
      InputError: a layer of an unknown type, or one that does not fit what comes before it.
    """
    while layers and layers[-1].text("type") in LOSSES:
        layers = layers[:-1]
    modules, params, shape = [], {}, (*size, 3)
    for layer in layers:
        kind = layer.text("type")
        if kind not in BUILDERS:
            raise layer.error(f"is of type {kind!r}; expected one of: {', '.join(BUILDERS)}")
        module, parameters, shape = BUILDERS[kind](layer, shape)
        modules.append(module)
        if parameters:
            params[module.name] = parameters
    *plane, classes = shape
    if plane != [1, 1]:
        raise InputError(
            f"its layers leave a plane of {times(plane)} from an image of {times(size)}; "
            "expected 1 × 1, one score a class"
        )
    return Chain(tuple(modules)), params, classes


def _conv(layer: Struct, shape: Shape) -> _Layer:
    """A convolution: filters `(height, width, channels / groups, features)`, not flipped."""
    weights = layer.fields.get("weights")
    if weights is not None:
        parts = zip(("filters", "biases"), np.ravel(weights), strict=False)
        layer = layer._replace(fields={**layer.fields, **dict(parts)})
    filters = layer.array("filters")
    # MATLAB drops the last dimensions of an array where they are 1.
    filters = filters.reshape(*filters.shape, *[1] * (4 - filters.ndim))
    *window, depth, features = filters.shape
    biases = layer.array("biases", np.zeros(features))
    groups, left_over = divmod(shape[-1], depth)
    if len(window) != 2 or left_over or features % groups:
        raise layer.error(
            f"has filters of {times(filters.shape)} for {shape[-1]} channels; expected height × "
            "width × channels × features, or an even share of both to each group"
        )
    if biases.size != features:
        raise layer.error(f"has {biases.size} biases for {features} filters; expected one each")
    dilation = layer.integers("dilate", 1, count=2, least=1)
    reach = tuple(d * (pixels - 1) + 1 for d, pixels in zip(dilation, window, strict=True))
    stride, padding = layer.integers("stride", 1, count=2, least=1), _padding(layer)
    module = nn.Conv(
        features,
        tuple(window),
        strides=stride,
        padding=padding,
        kernel_dilation=dilation,
        feature_group_count=groups,
        conv_general_dilated=ops.conv,
        name=layer.text("name"),
    )
    params = {
        "kernel": jnp.asarray(filters, jnp.float32),
        "bias": jnp.asarray(biases.ravel(), jnp.float32),
    }
    return _Layer(module, params, (*_slid(layer, shape, reach, stride, padding), features))


def _pool(layer: Struct, shape: Shape) -> _Layer:
    pools = {"max": MaxPool, "avg": AveragePool}
    method = layer.text("method", "max").lower()
    if method not in pools:
        raise layer.error(f"has `method` = {method!r}; expected one of: {', '.join(pools)}")
    window = layer.integers("pool", count=2, least=1)
    if method == "max" and math.prod(window) > ops.LARGEST_WINDOW:
        raise layer.error(
            f"has a window of {times(window)}; expected {ops.LARGEST_WINDOW} pixels or fewer"
        )
    stride, padding = layer.integers("stride", 1, count=2, least=1), _padding(layer)
    if any(max(pads) >= pixels for pads, pixels in zip(padding, window, strict=True)):
        raise layer.error(
            f"has padding of {padding} around windows of {times(window)}; expected less padding "
            "than window"
        )
    module = pools[method](window, stride, padding, name=layer.text("name"))
    return _Layer(module, {}, (*_slid(layer, shape, window, stride, padding), shape[-1]))


def _relu(layer: Struct, shape: Shape) -> _Layer:
    if layer.array("leak", 0).any():
        raise layer.error("has a `leak`; expected a rectifier without, for the backward rules")
    return _Layer(Relu(name=layer.text("name")), {}, shape)


def _lrn(layer: Struct, shape: Shape) -> _Layer:
    param = layer.array("param", (5, 1, 1e-4 / 5, 0.75)).ravel().astype(float)
    if param.size != 4 or param[0] < 1 or param[0] % 1:
        raise layer.error(f"has `param` = {listed(param)}; expected [window kappa alpha beta]")
    window, kappa, alpha, beta = param.tolist()
    module = LocalResponseNorm(int(window), kappa, alpha, beta, name=layer.text("name"))
    return _Layer(module, {}, shape)


def _dropout(layer: Struct, shape: Shape) -> _Layer:
    """Nothing: a network that was read is not trained. It keeps its name."""
    return _Layer(nn.Dropout(0.0, deterministic=True, name=layer.text("name")), {}, shape)


BUILDERS: dict[str, Callable[[Struct, Shape], _Layer]] = {
    "conv": _conv,
    "relu": _relu,
    "pool": _pool,
    "lrn": _lrn,
    "normalize": _lrn,  # its name in old files
    "dropout": _dropout,
}


def _padding(layer: Struct) -> Padding:
    top, bottom, left, right = layer.integers("pad", 0, count=4, least=0)
    return (top, bottom), (left, right)


def _slid(layer: Struct, shape: Shape, window: Shape, stride: Shape, padding: Padding) -> Shape:
    """How many windows fit, down and across; what is left over at the far edges is not used."""
    padded = [size + sum(pads) for size, pads in zip(shape[:2], padding, strict=True)]
    if any(pixels > size for pixels, size in zip(window, padded, strict=True)):
        raise layer.error(
            f"has a window of {times(window)} on a padded plane of {times(padded)}; expected "
            "it to fit"
        )
    steps = zip(padded, window, stride, strict=True)
    return tuple((size - pixels) // step + 1 for size, pixels, step in steps)
