"""Class models of a `Network`, ready to be looked at."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from vizjax.ascent import Recipe, class_models
from vizjax.errors import InputError
from vizjax.models.network import Network
from vizjax.pictures import Picture, to_pixels
from vizjax.types import KeyArray


class Portraits(NamedTuple):
    """Class models as they are shown.

    Attributes:
      pictures: mean image + class model, rounded to 8 bits, one a class.
      posteriors: the network's posterior of each class for its picture.
      trace: the objective before each step, `(steps, classes)`.
    """

    pictures: list[Picture]
    posteriors: list[float]
    trace: Float[Array, "steps classes"]


def portraits(
    key: KeyArray,
    network: Network,
    labels: Sequence[int],
    recipe: Recipe,
    *,
    progress: Callable[[int], Any] | None = None,
) -> Portraits:
    """Optimises the class models of `labels` in one batch and asks the network what they are.

    Args:
      key: of the random transformations.
      network: with `preprocessing.size`.
      labels: the classes.
      recipe: how to optimise.
      progress: called with the number of steps just done.

    Returns:
      A picture and a posterior for each of `labels`, in their order, and the objective's course.

    Raises:
      InputError: the network has no input size or no such class, or the objective overflowed.
    """
    mean = network.mean_image
    images, trace = class_models(
        key,
        network,
        np.array(labels),
        shape=mean.shape,
        mean=mean,
        recipe=recipe,
        progress=progress,
    )
    if not np.isfinite(images).all():
        step = int(np.isfinite(np.asarray(trace)).all(axis=1).sum())
        raise InputError(
            f"`learning_rate` is {recipe.learning_rate:g} with `l2` {recipe.l2:g}; the objective "
            f"was no longer finite at step {step}; expected a smaller rate, and finite parameters"
        )
    pictures = [to_pixels(image + mean) for image in images]
    scores = jax.jit(jax.vmap(network))(jnp.array(pictures, jnp.float32))
    posteriors = np.asarray(jax.nn.softmax(scores))[np.arange(len(labels)), labels]
    return Portraits(pictures, posteriors.tolist(), trace)
