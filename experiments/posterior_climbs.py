"""What `experiments.posterior` compares: ascents that are watched on their way."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jaxtyping import Array, Float, Int

from experiments.kept import kept
from experiments.looks import Look, looks, shown
from experiments.photographs import rounded
from vizjax.ascent import Recipe
from vizjax.ascent.recipes import climb, objective_of
from vizjax.cli.console import progress
from vizjax.errors import InputError
from vizjax.models import Network
from vizjax.pictures import Picture

REACHED = 0.99
"""Both ascents are compared at the first step at which the posterior is so large."""


class Course(NamedTuple):
    """What an ascent did to the scores: before each step, as it saw the image, and in the end.

    Attributes:
      score: the class's own, `(steps + 1, classes)`.
      others: `log Σ_{k≠c} exp S_k`, likewise.
    """

    score: Float[np.ndarray, "times classes"]
    others: Float[np.ndarray, "times classes"]

    @property
    def log_odds(self) -> Float[np.ndarray, "times classes"]:
        """`log P_c / (1 − P_c)`."""
        return self.score - self.others


class Climbed(NamedTuple):
    """The images of one objective, as they are shown, and how they came about."""

    images: Float[np.ndarray, "classes height width 3"]
    pictures: list[Picture]
    looks: list[Look]
    course: Course


def climbed(
    recipe: Recipe, network: Network, labels: Sequence[int], *, seed: int, path: Path
) -> Climbed:
    """The images that maximise a recipe's objective, one a class.

    Args:
      recipe: with its objective.
      network: a classifier.
      labels: the classes.
      seed: of the random transformations.
      path: the file that the ascent is kept in.

    Raises:
      InputError: the images grew beyond all bounds.
    """
    mean = network.mean_image
    plain = objective_of(recipe, network, np.array(labels), shape=mean.shape, mean=mean)
    objective = Partial(_watched, plain, network, jnp.array(labels), mean)
    key, shape = jax.random.key(seed), (len(labels), *mean.shape)

    def ascent():
        with progress(recipe.steps, f"{recipe.objective}, {recipe.parameterisation}") as advance:
            return climb(key, objective, shape, recipe, progress=advance)._asdict()

    found = kept(path, ascent)
    images, trace = found["image"], found["trace"]
    if not np.isfinite(images).all():
        raise InputError(
            f"`learning_rate` is {recipe.learning_rate:g}; the image grew beyond all bounds; "
            "expected a smaller rate, or a smaller λ"
        )
    pictures = shown(images, mean)
    last = np.asarray(_scores_and_others(network, jnp.array(labels), mean, jnp.array(images)))
    scores, others = np.concatenate([trace[:, 1:], last.T[None]]).transpose(1, 0, 2)
    course = Course(scores, others)
    return Climbed(images, pictures, looks(network, pictures, labels), course)


def _watched(
    objective: Callable[[Any], Array],
    network: Network,
    labels: Int[Array, " classes"],
    mean: Float[Array, "height width 3"],
    images: Float[Array, "classes height width 3"],
) -> Float[Array, "3 classes"]:
    """The objective, and beside it, without a gradient, the class's score and the others'."""
    watched = jax.lax.stop_gradient(_scores_and_others(network, labels, mean, images))
    return jnp.concatenate([objective(images)[None], watched.T])


@jax.jit
def _scores_and_others(
    network: Network,
    labels: Int[Array, " classes"],
    mean: Float[Array, "height width 3"],
    images: Float[Array, "classes height width 3"],
) -> Float[Array, "classes 2"]:
    def one(image, label):
        scores = network(image + mean)
        others = jnp.where(jnp.arange(len(scores)) == label, -jnp.inf, scores)
        return jnp.stack([scores[label], jax.nn.logsumexp(others)])

    return jax.vmap(one)(images, labels)


def gains(course: Course, number: int) -> dict[str, float | int | None]:
    """What an ascent added to the log odds of its class, and where it came from.

    Args:
      course: of several classes.
      number: which of them.

    Returns:
      `own`: how far the class's score rose in the end; `others`: how far the others did, negative
      if they fell; `steps_to`: the first step whose posterior is `REACHED`, and `own_then`,
      `others_then` there, None where there is none.
    """
    own, others = (values[:, number] - values[0, number] for values in course)
    reached = np.flatnonzero(course.log_odds[:, number] >= np.log(REACHED / (1 - REACHED)))
    then = int(reached[0]) if len(reached) else None
    return {
        "own": rounded(own[-1]),
        "others": rounded(others[-1]),
        "steps_to": then,
        "own_then": None if then is None else rounded(own[then]),
        "others_then": None if then is None else rounded(others[then]),
    }


def cosines(first: np.ndarray, second: np.ndarray) -> list[float]:
    """The cosine of each pair of images; 0 where one of them is all zeros."""
    a, b = (x.reshape(len(x), -1).astype(np.float64) for x in (first, second))
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return [float(p / n) if n else 0.0 for p, n in zip(np.sum(a * b, axis=1), norms, strict=True)]
