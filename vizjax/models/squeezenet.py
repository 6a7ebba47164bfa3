"""SqueezeNet v1.1 (Iandola et al. 2016, arXiv 1602.07360), in its original Caffe geometry."""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from vizjax.models.layers import GlobalAveragePool, MaxPool, Relu, is_replaced

SQUEEZED = (16, 16, 32, 32, 48, 48, 64, 64)
"""The squeeze width of fire2 … fire9; each side of the expansion is four times as wide."""


class Fire(nn.Module):
    """A 1×1 squeeze to `squeezed` channels, then a 1×1 and a 3×3 expansion side by side."""

    squeezed: int
    relu: Callable[[jax.Array], jax.Array] = jax.nn.relu

    @nn.compact
    def __call__(self, x):
        """The squeezed plane, expanded."""

        def conv_relu(x, features, kernel, name):
            x = nn.Conv(features, (kernel, kernel), padding="SAME", name=name)(x)
            return Relu(self.relu, name=f"relu_{name}")(x)

        x = conv_relu(x, self.squeezed, 1, "squeeze1x1")
        sides = [conv_relu(x, 4 * self.squeezed, k, f"expand{k}x{k}") for k in (1, 3)]
        return jnp.concatenate(sides, axis=-1)


class SqueezeNet(nn.Module):
    """SqueezeNet v1.1: 227×227×3 to `classes` unnormalised scores, 1,235,496 parameters.

    Layers are named as in Caffe: `conv1`, `relu_conv1`, `pool1`, `fire2` (its concatenated
    output) with `fire2/squeeze1x1`, `fire2/relu_squeeze1x1`, `fire2/expand1x1`, …, `conv10`,
    `pool10`. Pooling rounds up. The original rectifies conv10 before the average, which keeps
    scores from being negative; here that last ReLU is left out, so that a score is the plain
    average of its class's evidence.

    So conv10 and the average are both linear and may change places: the scores are conv10 of
    fire9's mean, which at 227 pixels takes a 196th of conv10's products. The plane is for those who
    ask for it, or replace it: compiled code leaves it out for all others. (Code that is not
    compiled computes both.)

    Attributes:
      classes: how many scores.
      relu: the rectifier (`vizjax.rules`).
    """

    classes: int = 1000
    relu: Callable[[jax.Array], jax.Array] = jax.nn.relu

    @nn.compact
    def __call__(self, x):
        """The scores of the image `x`."""
        x = nn.Conv(64, (3, 3), strides=2, padding="VALID", name="conv1")(x)
        x = Relu(self.relu, name="relu_conv1")(x)
        x = MaxPool(ceil=True, name="pool1")(x)
        for number, squeezed in enumerate(SQUEEZED, start=2):
            x = Fire(squeezed, self.relu, name=f"fire{number}")(x)
            if number in (3, 5):
                x = MaxPool(ceil=True, name=f"pool{number}")(x)
        conv10 = nn.Conv(self.classes, (1, 1), name="conv10")
        scores = GlobalAveragePool(name="pool10")(conv10(x))
        if is_replaced(self, "conv10", "pool10"):
            return scores
        weights = conv10.variables["params"]
        return x.mean(axis=(-3, -2)) @ weights["kernel"][0, 0] + weights["bias"]
