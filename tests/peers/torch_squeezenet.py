"""SqueezeNet v1.1 in PyTorch with the very parameters of vizjax's, and arrays on the way there."""

from typing import Any

import jax
import numpy as np
import torch
from torch import Tensor

from experiments.bench.peers.twins import Twin, squeezenet


def twin_of(network: Any) -> Twin:
    """The PyTorch module with the parameters of `network`, a SqueezeNet of vizjax."""
    leaves = jax.tree_util.tree_leaves_with_path(network.variables["params"])
    weights = {"/".join(part.key for part in path): np.asarray(leaf) for path, leaf in leaves}
    return squeezenet(weights, np.asarray(network.preprocessing.mean))


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
