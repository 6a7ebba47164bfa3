"""A search for one neuron of every channel, in place of the strongest of its plane."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jax.tree_util import register_dataclass
from jaxtyping import Array

from vizjax.errors import InputError, unknown
from vizjax.search.stream import Activations, as_pytree


@register_dataclass
@dataclass(frozen=True)
class Neurons:
    """Layers in which all but one position is −∞; see `neurons_at`."""

    activations: Any
    positions: tuple[tuple[str, int, int], ...] = dataclasses.field(metadata={"static": True})

    def __call__(self, image: Array) -> dict[str, Array]:
        """The outputs of all layers."""
        outputs = dict(self.activations(image))
        for layer, row, column in self.positions:
            if layer not in outputs:
                raise unknown("layer", layer, list(outputs))
            plane = outputs[layer].shape[:-1]
            if len(plane) != 2 or not (0 <= row < plane[0] and 0 <= column < plane[1]):
                raise InputError(
                    f"`positions` has row {row}, column {column} of {layer}; expected a position "
                    f"on its plane of {' × '.join(map(str, plane)) or 'no pixels'}"
                )
            alone = jnp.zeros((*plane, 1), bool).at[row, column].set(True)
            outputs[layer] = jnp.where(alone, outputs[layer], -jnp.inf)
        return outputs


def neurons_at(activations: Activations, positions: Mapping[str, tuple[int, int]]) -> Neurons:
    """The activations with one neuron a channel: the others of a plane are −∞ and never a hit.

    Args:
      activations: one image to the outputs of layers by name; see `top_activations`.
      positions: by layer, the row and the column of the neurons; other layers stay whole.

    Returns:
      What `top_activations` takes, a pytree if `activations` is one.

    Raises:
      InputError: when called, an unknown layer, or a position beyond its plane.

    >>> layer = lambda image: {"pixels": image}
    >>> neurons_at(layer, {"pixels": (0, 1)})(jnp.ones((1, 2, 1)))["pixels"].tolist()
    [[[-inf], [1.0]]]
    """
    places = tuple((layer, row, column) for layer, (row, column) in positions.items())
    return Neurons(as_pytree(activations), places)
