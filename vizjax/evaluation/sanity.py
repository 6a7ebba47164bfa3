"""Sanity checks: whether maps change when the network's parameters do (Adebayo et al. 2018).

Parameters are plain mappings from a layer's name to a tree of arrays, so that any library's will
do. Two sets of them are mixed, the trained ones and fresh ones:

    trained = network.variables["params"]
    fresh = network.module.init(key, image)["params"]  # as the paper, or permuted(key, trained)

    def explain(params):
        return saliency(dataclasses.replace(network, variables={"params": params}), image, label)

    steps = randomisation_test(explain, trained, fresh, order=["conv10", "fire9", "fire8"])
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from vizjax.errors import InputError, unknown
from vizjax.evaluation.similarity import Similarity, similarity
from vizjax.types import KeyArray

Parameters: TypeAlias = Mapping[str, Any]
"""By the layer's or block's name, a tree of its arrays."""


class Randomised(NamedTuple):
    """What became of the map.

    Attributes:
      name: the layer that was just randomised.
      similarity: of the map with its original.
    """

    name: str
    similarity: Similarity


def permuted(key: KeyArray, parameters: Parameters) -> dict[str, Any]:
    """Fresh parameters by shuffling: each array keeps its values, in another order.

    So each keeps its own distribution, its mean and its spread exactly, where an initialiser draws
    from one that training has left behind. The paper initialises anew; what does not vary within
    an array stays as it is, and so does an array of one value.

    Args:
      key: a random key, consumed.
      parameters: the trained ones.

    Returns:
      As `parameters`, all layers shuffled.
    """
    leaves, tree = jax.tree.flatten(dict(parameters))
    keys = jax.random.split(key, max(len(leaves), 1))
    shuffled = [
        jax.random.permutation(one, leaf.ravel()).reshape(leaf.shape)
        for one, leaf in zip(keys, leaves, strict=False)
    ]
    return jax.tree.unflatten(tree, shuffled)


def cascading(
    trained: Parameters, fresh: Parameters, *, order: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Randomise one layer after another: each step keeps what was randomised before.

    Args:
      trained: the network's parameters; layers that are not in `order` stay as they are.
      fresh: as many, with the same names and shapes: initialised anew, or `permuted`.
      order: names of layers, from the top (the scores) down.

    Yields:
      The name of the layer randomised last, and the parameters of the whole network.

    Raises:
      InputError: a name is unknown, or the fresh parameters are not shaped as the trained ones.

    Source: Adebayo et al. 2018, arXiv 1810.03292.

    >>> steps = cascading({"a": 1.0, "b": 2.0}, {"a": 7.0, "b": 8.0}, order=["b", "a"])
    >>> for name, parameters in steps:
    ...     print(name, parameters)
    b {'a': 1.0, 'b': 8.0}
    a {'a': 7.0, 'b': 8.0}
    """
    _check(trained, fresh, order)
    mixed = dict(trained)
    for name in order:
        mixed = {**mixed, name: fresh[name]}
        yield name, mixed


def independent(
    trained: Parameters, fresh: Parameters, *, order: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Randomise one layer at a time: all others are the trained ones.

    Args:
      trained: as of `cascading`.
      fresh: likewise.
      order: names of layers.

    Yields:
      The name of the layer randomised, and the parameters of the whole network.

    Raises:
      InputError: as of `cascading`.

    Source: Adebayo et al. 2018, arXiv 1810.03292.
    """
    _check(trained, fresh, order)
    for name in order:
        yield name, {**trained, name: fresh[name]}


def randomisation_test(
    explain: Callable[[dict[str, Any]], Any],
    trained: Parameters,
    fresh: Parameters,
    *,
    order: Sequence[str],
    randomise: Callable[..., Iterator[tuple[str, dict[str, Any]]]] = cascading,
) -> list[Randomised]:
    """Compare the map under randomised parameters with the trained network's.

    A method whose map hardly changes does not depend on what the network has learnt.

    Args:
      explain: the network's parameters to a raw map, (H, W); compiled once, it serves all steps.
      trained: as of `cascading`.
      fresh: likewise.
      order: names of layers, from the top down.
      randomise: `cascading`, or `independent`.

    Returns:
      The similarity after each step, in order.

    Raises:
      InputError: as of `cascading` and `similarity`.
    """
    original = explain(dict(trained))
    return [
        Randomised(name, similarity(original, explain(parameters)))
        for name, parameters in randomise(trained, fresh, order=order)
    ]


def _check(trained: Parameters, fresh: Parameters, order: Sequence[str]) -> None:
    for name in order:
        if name not in trained:
            raise unknown("order", name, list(trained))
        expected, given = _shapes(trained[name]), _shapes(fresh.get(name))
        if expected != given:
            raise InputError(
                f"`fresh` has {given or 'nothing'} for {name}; expected arrays shaped as "
                f"the trained ones, {expected}"
            )


def _shapes(tree: Any) -> dict[str, tuple[int, ...]]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(path): jnp.shape(leaf) for path, leaf in leaves}
