"""How an image is optimised: rate, steps, penalties, parameterisation, transformations."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh
from jax.tree_util import Partial

from vizjax import devices
from vizjax.ascent.loop import Ascent, as_pytree, ascend
from vizjax.ascent.objectives import OBJECTIVES
from vizjax.ascent.parameterisations import Fourier, Pixels
from vizjax.ascent.transforms import Blur, Compose, Jitter, ScaleRotate
from vizjax.errors import InputError, unknown
from vizjax.targets import check
from vizjax.types import KeyArray, ScoreFn

OPTIMIZERS = {"sgd": functools.partial(optax.sgd, momentum=0.9), "adam": optax.adam}
"""The optimisers by name."""

LARGEST = 1e6
"""No weight, size or angle of a recipe makes sense beyond it."""

SPREAD = {"pixels": 1.0, "fourier": 0.01}
"""The deviation of a random start: grey values, or coefficients (a few grey values in all)."""


@dataclass(frozen=True)
class Recipe:
    """How an image is optimised. `PAPER` and `NATURAL` are two that work.

    Attributes:
      steps: of ascent.
      optimizer: `sgd` (with a momentum of 0.9) or `adam`.
      learning_rate: in pixel units for pixels, in deviations for Fourier coefficients.
      l2: λ of eq. 1, score per squared unit of pixel value.
      objective: the unnormalised `score`, or the `posterior`, the paper's ablation. A posterior is
        at most 1, so it takes a smaller `l2` (1e-9, say), and its gradient at the zero image is so
        small that `sgd` hardly moves: take `adam`.
      parameterisation: `pixels`, or decorrelated `fourier` coefficients.
      decay: of the amplitude spectrum; `fourier` only.
      jitter: random shifts of up to so many pixels.
      scale: random zooms by up to this share.
      degrees: random turns by up to so many degrees.
      untouched: the share of steps without shift, zoom and turn, on the image as it is shown.
      total_variation: weight of the total variation, score per unit of pixel value.
      blur: deviation in pixels of a Gaussian blur after every step; `pixels` only.
    """

    steps: int = 100
    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 1000.0
    l2: float = 3e-6
    objective: Literal["score", "posterior"] = "score"
    parameterisation: Literal["pixels", "fourier"] = "pixels"
    decay: float = 1.0
    jitter: int = 0
    scale: float = 0.0
    degrees: float = 0.0
    untouched: float = 0.0
    total_variation: float = 0.0
    blur: float = 0.0

    def __post_init__(self):
        for field in fields(self):
            value, known = getattr(self, field.name), get_args(field.type)
            if known and value not in known:
                raise unknown(field.name, value, list(known))
        for name in ("steps", "learning_rate"):
            value = getattr(self, name)
            if not 0 < value < np.inf:
                raise InputError(f"`{name}` is {value}; expected more than 0")
        weights = ("l2", "decay", "jitter", "scale", "degrees", "total_variation", "blur")
        for name in weights:
            value = getattr(self, name)
            if not 0 <= value < LARGEST:
                raise InputError(f"`{name}` is {value}; expected 0 or more, less than {LARGEST:g}")
        if self.scale >= 1:
            raise InputError(f"`scale` is {self.scale}; expected a share below 1")
        if not 0 <= self.untouched <= 1:
            raise InputError(f"`untouched` is {self.untouched}; expected a share from 0 to 1")
        if self.blur > 100:
            raise InputError(f"`blur` is {self.blur}; expected 100 pixels at most")
        if self.blur and self.parameterisation == "fourier":
            raise InputError(
                f"`blur` is {self.blur} with `parameterisation` fourier; expected pixels: raise "
                "`decay` for smoother images"
            )

    def caption(self) -> str:
        """All that the images depend on, for the caption of a figure.

        >>> PAPER.caption()
        '100 steps of sgd, learning_rate 1000, l2 3e-06, objective score, parameterisation pixels'
        """
        always = {"learning_rate", "l2", "objective", "parameterisation"}
        unused = {"steps", "optimizer"}
        (always if self.parameterisation == "fourier" else unused).add("decay")
        shown = [
            f"{field.name} {value:g}" if isinstance(value, float) else f"{field.name} {value}"
            for field in fields(self)
            if field.name not in unused
            and ((value := getattr(self, field.name)) or field.name in always)
        ]
        return f"{self.steps} steps of {self.optimizer}, {', '.join(shown)}"


PAPER = Recipe()
"""Eq. 1 and nothing else: the zero image, the score, λ, plain gradient ascent on pixels."""

NATURAL = Recipe(
    steps=160,
    optimizer="adam",
    learning_rate=0.02,
    l2=1e-6,
    parameterisation="fourier",
    decay=1.1,
    jitter=24,
    scale=0.25,
    degrees=15.0,
    untouched=0.25,
)
"""The same objective, climbed in natural directions and under random transformations."""


def objective_of(
    recipe: Recipe,
    score_fn: ScoreFn,
    labels: Any,
    *,
    shape: tuple[int, ...],
    mean: Any,
    mesh: Mesh | None = None,
) -> Partial:
    """The recipe's objective for a batch of images, one target each, as a pytree.

    Args:
      recipe: its objective and the weights of its penalties.
      score_fn: one image to unnormalised scores.
      labels: an array of one target an image; see `vizjax.targets.select`.
      shape: height, width and channels of an image.
      mean: what is added before `score_fn` sees an image; broadcastable to one image.
      mesh: of the devices that share the batch, if there are several.

    Returns:
      Zero-centred images to one value an image.

    Raises:
      InputError: a label that names no score.
    """
    labels = jnp.asarray(labels)
    scores = jax.eval_shape(score_fn, jax.ShapeDtypeStruct(shape, jnp.float32))
    for label in labels:
        check(label, scores.shape)
    return Partial(
        OBJECTIVES[recipe.objective],
        as_pytree(score_fn),
        labels if mesh is None else devices.in_rows(labels, mesh),
        jnp.asarray(mean, jnp.float32),
        recipe.l2,
        recipe.total_variation,
    )


def climb(
    key: KeyArray,
    objective: Callable[[Any], Any],
    shape: tuple[int, ...],
    recipe: Recipe,
    *,
    spread: KeyArray | None = None,
    mesh: Mesh | None = None,
    progress: Callable[[int], Any] | None = None,
) -> Ascent:
    """Optimises a batch of images by a recipe, from zero images or from just beside them.

    Args:
      key: of the random transformations.
      objective: from `objective_of`, or any other of zero-centred images.
      shape: images, height, width and channels.
      recipe: all else.
      spread: key of the start: every parameter is drawn with the deviation `SPREAD` has for the
        parameterisation. None: the zero images.
      mesh: of the devices that share the batch, as of `objective_of`.
      progress: called with the number of steps just done.

    Returns:
      The zero-centred images and the objective before each step.

    Raises:
      InputError: colours that are not RGB under `fourier`.
    """
    pixels = recipe.parameterisation == "pixels"
    parameterisation = Pixels() if pixels else Fourier(width=shape[2], decay=recipe.decay)
    transforms = []
    if recipe.scale or recipe.degrees:
        transforms.append(ScaleRotate(recipe.scale, recipe.degrees))
    if recipe.jitter:
        transforms.append(Jitter(recipe.jitter))
    start = parameterisation.start(shape)
    if spread is not None:
        start += SPREAD[recipe.parameterisation] * jax.random.normal(spread, start.shape)
    ascent = ascend(
        key,
        objective,
        start if mesh is None else devices.in_rows(start, mesh),
        _optimizer(recipe.optimizer, recipe.learning_rate),
        steps=recipe.steps,
        transform=Compose(parameterisation, tuple(transforms), recipe.untouched),
        project=Blur(recipe.blur) if recipe.blur else None,
        progress=progress,
    )
    image, trace = ascent
    if mesh is not None:
        image = devices.rows_of(image, shape[0])
        trace = devices.rows_of(trace, shape[0], axis=1)
    return Ascent(parameterisation(image), trace)


@functools.cache
def _optimizer(name: str, learning_rate: float) -> optax.GradientTransformation:
    # Cached: optax's are new functions each time, and so would be the compiled steps.
    return OPTIMIZERS[name](learning_rate)
