"""A network that is a plain sequence of named layers, such as one read from a file."""

from collections.abc import Callable
from typing import ClassVar

import flax.linen as nn
import jax

from vizjax.models.layers import Relu


class Chain(nn.Module):
    """Layers one after another: an image to unnormalised scores, `(classes,)`.

    Every layer keeps the name that it was built with, so that `Network.activations`, `layer` and
    `after` address it by that name:

        Chain((nn.Conv(64, (11, 11), 4, name="conv1"), Relu(name="relu1"), …))

    Attributes:
      layers: unbound modules, each with a name of its own; the last leaves a plane of one pixel.
      relu: the rectifier (`vizjax.rules`) of every `Relu` among the layers.
    """

    layers: tuple[nn.Module, ...]
    relu: Callable[[jax.Array], jax.Array] = jax.nn.relu

    # Without this Linen would rename modules that are handed in: layers_0, layers_1, …
    preserve_adopted_names: ClassVar[bool] = True

    def __call__(self, x):
        """The scores of the image `x`."""
        for layer in self.layers:
            x = layer(x, self.relu) if isinstance(layer, Relu) else layer(x)
        return x.squeeze((-3, -2))
