"""The two networks in PyTorch, with the very parameters of vizjax's."""

from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

SQUEEZED = (16, 16, 32, 32, 48, 48, 64, 64)
"""The squeeze width of fire2 … fire9 of SqueezeNet v1.1."""


class Fire(nn.Module):
    """A squeeze, then two expansions side by side.

    Each rectifier is a module of its own and works out of place: Captum hooks modules of
    `nn.ReLU`, and explains wrongly what is called twice or overwrites its input.
    """

    def __init__(self, channels: int, squeezed: int):
        super().__init__()

        def conv_relu(channels, features, size):
            conv = nn.Conv2d(channels, features, size, padding=size // 2)
            return nn.Sequential(OrderedDict(conv=conv, relu=nn.ReLU()))

        self.squeeze1x1 = conv_relu(channels, squeezed, 1)
        self.expand1x1 = conv_relu(squeezed, 4 * squeezed, 1)
        self.expand3x3 = conv_relu(squeezed, 4 * squeezed, 3)

    def forward(self, x: Tensor) -> Tensor:
        """The squeezed plane, expanded."""
        x = self.squeeze1x1(x)
        return torch.cat([self.expand1x1(x), self.expand3x3(x)], dim=1)


class Twin(nn.Module):
    """Images `(n, 3, height, width)`, RGB in 0-255, to unnormalised scores `(n, classes)`.

    The preprocessing is inside, so that attributions are to the pixels, as vizjax's are.
    """

    mean: Tensor

    def __init__(self, layers: OrderedDict[str, nn.Module], mean: Any, *, bgr: bool):
        super().__init__()
        mean = torch.tensor(np.broadcast_to(np.asarray(mean), (*np.shape(mean)[:-1], 3)).copy())
        self.register_buffer("mean", mean.movedim(-1, 0) if mean.ndim == 3 else mean[:, None, None])
        self.bgr = bgr
        self.layers = nn.Sequential(layers)

    def forward(self, images: Tensor) -> Tensor:
        """The scores."""
        x = images - self.mean
        return self.layers(x.flip(1) if self.bgr else x)

    def layer(self, name: str) -> Any:
        """The module of what vizjax calls layer `name`."""
        return self.layers.get_submodule(name)


def pool() -> nn.Module:
    """Both networks' max-pooling."""
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


def squeezenet(weights: dict[str, np.ndarray], mean: Any, *, bgr: bool = True) -> Twin:
    """SqueezeNet v1.1 from parameters such as `fire2/squeeze1x1/kernel`."""
    layers = OrderedDict[str, nn.Module](conv1=nn.Conv2d(3, 64, 3, stride=2))
    layers["relu_conv1"], layers["pool1"] = nn.ReLU(), pool()
    channels = 64
    for number, squeezed in enumerate(SQUEEZED, start=2):
        layers[f"fire{number}"] = Fire(channels, squeezed)
        channels = 8 * squeezed
        if number in (3, 5):
            layers[f"pool{number}"] = pool()
    layers["conv10"] = nn.Conv2d(channels, len(weights["conv10/bias"]), 1)
    layers["pool10"], layers["flat"] = nn.AdaptiveAvgPool2d(1), nn.Flatten()
    twin = Twin(layers, mean, bgr=bgr)
    for name, value in weights.items():
        layer, leaf = name.rsplit("/", 1)
        _copy(twin.layer(layer.replace("/", ".") + ".conv" * ("/" in layer)), leaf, value)
    return twin.eval().requires_grad_(False)


def convnet(weights: dict[str, np.ndarray], mean: Any, *, bgr: bool = False) -> Twin:
    """The paper's network from parameters such as `conv1/kernel` and `fc6/kernel`."""

    def wide(number):
        return weights[f"{number}/kernel"].shape

    layers = OrderedDict[str, nn.Module]()
    for number, (stride, pad) in enumerate(((4, 0), (1, 2), (1, 1), (1, 1), (1, 1)), start=1):
        size, _, inputs, features = wide(f"conv{number}")
        layers[f"conv{number}"] = nn.Conv2d(inputs, features, size, stride, pad)
        layers[f"relu{number}"] = nn.ReLU()
        if number < 3:  # PyTorch's α is of the window's mean
            layers[f"norm{number}"] = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)
        if number in (1, 2, 5):
            layers[f"pool{number}"] = pool()
    layers["flat"] = nn.Flatten()
    for number in (6, 7, 8):
        rows, columns, inputs, features = wide(f"fc{number}")
        layers[f"fc{number}"] = nn.Linear(rows * columns * inputs, features)
        if number < 8:
            layers[f"relu{number}"] = nn.ReLU()
    twin = Twin(layers, mean, bgr=bgr)
    for name, value in weights.items():
        _copy(twin.layer(name.split("/")[0]), name.split("/")[1], value)
    return twin.eval().requires_grad_(False)


def _copy(module: Any, leaf: str, value: np.ndarray) -> None:
    tensor = torch.tensor(np.asarray(value))
    with torch.no_grad():
        if leaf == "bias":
            module.bias = nn.Parameter(tensor)
        else:  # HWIO to OIHW, and a full connection's window is flat
            kernel = tensor.permute(3, 2, 0, 1).contiguous()
            flat = isinstance(module, nn.Linear)
            module.weight = nn.Parameter(kernel.flatten(1) if flat else kernel)


NETWORKS = {"convnet": convnet, "squeezenet1_1": squeezenet}
"""By vizjax's names."""
