"""From one photograph to what a network saw in it: classes, maps, masks and boxes."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from vizjax.attribution.registry import Bound
from vizjax.data.crops import assemble, extract
from vizjax.data.images import canvas, resize, resize_mask
from vizjax.errors import InputError
from vizjax.evidence import VIEWS, Evidence
from vizjax.localisation import Localisation, bounding_box, localise_classes
from vizjax.maps import SALIENCY, scores_and_labels, scores_and_maps, size_of
from vizjax.models.network import Network
from vizjax.procedures import Segment
from vizjax.programs import LIVE, Live
from vizjax.types import Box, KeyArray, Mask, Photo

Localiser: TypeAlias = Callable[[KeyArray, np.ndarray, np.ndarray], list[Localisation]]
"""`(key, canvas, maps) -> places`: such as `localise_classes`, or a `functools.partial` of it."""


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
    evidence: Evidence | None = None,
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
      evidence: what makes the maps instead of `method` and its views: with
        `vizjax.procedures`' recipe `vizjax`, `evidence=recipe.evidence,
        localise=segmented(recipe.segment)`. The scores are of ten views all the same.

    Returns:
      The canvas and one prediction for each class explained, the highest score first.

    Raises:
      InputError: an unusable option, a photograph with one side more than 20 times the other, a
        network without an input size, or scores or maps that are not finite.
    """
    return begin(
        key,
        network,
        photo,
        top=top,
        labels=labels,
        method=method,
        views=views,
        localise=localise,
        evidence=evidence,
    )()


def begin(
    key: KeyArray,
    network: Network,
    photo: Photo,
    *,
    top: int = 5,
    labels: Sequence[int] = (),
    method: Bound = SALIENCY,
    views: int | None = None,
    localise: Localiser = localise_classes,
    evidence: Evidence | None = None,
    run: Live = LIVE,
) -> Callable[[], Explanation]:
    """`explain` in two steps: the device computes the maps while the caller does something else.

    Args:
      key: as of `explain`.
      network: as of `explain`.
      photo: as of `explain`.
      top: as of `explain`.
      labels: as of `explain`.
      method: as of `explain`.
      views: as of `explain`.
      localise: as of `explain`.
      evidence: as of `explain`.
      run: how compiled functions are run: `vizjax.programs.Kept` spares a new process the tracing.

    Returns:
      A function that waits for the maps, locates the classes and returns the explanation.

    Raises:
      InputError: as of `explain`; what is not finite is refused by the function returned.
    """
    size = size_of(network)
    views = default_views(method) if views is None else views
    if views not in VIEWS:
        raise InputError(f"`views` is {views}; expected one of: {', '.join(map(str, VIEWS))}")
    image = canvas(photo, network.preprocessing.short_side or max(size))
    height, width = image.shape[:2]
    windows = VIEWS[views](height, width, size)
    classes = jnp.asarray(labels, int) if len(labels) else top
    crops = extract(image, windows)
    if evidence is None:
        sent, chosen, of_views = scores_and_maps(
            network, crops, classes, method=method, key=key, run=run
        )
    else:
        (sent, chosen), of_views = scores_and_labels(network, crops, classes, run=run), None
    posteriors = run(_softmax, sent)

    def rest() -> Explanation:
        scores, posterior = np.asarray(sent), np.asarray(posteriors)
        if not np.all(np.isfinite(scores)):
            raise InputError(
                f"`network` {network.name} gives scores that are not finite; expected numbers: its "
                "parameters or its mean hold NaN or infinity"
            )
        explained = np.asarray(chosen).tolist()
        if evidence is None:
            assembled = [assemble(one, windows, height, width) for one in np.asarray(of_views)]
        else:
            assembled = evidence(key, network, [photo] * len(explained), explained)
        maps = finite(method, network, np.stack(assembled))
        places = localise(key, image, maps)
        predictions = [
            Prediction(label, float(scores[label]), float(posterior[label]), one, place)
            for label, one, place in zip(explained, maps, places, strict=True)
        ]
        return Explanation(image, sorted(predictions, key=lambda p: -p.score))

    return rest


def segmented(segment: Segment) -> Localiser:
    """A localiser that segments each map by itself, as a procedure does."""
    return lambda key, image, maps: [segment(key, image, one) for one in maps]


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


@jax.jit
def _softmax(scores):
    return jax.nn.softmax(scores)
