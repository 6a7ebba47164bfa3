"""Insertion and deletion of a map on the centre view, computed where the network is."""

import functools
from collections.abc import Sequence

import jax
import numpy as np
from jaxtyping import Array, Float

from vizjax.data.crops import centre_view, cut_out
from vizjax.evaluation import deletion, insertion
from vizjax.evidence import CanvasMap, in_chunks
from vizjax.maps import size_of
from vizjax.models.network import Network


def areas_of(
    network: Network,
    canvases: Sequence[Float[np.ndarray, "_ _ 3"]],
    maps: Sequence[CanvasMap],
    labels: Sequence[int],
    steps: int,
) -> list[dict[str, float]]:
    """Insertion and deletion on the centre views, in the order of the maps' parts there.

    Args:
      network: the classifier.
      canvases: one a map.
      maps: of the canvases' sizes.
      labels: the classes, one a map.
      steps: of the curves.
    """
    crops, parts = [], []
    for image, saliency_map in zip(canvases, maps, strict=True):
        view = centre_view(image.shape[0], image.shape[1], size_of(network))
        (y,), (x,), (h, w) = view.y, view.x, view.size
        crops.append(cut_out(image, view)[0])
        parts.append(np.asarray(saliency_map[y : y + h, x : x + w], np.float32))
    rows = np.stack(crops), np.stack(parts), np.array(labels, np.int32)
    areas = in_chunks(_areas, rows, chunk=1, shared=(network,), static=(steps,))
    return [
        {"insertion": float(inserted), "deletion": float(deleted)}
        for inserted, deleted in zip(*areas, strict=True)
    ]


@functools.partial(jax.jit, static_argnums=4)
def _areas(
    network: Network, images: Array, maps: Array, labels: Array, steps: int
) -> tuple[Array, Array]:
    """Of one: under vmap, a curve's images would all be in memory at once."""
    image, saliency_map, label = images[0], maps[0], labels[0]
    inserted = insertion(network, image, saliency_map, label, steps=steps)
    mean = network.preprocessing.mean
    deleted = deletion(network, image, saliency_map, label, steps=steps, fill=mean)
    return inserted.auc[None], deleted.auc[None]
