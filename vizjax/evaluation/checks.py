"""What several of the measures ask of their arguments."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Array, Float, Float64, Shaped

from vizjax.errors import InputError

RawMap: TypeAlias = Float[Array | np.ndarray, "*pixels"]
"""A saliency map, raw: larger is more salient, whatever the scale."""


def finite(argument: str, values: Shaped[Array | np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
    """The values in float64; an `InputError` unless there are some, all of them finite."""
    array = np.asarray(values, np.float64)
    if array.size == 0 or not np.isfinite(array).all():
        raise InputError(
            f"`{argument}` of shape {array.shape} has {np.sum(~np.isfinite(array))} values that "
            "are NaN or infinite; expected finite numbers, at least one"
        )
    return array


def check_shapes(argument: str, given: np.ndarray, other_argument: str, other: np.ndarray) -> None:
    """Raises an `InputError` unless two maps or masks, the arguments named, have one shape."""
    if given.shape != other.shape:
        raise InputError(
            f"`{argument}` has shape {given.shape} and `{other_argument}` {other.shape}; expected "
            "one shape: resize one to the other's"
        )
