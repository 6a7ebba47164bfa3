"""SqueezeNet v1.1 in PyTorch: the geometry and the very parameters of vizjax's."""

from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vizjax.models.squeezenet import SQUEEZED


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
        x = self.squeeze1x1(x)
        return torch.cat([self.expand1x1(x), self.expand3x3(x)], dim=1)


class TorchSqueezeNet(nn.Module):
    """Images `(n, 3, height, width)`, RGB in 0-255, to unnormalised scores `(n, 1000)`.

    The preprocessing is inside, so that attributions are to the pixels, as vizjax's are.
    """

    mean: Tensor

    def __init__(self, mean: Tensor):
        super().__init__()
        self.register_buffer("mean", mean.reshape(3, 1, 1))
        layers = OrderedDict[str, nn.Module](conv1=nn.Conv2d(3, 64, 3, stride=2))
        layers["relu_conv1"] = nn.ReLU()
        layers["pool1"] = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        channels = 64
        for number, squeezed in enumerate(SQUEEZED, start=2):
            layers[f"fire{number}"] = Fire(channels, squeezed)
            channels = 8 * squeezed
            if number in (3, 5):
                layers[f"pool{number}"] = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        layers["conv10"] = nn.Conv2d(channels, 1000, 1)
        self.layers = nn.Sequential(layers)

    def forward(self, images: Tensor) -> Tensor:
        bgr = (images - self.mean).flip(1)
        return self.layers(bgr).mean(dim=(2, 3))

    def layer(self, name: str) -> Any:
        """The module of what vizjax calls layer `name`."""
        return self.layers.get_submodule(name)


def twin_of(network: Any) -> TorchSqueezeNet:
    """The PyTorch module with the parameters of `network`, a SqueezeNet of vizjax."""
    twin = TorchSqueezeNet(torch.tensor(np.asarray(network.preprocessing.mean)))

    def copy(conv, leaves):
        kernel = np.asarray(leaves["kernel"]).transpose(3, 2, 0, 1)  # HWIO to OIHW
        conv.weight.copy_(torch.tensor(kernel))
        conv.bias.copy_(torch.tensor(np.asarray(leaves["bias"])))

    with torch.no_grad():
        for name, leaves in network.variables["params"].items():
            if "kernel" in leaves:
                copy(twin.layer(name), leaves)
            else:
                for part, inner in leaves.items():
                    copy(twin.layer(f"{name}.{part}.conv"), inner)
    return twin.requires_grad_(False)


def to_torch(image: Any) -> Tensor:
    """`(height, width, channels)` to a batch of one, `(1, channels, height, width)`."""
    return torch.tensor(np.moveaxis(np.asarray(image), -1, 0))[None]


def to_numpy(batch: Any) -> np.ndarray:
    """A batch of one back to `(height, width, channels)`."""
    return np.moveaxis(batch.detach().numpy()[0], 0, -1)


def assert_agree(found: Any, expected: np.ndarray, tolerance: float):
    """No value differs by more than `tolerance` of the largest magnitude."""
    assert found.shape == expected.shape
    largest = np.abs(expected).max()
    assert largest > 0
    difference = np.abs(np.asarray(found, np.float64) - expected).max() / largest
    print(f"{difference:.1e} of the largest magnitude")  # `pytest -rP` shows it
    assert difference <= tolerance
