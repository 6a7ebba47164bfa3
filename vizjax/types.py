"""The vocabulary: what the functions of vizjax take and return."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt8

Photo: TypeAlias = UInt8[np.ndarray, "height width 3"]
"""A photograph as read from disk: RGB, 0-255."""

Image: TypeAlias = Float[Array, "height width channels"]
"""What a score function takes. For a `Network`: RGB in 0-255 at the network's own size."""

Scores: TypeAlias = Float[Array, "..."]
"""Unnormalised scores, one a class; or any array of neurons, indexed by a label."""

SaliencyMap: TypeAlias = Float[Array, "height width"]
"""One value a pixel, raw: signs and scale are the method's own."""

Mask: TypeAlias = Bool[np.ndarray, "height width"]
"""True where the object is."""

Label: TypeAlias = int | tuple[int | Int[Array, ""], ...] | Int[Array, "..."]
"""Which score: an index into `Scores`; of a layer's activation, `(row, column, channel)`."""

ScoreFn: TypeAlias = Callable[[Any], Any]
"""One image to unnormalised scores: `Callable[[Image], Scores]`."""

Method: TypeAlias = Callable[..., Any]
"""`(score_fn, image, label) -> map`; hyperparameters are bound with `functools.partial`."""

KeyArray: TypeAlias = Array
"""A JAX random key, consumed by the function that takes it."""


class Box(NamedTuple):
    """An axis-parallel rectangle in pixels; `x1` and `y1` are exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int
