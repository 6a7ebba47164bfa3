"""Score functions that can be read, and entered, at a named layer."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import jax
from jax.tree_util import Partial, register_dataclass
from jaxtyping import Array, Float

from vizjax.errors import unknown
from vizjax.types import ScoreFn, Scores

FEATURES = "features"
"""The one layer of a `Composed` function."""


@runtime_checkable
class Layered(Protocol):
    """What a class activation map needs: a `ScoreFn` with named layers in between.

    For every name, `network.after(name, image)(network.layer(name)(image))` is `network(image)`.
    `vizjax.models.Network` is one; `Composed` makes one of two plain functions.
    """

    def __call__(self, image: Any) -> Any:
        """The unnormalised scores of one image."""
        ...

    def layer(self, name: str) -> ScoreFn:
        """The activation of layer `name` as a function of the image."""
        ...

    def after(self, name: str, image: Any = None) -> ScoreFn:
        """The scores as a function of that activation; `image` is what other branches see."""
        ...


@register_dataclass
@dataclass(frozen=True)
class Composed:
    """Two functions, one after the other, with what lies between as the layer `features`.

    `network(image) = head(features(image))`. A pytree: the parameters of a function that is itself
    a pytree are its leaves (`jax.tree_util.Partial(apply, params)`, a module of Equinox, a
    `vizjax.Network`), and a compiled function takes them as arguments. A plain function is static:
    what it closes over becomes a constant, and a new one is compiled anew.

    Attributes:
      features: one image to an activation, usually `(rows, columns, channels)`.
      head: that activation to unnormalised scores.

    >>> import jax.numpy as jnp
    >>> weights = jnp.array([[1.0, 2.0], [3.0, 4.0]])
    >>> head = Partial(lambda weights, activation: activation.mean((0, 1)) @ weights, weights)
    >>> network = Composed(jax.nn.relu, head)
    >>> network(jnp.ones((4, 3, 2))).tolist()
    [4.0, 6.0]
    >>> len(jax.tree.leaves(network))
    1
    """

    features: Any
    head: Any

    def __post_init__(self):
        # A bare function would be a leaf, and no compiled function takes such an argument.
        for name in ("features", "head"):
            function = getattr(self, name)
            if callable(function) and jax.tree_util.all_leaves([function]):
                object.__setattr__(self, name, Partial(function))

    def __call__(self, image: Float[Array, "..."]) -> Scores:
        """The unnormalised scores of one image."""
        return self.head(self.features(image))

    def layer(self, name: str) -> ScoreFn:
        """The activation as a function of the image.

        Args:
          name: `"features"`.

        Raises:
          InputError: any other name.
        """
        return _known(name, self.features)

    def after(self, name: str, image: Float[Array, "..."] | None = None) -> ScoreFn:
        """The scores as a function of the activation.

        Args:
          name: `"features"`.
          image: not used, for all passes through the layer.

        Raises:
          InputError: any other name.
        """
        del image
        return _known(name, self.head)


def _known(name: str, function: ScoreFn) -> ScoreFn:
    if name != FEATURES:
        raise unknown("layer", name, [FEATURES])
    return function
