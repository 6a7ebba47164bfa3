"""The signals of a backward pass at every rectifier, under any rule: what section 4 compares."""

import functools
import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from vizjax import rules
from vizjax.errors import InputError
from vizjax.models import Network
from vizjax.targets import select
from vizjax.types import Label, Scores


class Signals(NamedTuple):
    """What a backward pass carries.

    Attributes:
      arriving: at the output of each rectifier, from above, in the order of the forward pass.
      passed: at its input: what the rule lets through.
      image: what reaches the image, `(height, width, 3)`.
    """

    arriving: list[Array]
    passed: list[Array]
    image: Float[Array, "height width 3"]


def rectifiers(network: Network) -> dict[str, tuple[int, ...]]:
    """The network's rectifiers in the order of the forward pass, each with its output's shape.

    Raises:
      InputError: the network has no input size, or its rectifiers are no layers of their own.
    """
    shapes = network.layer_shapes()
    found = {k: shape for k, shape in shapes.items() if k.rpartition("/")[2].startswith("relu")}
    if not found:
        raise InputError(
            f"`network` is {network.name}, none of whose layers is called relu…; expected one "
            "whose rectifiers are layers, such as squeezenet1_1"
        )
    return found


@functools.partial(jax.jit, static_argnums=(1, 3))
def signals(
    network: Network, rule: str, image: Float[Array, "height width 3"], layer: str, label: Label
) -> Signals:
    """The backward pass of one score, or of one neuron, under a rule, read at every rectifier.

    Zeros are added at the input and at the output of each rectifier, and the derivative is taken
    with respect to them.

    Args:
      network: whose module takes its rectifier as a field.
      rule: a name of `vizjax.rules.RULES`.
      image: RGB, 0-255, of the network's size.
      layer: whose neuron it is; empty for the scores.
      label: the class, or the neuron's `(row, column, channel)`.
    """
    relu = rules.by_name(rule)
    zeros = _zeros(network)

    def value(before, after, image):
        number = itertools.count()

        def tapped(x):
            k = next(number)
            return relu(x + before[k]) + after[k]

        return select(_once(network.with_rule(tapped), layer, image), label)

    passed, arriving, below = jax.grad(value, argnums=(0, 1, 2))(zeros, zeros, image)
    return Signals(arriving, passed, below)


@functools.partial(jax.jit, static_argnums=2)
def between(
    network: Network,
    image: Float[Array, "height width 3"],
    layer: str,
    label: Label,
    passed: list[Array],
) -> Signals:
    """The chain rule from every rectifier down to the next, and no rectifier in between.

    Each signal that has passed a rectifier goes down through convolutions, max-pools and
    concatenations only, and is stopped at the rectifiers below. Under any rule that differs from
    the gradient's in rectifiers alone this is what arrives there.

    Args:
      network: as of `signals`.
      image: as of `signals`.
      layer: as of `signals`.
      label: as of `signals`.
      passed: the signal at the input of each rectifier, in the order of the forward pass.

    Returns:
      What arrives at each rectifier and at the image; `passed` as given.
    """

    def inputs_and_value(after, image):
        inputs = []

        def cut(x):
            inputs.append(x)
            return jax.lax.stop_gradient(jax.nn.relu(x)) + after[len(inputs) - 1]

        value = select(_once(network.with_rule(cut), layer, image), label)
        return inputs, value

    (_, value), pull = jax.vjp(inputs_and_value, _zeros(network), image)
    arriving, below = pull((passed, jnp.ones_like(value)))
    return Signals(arriving, passed, below)


@jax.jit
def opened(network: Network, image: Float[Array, "height width 3"]) -> list[Array]:
    """Which rectifiers are on: where the input of each is positive, in the order of the passes."""
    found = []

    def recorded(x):
        found.append(x > 0)
        return jax.nn.relu(x)

    network.with_rule(recorded)(image)
    return found


@functools.partial(jax.jit, static_argnums=2)
def output(network: Network, image: Float[Array, "height width 3"], layer: str) -> Scores:
    """The scores, or a layer's activation.

    Raises:
      InputError: an unknown layer.
    """
    return network.layer(layer)(image) if layer else network(image)


def _once(network: Network, layer: str, image: Array) -> Scores:
    # `network.layer` would run the network once more, to see whether there is such a layer.
    return network.activations(image)[layer] if layer else network(image)


def _zeros(network: Network) -> list[Array]:
    return [jnp.zeros(shape, jnp.float32) for shape in rectifiers(network).values()]
