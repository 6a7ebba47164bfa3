"""The training step of the paper's ConvNet in PyTorch, for `train_throughput`."""

import importlib.util
import time
from typing import Any


def available() -> bool:
    """Whether PyTorch is installed."""
    return importlib.util.find_spec("torch") is not None


def peer_seconds(
    size: int, width: int, classes: int, batch: int, precision: str, rounds: int, seed: int
) -> list[float]:
    """What each of the steps took in PyTorch, after three that warm up.

    Args:
      size: of the pictures, in pixels.
      width: channels of conv1.
      classes: scores.
      batch: pictures a step.
      precision: float32 or bfloat16.
      rounds: steps that are timed.
      seed: of pictures, labels and parameters.
    """
    import numpy as np
    import torch

    from experiments.bench.peers.twins import convnet

    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    net: Any = convnet(_weights(size, width, classes), np.float32(127.5))
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

    taken = []
    for _ in range(3 + rounds):
        start = time.perf_counter()
        one()
        taken.append(time.perf_counter() - start)
    return taken[3:]


def _place(net: Any, name: str) -> int:
    return list(net.layers._modules).index(name)


def _weights(size: int, width: int, classes: int) -> dict[str, Any]:
    """Parameters of the shapes of vizjax's module; what they are does not change the time."""
    import jax
    import numpy as np

    from vizjax.models import ConvNet

    jax.config.update("jax_platforms", "cpu")  # the GPU is PyTorch's here
    module, blank = ConvNet(width, classes, size), np.zeros((size, size, 3), np.float32)
    shapes: Any = jax.eval_shape(module.init, jax.random.key(0), blank)["params"]
    rng = np.random.default_rng(0)
    return {
        f"{layer}/{leaf}": rng.normal(0, 0.01, shape.shape).astype(np.float32)
        for layer, leaves in shapes.items()
        for leaf, shape in leaves.items()
    }
