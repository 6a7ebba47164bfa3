"""From one photograph to what a network saw in it: classes, maps, masks and boxes."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from vizjax.attribution.registry import Bound, bind
from vizjax.data.crops import assemble, centre_view, extract, ten_views
from vizjax.data.images import canvas, resize, resize_mask
from vizjax.errors import InputError
from vizjax.localisation import Localisation, bounding_box, localise_classes
from vizjax.models.network import Network
from vizjax.targets import check
from vizjax.types import Box, KeyArray, Mask, Photo

VIEWS = {1: centre_view, 10: ten_views}
"""The views by their number: the centre alone, or the paper's ten."""

Localiser: TypeAlias = Callable[[KeyArray, np.ndarray, np.ndarray], list[Localisation]]
"""`(key, canvas, maps) -> places`: such as `localise_classes`, or a `functools.partial` of it."""

SALIENCY = bind("saliency")

CLASSES_AT_ONCE = 5
"""Classes whose maps are computed in one call: what bounds the memory."""


class Prediction(NamedTuple):
    """One class of one photograph.

    Attributes:
      label: the class's index.
      score: its unnormalised score, the mean over the views.
      posterior: softmax of the mean scores, 0 to 1.
      saliency: the method's map at the canvas's size, raw.
      localisation: mask, box and seeds at the canvas's size.
    """

    label: int
    score: float
    posterior: float
    saliency: Float[np.ndarray, "rows columns"]
    localisation: Localisation

    def at(self, height: int, width: int) -> "Located":
        """The map, mask and box at another size, usually the photograph's.

        Args:
          height: the new height, in pixels.
          width: the new width, in pixels.

        Returns:
          The resized map and mask, and the box of the resized mask.

        Raises:
          InputError: the new size is not positive.
        """
        mask = resize_mask(self.localisation.mask, height, width)
        return Located(resize(self.saliency, height, width), mask, bounding_box(mask))


class Located(NamedTuple):
    """A prediction's pictures at another size; `box` is None where nothing was found."""

    saliency: Float[np.ndarray, "height width"]
    mask: Mask
    box: Box | None


class Explanation(NamedTuple):
    """All that was computed of one photograph.

    Attributes:
      canvas: the photograph at the size that the views were cut from, RGB in 0-255.
      predictions: in order of score.
    """

    canvas: Float[np.ndarray, "rows columns 3"]
    predictions: list[Prediction]


class ScoresAndMaps(NamedTuple):
    """Scores of every class and maps of some: what one compiled call returns."""

    scores: Float[Array, " classes"]
    labels: Int[Array, " explained"]
    maps: Float[Array, "explained views height width"]


def explain(
    key: KeyArray,
    network: Network,
    photo: Photo,
    *,
    top: int = 5,
    labels: Sequence[int] = (),
    method: Bound = SALIENCY,
    views: int | None = None,
    localise: Localiser = localise_classes,
) -> Explanation:
    """Predict, map and locate the classes of a photograph (Simonyan et al. 2013, §3).

    The photograph's short side is brought to the network's, ten views are cut out, and their scores
    averaged. For each class the maps of the views are averaged where they lie, and seed the colour
    models of a graph cut.

    Args:
      key: of the colour models' start, and of a random method.
      network: with `preprocessing.size`; its rule decides what the maps are.
      photo: RGB, 0-255, any size.
      top: explain so many of the classes with the highest scores.
      labels: explain these instead.
      method: what a map is, from `vizjax.attribution.bind`.
      views: 1 for the centre alone, 10 for the paper's; None for 10, or for 1 where the method
        takes many passes a view.
      localise: from the maps to the places; `functools.partial(localise_classes, smoothness=50)`
        sets a hyperparameter.

    Returns:
      The canvas and one prediction for each class explained, the highest score first.

    Raises:
      InputError: an unusable option, a photograph with one side more than 20 times the other, a
        network without an input size, or scores or maps that are not finite.
    """
    size, short_side = network.preprocessing.size, network.preprocessing.short_side
    if size is None:
        raise InputError("`network.preprocessing.size` is None; expected (height, width) in pixels")
    views = default_views(method) if views is None else views
    if views not in VIEWS:
        raise InputError(f"`views` is {views}; expected one of: {', '.join(map(str, VIEWS))}")
    image = canvas(photo, short_side or max(size))
    height, width = image.shape[:2]
    windows = VIEWS[views](height, width, size)
    crops = extract(image, windows)

    classes = jnp.asarray(labels, int) if len(labels) else top
    found = scores_and_maps(network, crops, classes, method=method, key=key)
    scores = np.asarray(found.scores)
    if not np.all(np.isfinite(scores)):
        raise InputError(
            f"`network` {network.name} gives scores that are not finite; expected numbers: its "
            "parameters or its mean hold NaN or infinity"
        )
    posterior = np.asarray(jax.nn.softmax(found.scores))
    assembled = [assemble(views, windows, height, width) for views in found.maps]
    maps = finite(method, network, np.stack(assembled))
    places = localise(key, image, maps)
    predictions = [
        Prediction(int(label), float(scores[label]), float(posterior[label]), one, place)
        for label, one, place in zip(np.asarray(found.labels), maps, places, strict=True)
    ]
    return Explanation(image, sorted(predictions, key=lambda p: -p.score))


def finite(
    method: Bound, network: Network, maps: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """The maps, unless they are not finite: so a compiled method says that it cannot be used."""
    if not np.isfinite(maps).all():
        raise InputError(
            f"`method` is {method.caption()}, whose map of {network.name} is not finite; expected "
            "a network and a layer of the form that its documentation states, and finite parameters"
        )
    return maps


def default_views(method: Bound) -> int:
    """How many views `explain` takes of a photograph for a method unless told otherwise."""
    return 1 if method.entry.many else 10


def scores_and_maps(
    network: Callable,
    crops: Float[Array, "views height width channels"],
    labels: Array | int,
    *,
    method: Bound = SALIENCY,
    key: KeyArray | None = None,
) -> ScoresAndMaps:
    """The scores of all classes and the maps of some, over all views.

    Args:
      network: a score function that is a pytree, such as a `Network`.
      crops: the views.
      labels: the classes to explain, or how many of those with the highest mean score.
      method: what a map is. One that takes many passes sees one view at a time.
      key: of a random method; all classes share its draws.

    Returns:
      The scores of all classes, averaged over the views; the classes explained, as given or the
      highest score first; and the raw map of each in each view, mirrored where the view is.

    Raises:
      InputError: a class, or a number of classes, that the network does not have.
    """
    classes = _scores.eval_shape(network, crops).size
    keys = jax.random.split(jax.random.key(0) if key is None else key, len(crops))
    if isinstance(labels, int):
        if not 1 <= labels <= classes:
            raise InputError(f"`top` is {labels}; expected 1 to {classes} classes")
        if labels <= CLASSES_AT_ONCE and not method.entry.many:
            return _top_scores_and_maps(keys, network, crops, labels, method)
        labels = jax.lax.top_k(_scores(network, crops), labels)[1]
    for label in labels:
        check(label, (classes,))
    views_at_once = 1 if method.entry.many else len(crops)

    def part(views, some):
        return _scores_and_maps(keys[views], network, crops[views], labels[some], method)

    rows = [
        [part(views, some) for some in _slices(len(labels), CLASSES_AT_ONCE)]
        for views in _slices(len(crops), views_at_once)
    ]
    scores = jnp.stack([row[0].scores for row in rows]).mean(axis=0)
    maps = [jnp.concatenate([part.maps for part in row]) for row in rows]
    return ScoresAndMaps(scores, labels, jnp.concatenate(maps, axis=1))


def _slices(length: int, step: int) -> list[slice]:
    return [slice(start, start + step) for start in range(0, length, step)]


@jax.jit
def _scores(network, crops):
    return jax.vmap(network)(crops).mean(axis=0)


@functools.partial(jax.jit, static_argnums=(3, 4))
def _top_scores_and_maps(keys, network, crops, top, method):
    labels = jax.lax.top_k(_scores(network, crops), top)[1]
    return _scores_and_maps(keys, network, crops, labels, method)


@functools.partial(jax.jit, static_argnums=4)
def _scores_and_maps(keys, network, crops, labels, method):
    # The three forward passes that stand here (and above) are one once compiled.
    def maps(label):
        return jax.vmap(lambda key, view: method.map(key, network, view, label))(keys, crops)

    return ScoresAndMaps(_scores(network, crops), labels, jax.vmap(maps)(labels))
