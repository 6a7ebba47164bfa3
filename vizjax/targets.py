"""What is explained or maximised: a class, a channel or a neuron, given explicitly."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from vizjax.errors import InputError
from vizjax.types import Label


def select(scores: Float[Array, "..."], label: Label) -> Float[Array, ""]:
    """The one score that `label` names.

    Args:
      scores: what a `ScoreFn` returns: `(classes,)`, or the neurons of a layer.
      label: one index an axis: an integer for classes and channels, `(row, column, channel)` for
        a neuron. Compiled and mapped code may pass an integer array of shape `()` or `(axes,)`.

    Raises:
      InputError: the wrong number of indices, or one out of range (checked where its value is
        known; JAX itself would silently take the nearest).

    >>> select(jnp.array([3.0, 5.0]), 1).item()
    5.0
    """
    index = jnp.asarray(label)
    if index.size != scores.ndim or index.ndim > 1:
        raise InputError(
            f"`label` is {label}; expected {scores.ndim} "
            f"{'index' if scores.ndim == 1 else 'indices'} into scores of shape {scores.shape}"
        )
    if not isinstance(index, jax.core.Tracer):
        values = np.atleast_1d(np.asarray(index))
        if np.any(values < 0) or np.any(values >= np.array(scores.shape)):
            ends = ", ".join(f"0 to {size - 1}" for size in scores.shape)
            raise InputError(f"`label` is {label}; expected {ends}")
    return scores[tuple(jnp.atleast_1d(index))]
