"""Feature visualisation: what a neuron, a channel, a direction or a class looks like.

What is looked at is a score function and a target, both given:

| of            | `score_fn`                                 | `target`                 |
|---------------|--------------------------------------------|--------------------------|
| a class       | `network`                                  | `label`                  |
| a channel     | `network.channels(name)`                   | `channel`                |
| a neuron      | `network.layer(name)`                      | `(row, column, channel)` |
| a direction   | `Direction(network.layer(name), vector)`   | `()`                     |
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial, register_dataclass
from jaxtyping import Array, Float

from vizjax.ascent.loop import as_pytree
from vizjax.ascent.objectives import diverse
from vizjax.ascent.recipes import NATURAL, Recipe, climb, objective_of
from vizjax.errors import InputError
from vizjax.targets import check, select
from vizjax.types import Image, KeyArray, Label, ScoreFn


@register_dataclass
@dataclass(frozen=True)
class Direction:
    """One score: how far a layer's activation points along a vector over its channels.

    `⟨a_p, v⟩`, averaged over the positions `p` of the plane, or at one of them. The difference of
    two channels is a direction, and so is any combination of them.

    Attributes:
      layer_fn: one image to `(rows, columns, channels)`, such as `network.layer(name)`.
      vector: `v`, one weight a channel. It is not normalised: the score is in units of activation
        times weight.
      position: `(row, column)`; None is the mean over the plane.
    """

    layer_fn: Any
    vector: Float[Array | np.ndarray, " channels"]
    position: tuple[int, int] | None = dataclasses.field(default=None, metadata={"static": True})

    def __call__(self, image: Image) -> Float[Array, ""]:
        """The score, an array of no axes: its label is `()`."""
        activation = self.layer_fn(image)
        if activation.shape[-1:] != self.vector.shape:
            raise InputError(
                f"`vector` is of shape {self.vector.shape}; expected {activation.shape[-1:]}, one "
                "weight a channel"
            )
        along = jnp.matmul(activation, self.vector)
        return along.mean() if self.position is None else select(along, self.position)


class Features(NamedTuple):
    """Images of one feature and how they came about.

    Attributes:
      images: `(images, height, width, channels)`, zero-centred: add the mean to show them.
      trace: the objective before each step, `(steps, images)`; less what diversity costs.
    """

    images: Float[Array, "images height width channels"]
    trace: Float[Array, "steps images"]


def feature_visualisation(
    key: KeyArray,
    score_fn: ScoreFn,
    target: Label,
    *,
    shape: tuple[int, ...],
    images: int = 1,
    mean: Any = 0.0,
    recipe: Recipe = NATURAL,
    layer_fn: ScoreFn | None = None,
    diversity: float = 0.0,
    progress: Callable[[int], Any] | None = None,
) -> Features:
    """Images that maximise one score: `argmax Σ_i S(I_i + mean) − λ‖I_i‖² − δ·similarity_i`.

    The ascent is that of `class_models`, with several images of the same target and another
    start: each image begins a few grey values beside zero, drawn from the key. From zero itself all
    would climb the same way, and no diversity could part them.

    With `diversity` each image is kept from being like the others:
    `similarity_i` is the mean over `j ≠ i` of the cosine between the Gram matrices of the layer's
    activations (`vizjax.ascent.objectives.gram_similarity`), so what the images show together is
    more than one facet of the feature (Olah et al. 2017, "Feature Visualization", doi
    10.23915/distill.00007).

    Args:
      key: of the starts and of the random transformations.
      score_fn: one image to unnormalised scores.
      target: which score; the table at the head of this module has an example of each kind.
      shape: height, width and channels of an image.
      images: how many images of the target, at least 1.
      mean: the training set's mean in `score_fn`'s units, such as `network.mean_image`.
      recipe: rate, steps, λ and what else there is.
      layer_fn: one image to the activation in which images are compared, such as
        `network.layer(name)`; with `diversity` only.
      diversity: δ, in units of the score, 0 or more; it takes at least two images. A tenth of the
        score that is reached without is a start: much more, and images give up the feature to
        differ. The layer is differentiated once more for it.
      progress: called with the number of steps just done.

    Returns:
      Zero-centred images and the objective before each step.

    Raises:
      InputError: a target that names no score, no images, a diversity without two images and a
        layer, or colours that are not RGB under `fourier`.
    """
    if images < 1:
        raise InputError(f"`images` is {images}; expected how many to make, at least 1")
    if not 0 <= diversity < float("inf") or (diversity and (images < 2 or layer_fn is None)):
        raise InputError(
            f"`diversity` is {diversity} for {images} images with `layer_fn` "
            f"{'None' if layer_fn is None else 'given'}; expected 0 or more, and where it is more "
            "two `images` and the layer to compare them in, such as `network.layer(name)`"
        )
    scores = jax.eval_shape(score_fn, jax.ShapeDtypeStruct(shape, jnp.float32))
    check(target, scores.shape)
    label = jnp.asarray(target, jnp.int32)
    labels = jnp.broadcast_to(label, (images, *label.shape))
    objective = objective_of(recipe, score_fn, labels, shape=shape, mean=mean)
    if layer_fn is not None and diversity:
        offset = jnp.asarray(mean, jnp.float32)
        objective = Partial(diverse, objective, as_pytree(layer_fn), offset, diversity)
    start_key, key = jax.random.split(key)
    batch = (images, *shape)
    return Features(*climb(key, objective, batch, recipe, spread=start_key, progress=progress))
