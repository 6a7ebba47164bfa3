"""The training step of the paper's ConvNet in PyTorch, for `experiments.train_throughput`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from experiments.bench.peers.twins import convnet


def step(
    weights: dict[str, np.ndarray], size: int, classes: int, batch: int, precision: str, seed: int
) -> Callable[[], None]:
    """What takes a step of the training, and waits for its end.

    Args:
      weights: of the net, by the names of vizjax's parameters.
      size: of the pictures, in pixels.
      classes: scores.
      batch: pictures a step.
      precision: float32 or bfloat16.
      seed: of pictures and labels.
    """
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    net: Any = convnet(weights, np.float32(127.5))
    net = net.requires_grad_(True).train()
    for number in (6, 7):
        net.layers[_place(net, f"relu{number}")] = torch.nn.Sequential(
            torch.nn.ReLU(), torch.nn.Dropout(0.5)
        )
    net = net.to(device)
    images = torch.randint(0, 256, (batch, 3, size, size), dtype=torch.uint8, device=device)
    if device == "cuda":
        net = net.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    labels = torch.randint(0, classes, (batch,), device=device)
    descent = torch.optim.SGD(
        net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, foreach=True
    )
    half = precision == "bfloat16"

    def one() -> None:
        descent.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16, enabled=half):
            scores = net(images.float())
        torch.nn.functional.cross_entropy(scores.float(), labels).backward()
        descent.step()
        if device == "cuda":
            torch.cuda.synchronize()

    return one


def _place(net: Any, name: str) -> int:
    return list(net.layers._modules).index(name)
