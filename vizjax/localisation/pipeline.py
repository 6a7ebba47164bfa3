"""From saliency maps to the masks and boxes of objects."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Num

from vizjax.errors import InputError
from vizjax.localisation.colour_models import fitted_log_density
from vizjax.localisation.graphcut import contrast_edges, cut
from vizjax.localisation.regions import bounding_box, largest_component
from vizjax.localisation.seeding import Seeds, pad, seeds
from vizjax.programs import LIVE, Live
from vizjax.types import Box, KeyArray, Mask

FOREGROUND, BACKGROUND = 0.95, 0.30
"""The paper's quantiles."""

COMPONENTS, SMOOTHNESS = 5, 5.0
"""Gaussians in a mixture, and the graph cut's γ in nats: where the paper is silent."""

CAPTION = (
    f"Seeds: above the {FOREGROUND:.0%} and below the {BACKGROUND:.0%} quantile of the map. Two "
    f"mixtures of {COMPONENTS} Gaussians in RGB. Graph cut on the 8-neighbourhood, smoothness "
    f"{SMOOTHNESS:g}; the largest connected component."
)
"""The parameters as a figure's caption states them."""

# What it costs to take a seed of the object for background: more than all that may speak for it.
_CERTAIN = 1e6

# The part of a log density that float32 cannot vouch for.
_ROUNDING = 1e-5


class Localisation(NamedTuple):
    """Where an object is: `mask` is all False and `box` None where nothing could be told apart."""

    mask: Mask
    box: Box | None
    seeds: Seeds


def localise(
    key: KeyArray,
    image: Num[np.ndarray | Array, "height width channels"],
    saliency_map: Float[np.ndarray | Array, "rows columns"],
    *,
    foreground: float = FOREGROUND,
    background: float = BACKGROUND,
    components: int = COMPONENTS,
    smoothness: float = SMOOTHNESS,
) -> Localisation:
    """The object that one saliency map points at: `localise_classes` of a single class.

    Args:
      key: of the mixtures' start.
      image: (H, W, 3), RGB in 0-255.
      saliency_map: (H, W), larger is more salient.
      foreground: the quantile above which a pixel belongs to the object.
      background: the quantile below which a pixel trains the background's colours.
      components: Gaussians in a mixture.
      smoothness: what it costs to part two neighbouring pixels of equal colour, in nats.

    Returns:
      The mask, its bounding box, and the seeds.

    Raises:
      InputError: as of `localise_classes`.
    """
    (found,) = localise_classes(
        key,
        image,
        saliency_map[None],
        foreground=foreground,
        background=background,
        components=components,
        smoothness=smoothness,
    )
    return found


def localise_classes(
    key: KeyArray,
    image: Num[np.ndarray | Array, "height width channels"],
    saliency_maps: Float[np.ndarray | Array, "classes rows columns"],
    *,
    foreground: float = FOREGROUND,
    background: float = BACKGROUND,
    components: int = COMPONENTS,
    smoothness: float = SMOOTHNESS,
    run: Live = LIVE,
) -> list[Localisation]:
    """Weakly supervised localisation: one object for each saliency map of an image.

    Two Gaussian mixtures of colours are trained on the most and the least salient pixels, a graph
    cut labels every pixel by them, and the object is the largest connected component of the
    foreground (Simonyan et al. 2013, §3.2). The paper leaves the graph cut's energy open: it is
    GrabCut's here (Rother et al. 2004), and the foreground's seeds are certain, as in Boykov &
    Jolly 2001: the cut cannot take them for background. The background's seeds only train colours:
    many of them lie inside objects that the network need not look at everywhere.

    The foregrounds of all classes are fitted in one compiled call, and so are the backgrounds, with
    common random numbers: an object does not depend on which other classes are asked for.

    Args:
      key: of the mixtures' start (k-means++).
      image: (H, W, 3), RGB in 0-255, at the maps' size.
      saliency_maps: (K, H, W), larger is more salient.
      foreground: the quantile above which a pixel trains the foreground's colours.
      background: the quantile below which a pixel trains the background's colours.
      components: Gaussians in a mixture.
      smoothness: what it costs to part two neighbouring pixels of equal colour, in nats.
        GrabCut's 50 swallows most objects here, where the colours are trained once, on
        noisy seeds (`experiments/localisation.py` compares).
      run: how compiled functions are run: `vizjax.programs.Kept` spares a new process the tracing.

    Returns:
      K localisations. A class whose map is flat, or whose foreground and background colours are
      the same, has an empty mask and no box.

    Raises:
      InputError: if sizes differ, the image is not in 0-255, a map is not finite, or a
        hyperparameter is out of range.

    >>> import jax
    >>> image = np.full((6, 8, 3), 20, np.uint8)
    >>> image[1:4, 2:7] = 200, 90, 10
    >>> saliency_map = np.zeros((6, 8))
    >>> saliency_map[2, 4] = 1.0
    >>> localise(jax.random.key(0), image, saliency_map, smoothness=1.0).box
    Box(x0=2, y0=1, x1=7, y1=4)
    """
    maps = np.asarray(saliency_maps)
    colours = checked_colours(image)
    height, width, _ = colours.shape
    if maps.shape[1:] != (height, width) or not len(maps):
        raise InputError(
            f"`saliency_maps` are {maps.shape}; expected at least one map of the image's size, "
            f"{(height, width)}; resize the image to the maps"
        )
    if components < 1:
        raise InputError(f"`components` is {components}; expected 1 or more; 5 is usual")

    found = [seeds(one, foreground=foreground, background=background) for one in maps]
    pixels, _ = pad([colours.reshape(-1, 3)])

    def densities(masks: Sequence[Mask]) -> Float[Array, "classes pixels"]:
        """The log density of every pixel, under a mixture of the colours of each mask."""
        samples, weights = pad([colours[mask] for mask in masks])
        return run(fitted_log_density, key, samples, weights, pixels[0], static=(components,))

    # Two calls: in one batch the few foreground samples would be padded to the background's many.
    fitted = [densities(masks) for masks in zip(*found, strict=True)]
    # The edges are those of all classes. They are made while the device is at work on the mixtures.
    edges = contrast_edges(colours, smoothness=smoothness)
    costs = [-np.asarray(one)[:, : height * width].reshape(-1, height, width) for one in fitted]
    results = []
    for one, foreground_cost, background_cost in zip(found, *costs, strict=True):
        if not one.foreground.any():
            results.append(Localisation(mask=one.foreground, box=None, seeds=one))
            continue
        # Of equal colours, one is not the likelier for a rounding error: a tie, so background.
        difference = background_cost - foreground_cost
        tied = np.abs(difference) <= _ROUNDING * (1 + np.abs(background_cost))
        if tied.all():
            results.append(Localisation(np.zeros_like(one.foreground), box=None, seeds=one))
            continue
        advantage = np.where(tied, 0.0, difference)
        mask = largest_component(cut(edges, np.where(one.foreground, _CERTAIN, advantage)))
        results.append(Localisation(mask, bounding_box(mask), one))
    return results


def compile_ahead(height: int, width: int, classes: int, *, run: Live = LIVE) -> None:
    """Compiles what `localise_classes` is going to run, such as while the device makes the maps.

    Args:
      height: of the image, in pixels.
      width: likewise.
      classes: how many maps there will be.
      run: as of `localise_classes`.
    """
    count = height * width
    pixels, _ = pad([np.zeros((count, 3))])
    for share in (1 - FOREGROUND, BACKGROUND):
        samples, weights = pad([np.zeros((int(share * count), 3))] * classes)
        arrays = samples, weights, pixels[0]
        run(fitted_log_density, jax.random.key(0), *arrays, static=(COMPONENTS,))


def checked_colours(
    image: Num[np.ndarray | Array, "height width channels"],
) -> Float[np.ndarray, "height width 3"]:
    """The image as float32 in 0-255, or an error that says what it is instead."""
    colours = np.asarray(image, np.float32)
    if colours.ndim != 3 or colours.shape[2] != 3 or not colours.size:
        raise InputError(
            f"`image` is {colours.shape}; expected (height, width, 3), RGB; convert it"
        )
    if not (colours.min() >= 0 and colours.max() <= 255):
        raise InputError(
            f"`image` has values in [{colours.min():g}, {colours.max():g}]; expected RGB in 0-255, "
            "no NaN; add the mean if it was subtracted"
        )
    if colours.max() <= 1 and np.any(colours % 1):  # an all but black photograph has integers
        raise InputError(
            f"`image` has values up to {colours.max():g}; expected RGB in 0-255; multiply by 255"
        )
    return colours
