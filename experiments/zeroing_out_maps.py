"""What trained networks say of pictures of shapes, and where their saliency maps lie."""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from vizjax import training
from vizjax.attribution import saliency
from vizjax.data import Dataset
from vizjax.data.images import resize_mask
from vizjax.evaluation import energy_inside, is_localised, pointing_hit
from vizjax.localisation.thresholding import above_share
from vizjax.models import Network, load
from vizjax.types import Box

MEASURES = {
    "error": "test error",
    "pointing": "pointing",
    "energy": "energy inside",
    "box_error": "box error at IoU 0.5",
}

CHUNK = 100


class Measured(NamedTuple):
    """Of one network, a value for each test picture.

    Attributes:
      error: whether its highest score is another class's.
      pointing: whether the map's maximum lies on a shape.
      energy: the share of the map's energy that lies on shapes.
      box_error: whether the map's box misses all shapes.
    """

    error: np.ndarray
    pointing: np.ndarray
    energy: np.ndarray
    box_error: np.ndarray


def loaded(folder: Path, data: training.Data) -> Network:
    """A training's network, with the labels that all have: one program serves them."""
    return dataclasses.replace(load(str(folder)), labels=data.labels)


def measures(network: Network, truth: Dataset, share: float) -> Measured:
    """What one network says of every test picture, and its maps of their classes.

    Args:
      network: trained on the classes of `truth`.
      truth: pictures with masks and boxes.
      share: of a map's maximum, for its box.
    """
    lines = []
    for start in range(0, len(truth), CHUNK):
        examples = list(truth[start : start + CHUNK])
        images = jnp.stack([network.prepare(example.photo) for example in examples])
        labels = jnp.array([example.labels[0] for example in examples])
        scores, maps = explained(network, images, labels)
        wrong = np.asarray(scores).argmax(axis=1) != np.asarray(labels)
        for example, bad, one in zip(examples, wrong, np.asarray(maps), strict=True):
            mask = cropped(network, example.mask)
            boxes = [boxed(network, b.box, example.photo.shape[:2]) for b in example.instances]
            box = above_share(None, None, one, share=share).box
            lines.append(
                (
                    bad,
                    pointing_hit(one, mask, tolerance=0.0),
                    energy_inside(one, mask),
                    not is_localised(box, boxes),
                )
            )
    return Measured(*np.array(lines, np.float64).T)


@jax.jit
def explained(network: Network, images: jax.Array, labels: jax.Array) -> tuple[Any, Any]:
    """Scores, and the saliency maps of the labels."""
    maps = jax.vmap(partial(saliency, network))(images, labels)
    return jax.vmap(network)(images), maps


def cropped(network: Network, mask: Any) -> np.ndarray:
    """A picture's mask as the network sees the picture: its middle, at its resolution."""
    side, (height, width) = side_of(network), network.blank().shape[:2]
    whole = resize_mask(mask, side, side)
    y, x = (side - height) // 2, (side - width) // 2
    return whole[y : y + height, x : x + width]


def boxed(network: Network, box: Box, shape: tuple[int, int]) -> Box:
    """A box likewise."""
    side, size = side_of(network), network.blank().shape[0]
    scale, corner = side / shape[0], (side - size) // 2
    edges = (min(max(round(edge * scale) - corner, 0), size) for edge in box)
    return Box(*edges)


def side_of(network: Network) -> int:
    """The side that a square picture is brought to."""
    return network.preprocessing.short_side or network.blank().shape[0]
