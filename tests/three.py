"""A network that compiles in no time, with three of SqueezeNet's names."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vizjax.models import Network, Preprocessing


class Three(nn.Module):
    """Three convolutions, and the mean over the plane."""

    @nn.compact
    def __call__(self, x):
        x = jax.nn.relu(nn.Conv(6, (5, 5), strides=2, name="conv1")(x / 100))
        x = jax.nn.relu(nn.Conv(8, (3, 3), name="fire9")(x))
        return nn.Conv(5, (1, 1), name="conv10")(x).mean(axis=(0, 1))


def network() -> Network:
    """Random parameters, biases included, on 36×44 pixels, to 5 classes."""
    module = Three()
    shapes = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((36, 44, 3)))
    rng = np.random.default_rng(0)

    def draw(leaf):
        spread = (2 / np.prod(leaf.shape[:-1])) ** 0.5 if len(leaf.shape) > 1 else 0.3
        return jnp.asarray(rng.normal(0, spread, leaf.shape), jnp.float32)

    mean = np.array([124, 117, 104], np.float32)
    preprocessing = Preprocessing(mean, np.float32(1), size=(36, 44))
    return Network(module, jax.tree.map(draw, shapes), preprocessing)
