"""What is explained or maximised: a class, a channel or a neuron, given explicitly."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from vizjax.errors import InputError
from vizjax.types import Label


def select(scores: Float[Array, "..."], label: Label) -> Float[Array, ""]:
    """The one score that `label` names.

    Args:
      scores: what a `ScoreFn` returns: `(classes,)`, or the neurons of a layer.
      label: one index an axis: an integer for classes and channels, `(row, column, channel)` for
        a neuron. Compiled and mapped code may pass an integer array of shape `()` or `(axes,)`.

    Returns:
      The score. Where a traced index turns out to be out of range it is NaN, and its gradient is
      not finite: JAX itself would silently take another score.

    Raises:
      InputError: the wrong number of indices, or one that is known to be out of range.

    >>> select(jnp.array([3.0, 5.0]), 1).item()
    5.0
    """
    check(label, scores.shape)
    if not _traced(label):
        return scores[tuple(np.asarray(label, int).reshape(-1))]
    index = tuple(jnp.asarray(label, jnp.int32).reshape(-1))
    inside = [(i >= 0) & (i < size) for i, size in zip(index, scores.shape, strict=True)]
    return scores[index] * jnp.where(jnp.array(inside).all(), 1, jnp.nan)


def check(label: Label, shape: tuple[int, ...]) -> None:
    """Raises an `InputError` unless `label` names one score of an array of `shape`.

    The values of a traced label are not known and so not checked.
    """
    index = jnp.asarray(label) if _traced(label) else np.asarray(label)
    if index.size != len(shape) or index.ndim > 1:
        raise InputError(
            f"`label` is {label}; expected {len(shape)} "
            f"{'index' if len(shape) == 1 else 'indices'} into scores of shape {shape}"
        )
    if index.size and not jnp.issubdtype(index.dtype, jnp.integer):
        raise InputError(f"`label` is {label}; expected integers, such as 281 or (6, 7, 281)")
    if not _traced(label) and not (np.all(index >= 0) and np.all(index < np.array(shape))):
        ends = ", ".join(f"0 to {size - 1}" for size in shape)
        raise InputError(f"`label` is {label}; expected {ends}")


def check_floating(name: str, x: Array) -> None:
    """Raises an `InputError` unless `x`, the argument `name`, is of floating point."""
    if not jnp.issubdtype(jnp.result_type(x), jnp.floating):
        raise InputError(
            f"`{name}` is of {jnp.result_type(x)}; expected floating point: use "
            f"`jnp.asarray({name}, float)`"
        )


def _traced(label: Label) -> bool:
    return any(isinstance(i, Tracer) for i in jax.tree.leaves(label))
