"""A network that compiles in a blink, for tests of what is built upon one."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vizjax.models import Network, Preprocessing
from vizjax.models.chain import Chain
from vizjax.models.layers import MaxPool, Relu

SIZE = (16, 12)
CLASSES = 7


def network(seed=0, *, size=SIZE, classes=CLASSES, **preprocessing):
    """Two convolutions, biases and all, of pixels in 0-255; nothing about it is symmetric."""
    rows, columns = (((n - 3) // 2 + 1 - 3) // 2 + 1 for n in size)
    layers = (
        nn.Conv(4, (3, 3), 2, padding="VALID", name="conv1"),
        Relu(name="relu1"),
        MaxPool(name="pool1"),
        nn.Conv(6, (2, 3), padding="SAME", name="conv2"),
        Relu(name="relu2"),
        nn.Conv(classes, (rows, columns), padding="VALID", name="head"),
    )
    module, rng = Chain(layers), np.random.default_rng(seed)
    shapes = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((*size, 3), jnp.float32))

    def draw(leaf):  # kernels by their fan-in, biases of deviation 0.3
        deviation = (2 / np.prod(leaf.shape[:-1])) ** 0.5 if len(leaf.shape) > 1 else 0.3
        return jnp.asarray(rng.normal(0, deviation, leaf.shape), jnp.float32)

    mean, scale = np.array([124, 117, 104], np.float32), np.array([58, 57, 59], np.float32)
    preprocessed = Preprocessing(mean, scale, size=size, **preprocessing)
    return Network(module, jax.tree.map(draw, shapes), preprocessed, name="tiny")


def image(seed=1, *, size=SIZE):
    """RGB noise in 0-255, each channel of its own range."""
    uniform = np.random.default_rng(seed).uniform(size=(*size, 3))
    return jnp.asarray(uniform * [255, 200, 150], jnp.float32)


def flops(function, *arguments):
    """What the compiler counts for one call of `function`, compiled."""
    return dict(jax.jit(function).lower(*arguments).compile().cost_analysis() or {})["flops"]


def temporary_bytes(function, *arguments):
    """The memory that `function`, compiled, takes beside its arguments and its result."""
    return bytes_of(jax.jit(function).lower(*arguments).compile())


def bytes_of(executable):
    """The memory that a compiled function takes beside its arguments and its result."""
    analysis = executable.memory_analysis()
    assert analysis is not None
    return analysis.temp_size_in_bytes


def compilations(function):
    """How many times the jitted `function` has been compiled so far."""
    return getattr(function, "_cache_size")()  # noqa: B009
