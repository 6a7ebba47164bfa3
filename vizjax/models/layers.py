"""The layers that vizjax's networks are built of, each a named Flax module.

A name for every layer (convolution, rectifier, normalisation, pooling) is what lets
`Network.activations`, `Network.layer` and `Network.after` address it.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from vizjax import ops
from vizjax.ops import NO_PADDING, Padding, Pool

_replaced = ContextVar("replaced", default="")


@contextlib.contextmanager
def replacing(layer: str) -> Iterator[None]:
    """Within, a layer's output is replaced by something else (`Network.after`).

    Args:
      layer: its name, as in `Network.activations`.
    """
    token = _replaced.set(layer.partition("#")[0])
    try:
        yield
    finally:
        _replaced.reset(token)


def is_replaced(module: nn.Module, *layers: str) -> bool:
    """Whether one of a module's own layers is being replaced, so that no result may pass it by.

    For a module that has a shorter way to its result than through these layers, while nobody
    changes what comes out of them.

    Args:
      module: bound, as within its `__call__`.
      layers: names within the module.

    Returns:
      True where `Network.after` replaces one of them, while the module is traced or run.
    """
    return _replaced.get() in {"/".join((*module.path, layer)) for layer in layers}


class Relu(nn.Module):
    """A rectifier; `function`, the call's or its own, decides its backward rule (see `rules`)."""

    function: Callable[[jax.Array], jax.Array] = jax.nn.relu

    @nn.compact
    def __call__(self, x, function=None):
        """`max(x, 0)`."""
        return (function or self.function)(x)


class Relu6(nn.Module):
    """A rectifier that saturates at 6; a rule replaces its rectifier and not its saturation.

    On the way back nothing passes where the input is above 6, whatever the rule: the rules speak
    of the rectifier alone.
    """

    function: Callable[[jax.Array], jax.Array] = jax.nn.relu

    @nn.compact
    def __call__(self, x):
        """`min(max(x, 0), 6)`."""
        return jnp.minimum(self.function(x), 6)


class MaxPool(nn.Module):
    """Max-pooling with switches; `ceil` rounds the output size up, as Caffe does."""

    window: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (2, 2)
    padding: Padding = NO_PADDING
    ceil: bool = False

    @nn.compact
    def __call__(self, x):
        """The largest value in every window."""
        pool = Pool(self.window, self.stride, self.padding)
        if self.ceil:
            height, width = x.shape[-3:-1]
            pool = pool._replace(padding=ops.ceil_padding(height, width, pool))
        return ops.max_pool(x, pool)


class AveragePool(nn.Module):
    """Average-pooling; padding is left out of the mean, as in MatConvNet (Caffe counts it)."""

    window: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: Padding = NO_PADDING

    @nn.compact
    def __call__(self, x):
        """The mean of every window."""
        padding: Any = self.padding  # Flax's annotation knows strings only
        return nn.avg_pool(x, self.window, self.stride, padding, count_include_pad=False)


class LocalResponseNorm(nn.Module):
    """Local response normalisation across channels."""

    window: int = 5
    kappa: float = 2.0
    alpha: float = 1e-4
    beta: float = 0.75

    @nn.compact
    def __call__(self, x):
        """`x` divided by the energy of its neighbouring channels."""
        return ops.local_response_norm(
            x, window=self.window, kappa=self.kappa, alpha=self.alpha, beta=self.beta
        )


class GlobalAveragePool(nn.Module):
    """The mean over the image plane: `(height, width, channels)` to `(channels,)`."""

    @nn.compact
    def __call__(self, x):
        """One value a channel."""
        return x.mean(axis=(-3, -2))


class Add(nn.Module):
    """The sum of two branches, such as a block's and its shortcut's."""

    @nn.compact
    def __call__(self, x, y):
        """`x + y`."""
        return x + y
