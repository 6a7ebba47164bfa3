"""Insertion and deletion of a map on the centre view, computed where the network is."""

import functools

import jax
import numpy as np
from jaxtyping import Array, Float

from vizjax.data.crops import centre_view, extract
from vizjax.evaluation import deletion, insertion
from vizjax.maps import size_of
from vizjax.models.network import Network


def areas_of(
    network: Network,
    image: Float[np.ndarray, "rows columns 3"],
    saliency_map: Float[np.ndarray, "rows columns"],
    label: int,
    steps: int,
) -> dict[str, float]:
    """Insertion and deletion on the centre view, in the order of the map's part there."""
    view = centre_view(image.shape[0], image.shape[1], size_of(network))
    crop = extract(image, view)[0]
    (y,), (x,), (h, w) = view.y, view.x, view.size
    part = np.ascontiguousarray(saliency_map[y : y + h, x : x + w], np.float32)
    areas = _areas(network, crop, part, np.int32(label), steps)
    return dict(zip(("insertion", "deletion"), map(float, areas), strict=True))


@functools.partial(jax.jit, static_argnums=4)
def _areas(
    network: Network, image: Array, saliency_map: Array, label: Array, steps: int
) -> tuple[Array, Array]:
    inserted = insertion(network, image, saliency_map, label, steps=steps)
    mean = network.preprocessing.mean
    deleted = deletion(network, image, saliency_map, label, steps=steps, fill=mean)
    return inserted.auc, deleted.auc
