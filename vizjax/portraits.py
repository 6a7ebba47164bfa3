"""Class models of a `Network`, ready to be looked at."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from vizjax.ascent import Recipe, class_models
from vizjax.devices import ALONE, Processes
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
    processes: Processes = ALONE,
    progress: Callable[[int], Any] | None = None,
) -> Portraits:
    """Optimises the class models of `labels` in one batch and asks the network what they are.

    The devices of this process share the batch; the processes, if there are several, the labels.

    Args:
      key: of the random transformations.
      network: with `preprocessing.size`.
      labels: the classes.
      recipe: how to optimise.
      processes: those of `jax.distributed` that make the same call: all get all pictures.
      progress: called with the number of steps just done.

    Returns:
      A picture and a posterior for each of `labels`, in their order, and the objective's course.

    Raises:
      InputError: the network has no input size or no such class, or the objective overflowed.
    """
    stretch = processes.stretch(len(labels))
    own = labels[stretch.start : stretch.stop]

    def part() -> Mapping[str, np.ndarray]:
        return _part(key, network, own, recipe, progress) if len(own) else {}

    parts = [one for one in processes.gathered(part) if one]
    pictures = [picture for one in parts for picture in one["pictures"]]
    posteriors = [float(posterior) for one in parts for posterior in one["posteriors"]]
    return Portraits(pictures, posteriors, jnp.concatenate([one["trace"] for one in parts], axis=1))


def _part(
    key: KeyArray,
    network: Network,
    labels: Sequence[int],
    recipe: Recipe,
    progress: Callable[[int], Any] | None,
) -> dict[str, np.ndarray]:
    """The portraits of some classes, as arrays."""
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
    pictures = np.stack([to_pixels(image + mean) for image in images])
    scores = jax.jit(jax.vmap(network))(jnp.array(pictures, jnp.float32))
    posteriors = np.asarray(jax.nn.softmax(scores))[np.arange(len(labels)), labels]
    return {"pictures": pictures, "posteriors": posteriors, "trace": np.asarray(trace)}
