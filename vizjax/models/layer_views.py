"""Score functions that read a network at a layer, or run it from there."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
from jax.tree_util import register_dataclass
from jaxtyping import Array, Float

from vizjax.errors import unknown
from vizjax.models.layers import replacing
from vizjax.models.preprocessing import STATIC
from vizjax.types import Image, Scores


def call_namer() -> Callable[[Any], str]:
    """Names the calls of one forward pass in turn: a layer's path, from its second on `path#2`.

    What is no layer's `__call__` is nameless: the network itself, and other methods.
    """
    calls = Counter()

    def name(context):
        path = "/".join(context.module.path)
        if context.method_name != "__call__" or not path:
            return ""
        calls[path] += 1
        return path if calls[path] == 1 else f"{path}#{calls[path]}"

    return name


@register_dataclass
@dataclass(frozen=True)
class Layer:
    """One layer's activation as a function of the image; see `Network.layer`."""

    network: Any
    name: str = dataclasses.field(**STATIC)

    def __call__(self, image: Image) -> Array:
        """The activation, usually `(rows, columns, channels)`."""
        outputs = self.network.activations(image)
        if self.name not in outputs:
            raise unknown("layer", self.name, list(outputs))
        return outputs[self.name]


@register_dataclass
@dataclass(frozen=True)
class Channels:
    """One score a channel of a layer; see `Network.channels`."""

    layer: Layer

    def __call__(self, image: Image) -> Float[Array, " features"]:
        """The mean of each channel's map."""
        activation = self.layer(image)
        return activation.mean(axis=tuple(range(activation.ndim - 1)))


@register_dataclass
@dataclass(frozen=True)
class After:
    """The part of a network after a layer; see `Network.after`."""

    network: Any
    name: str = dataclasses.field(**STATIC)
    image: Image | None = None

    def __call__(self, activation: Array) -> Scores:
        """The scores when the layer's output is `activation`."""
        network, name_of, seen = self.network, call_namer(), []

        def replace(call, args, kwargs, context):
            seen.append(name_of(context))
            if seen[-1] == self.name:
                return activation[None] if network.batched else activation
            return call(*args, **kwargs)

        # What comes before the layer alone is unused: compiled, it vanishes.
        with replacing(self.name), nn.intercept_methods(replace):
            scores = network(network.blank() if self.image is None else self.image)
        if self.name not in seen:
            raise unknown("layer", self.name, [name for name in seen if name])
        return scores
