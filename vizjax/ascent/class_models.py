"""Class models: what a class looks like to the network (Simonyan et al. 2013, §2)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int

from vizjax import devices
from vizjax.ascent.recipes import PAPER, Recipe, climb, objective_of
from vizjax.types import KeyArray, ScoreFn


class ClassModels(NamedTuple):
    """Class models and how they came about.

    Attributes:
      images: `(classes, height, width, channels)`, zero-centred: add the mean to show them.
      trace: the objective before each step, `(steps, classes)`.
    """

    images: Float[Array, "classes height width channels"]
    trace: Float[Array, "steps classes"]


def class_models(
    key: KeyArray,
    score_fn: ScoreFn,
    labels: Int[Array | np.ndarray, "classes ..."],
    *,
    shape: tuple[int, ...],
    mean: Any = 0.0,
    recipe: Recipe = PAPER,
    progress: Callable[[int], Any] | None = None,
) -> ClassModels:
    """Images that maximise the scores of classes: `argmax_I S_c(I + mean) − λ‖I‖²` (eq. 1).

    The start is the zero image, the weights stay fixed, and all classes climb in one batch, which
    the devices of this process share. On several the images are those of one but for rounding,
    which an ascent makes larger with every step.

    Args:
      key: of the random transformations.
      score_fn: one image to unnormalised scores; `network.layer(name)` shows neurons instead.
      labels: one class an image, or one row `(row, column, channel)` a neuron.
      shape: height, width and channels of an image.
      mean: the training set's mean in `score_fn`'s units, such as `network.mean_image`.
      recipe: rate, steps, λ and what else there is.
      progress: called with the number of steps just done.

    Returns:
      One zero-centred image a label, in their order, and the objective before each step.

    Raises:
      InputError: a label that names no score, or colours that are not RGB under `fourier`.
    """
    traced = devices.traced((key, score_fn, labels, mean))
    mesh = None if traced else devices.mesh(most=len(labels))
    objective = objective_of(recipe, score_fn, labels, shape=shape, mean=mean, mesh=mesh)
    batch = (len(labels), *shape)
    return ClassModels(*climb(key, objective, batch, recipe, mesh=mesh, progress=progress))
