"""What a shift of the photograph does to maps of one view and of more, for `experiments.views`."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from vizjax.data import Dataset, Views, assemble, centre_view, extract, ten_views
from vizjax.errors import InputError
from vizjax.evaluation import rank_correlation
from vizjax.evidence import canvas_of
from vizjax.maps import scores_and_maps, size_of
from vizjax.models import Network

SUBSETS = {1: (4,), 2: (4, 9), 5: (0, 1, 2, 3, 4), 10: tuple(range(10))}
"""Which of the ten views, by how many: the centre; with its reflection; all upright; all."""


def seen(network: Network, shape: Sequence[int]) -> np.ndarray:
    """True where the centre view of a canvas lies, (rows, columns)."""
    view = centre_view(shape[0], shape[1], size_of(network))
    found, (y,), (x,), (h, w) = np.zeros(shape[:2], bool), view.y, view.x, view.size
    found[y : y + h, x : x + w] = True
    return found


def stability(
    network: Network,
    examples: Dataset,
    cases: Sequence[tuple[int, dict[str, Any]]],
    *,
    moved: int,
    shift: int,
) -> dict[int, np.ndarray]:
    """How alike the maps of a photograph and of the same, shifted, are, by number of views.

    Spearman's rank correlation where the centre view sees both, so that every number of views is
    asked about the same pixels.

    Args:
      network: a classifier.
      examples: the photographs.
      cases: of a survey, each with the number of its photograph.
      moved: photographs to shift, evenly spread.
      shift: in pixels of the canvas.

    Returns:
      One value a photograph.
    """
    places = np.unique(np.linspace(0, len(cases) - 1, min(moved, len(cases))).round())
    chosen = [cases[int(place)] for place in places]
    rows = [
        shifted(network, canvas_of(network, examples[number].photo), case["target"], shift)
        for number, case in chosen
    ]
    return {count: np.array([row[count] for row in rows]) for count in SUBSETS}


def shifted(
    network: Network, image: Float[np.ndarray, "rows columns 3"], label: int, shift: int
) -> dict[int, float]:
    """The rank correlation of a canvas's maps before and after a shift, by number of views."""
    height, width = image.shape[0] - shift, image.shape[1] - shift
    if min(height - size_of(network)[0], width - size_of(network)[1]) < 0:
        raise InputError(
            f"`shift` is {shift} on a canvas of {image.shape[0]}×{image.shape[1]}; expected what "
            f"leaves room for a view of {network.name}, fewer pixels"
        )
    parts = image[shift:, shift:], image[:height, :width]
    views = ten_views(height, width, size_of(network))
    maps = [
        np.asarray(scores_and_maps(network, extract(part, views), jnp.array([label])).maps[0])
        for part in parts
    ]
    # A pixel of the second part lies `shift` further up and left in the first.
    centre = seen(network, (height, width))
    common = centre[: height - shift, : width - shift] & centre[shift:, shift:]
    found = {}
    for count, subset in SUBSETS.items():
        y, x, flip = (np.asarray(one)[list(subset)] for one in (views.y, views.x, views.flip))
        some = Views(y, x, flip, views.size)
        first, second = (assemble(one[list(subset)], some, height, width) for one in maps)
        pair = first[: height - shift, : width - shift], second[shift:, shift:]
        found[count] = rank_correlation(*(np.asarray(one)[common] for one in pair))
    return found
