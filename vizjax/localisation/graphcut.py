"""The binary segmentation of least energy: contrast-sensitive graph cuts.

PyMaxflow is imported here and nowhere else, and only to cut: it is under the GPL.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Num

from vizjax.errors import InputError
from vizjax.types import Mask

# Of the first flow: the pixels in a mean (about what is fastest on photographs of 256 × 384), and
# the unit that it comes in.
_REACH = 33
_UNIT = 2.0**-20


class Edges(NamedTuple):
    """Pairs of neighbouring pixels, as indices into the flattened image, and what parting costs."""

    first: Int[np.ndarray, "edges"]
    second: Int[np.ndarray, "edges"]
    weight: Float[np.ndarray, "edges"]


def contrast_edges(
    image: Num[np.ndarray, "height width channels"], *, smoothness: float = 5.0
) -> Edges:
    """The 8-neighbourhood of a grid, cheap to cut where the colour changes.

    w_ij = γ exp(−β ‖I_i − I_j‖²) / dist(i, j),   β = 1 / (2 ⟨‖I_i − I_j‖²⟩),
    the mean over all pairs of neighbours (Boykov & Jolly 2001; γ, β and the distance as in GrabCut,
    Rother et al. 2004, eqs. 4, 5). In an image of one colour w_ij = γ / dist(i, j).

    Args:
      image: (H, W, channels), 0-255; any scale gives the same weights.
      smoothness: γ, not negative.

    Returns:
      Every pair of neighbours once: rightwards, downwards, then along either diagonal. Weights
      are in the unit of γ, from 0 to γ.

    Raises:
      InputError: if `smoothness` is negative or not finite.
    """
    if not 0 <= smoothness < np.inf:
        raise InputError(
            f"`smoothness` is {smoothness}; expected a finite number, 0 or more; 5 is usual"
        )
    # One plane a channel: differences of whole planes are several times faster than of pixels.
    planes = np.ascontiguousarray(np.moveaxis(image, 2, 0), np.float64)
    node = np.arange(planes[0].size).reshape(planes[0].shape)
    all_but_last, all_but_first, every = np.s_[:-1], np.s_[1:], np.s_[:]
    neighbours = [  # (rows, columns) of one end, of the other, and how far apart
        ((every, all_but_last), (every, all_but_first), 1.0),
        ((all_but_last, every), (all_but_first, every), 1.0),
        ((all_but_last, all_but_last), (all_but_first, all_but_first), np.sqrt(2)),
        ((all_but_last, all_but_first), (all_but_first, all_but_last), np.sqrt(2)),
    ]
    first = np.concatenate([node[a].ravel() for a, _, _ in neighbours])
    second = np.concatenate([node[b].ravel() for _, b, _ in neighbours])
    distance = np.concatenate([np.full(node[a].size, d) for a, _, d in neighbours])
    contrast = np.concatenate(
        [np.sum((planes[:, *a] - planes[:, *b]) ** 2, axis=0).ravel() for a, b, _ in neighbours]
    )
    if contrast.any():
        contrast /= 2 * contrast.mean()
    return Edges(first, second, smoothness * np.exp(-contrast) / distance)


def graph_cut(
    image: Num[np.ndarray, "height width channels"],
    foreground_cost: Float[np.ndarray, "rows columns"],
    background_cost: Float[np.ndarray, "rows columns"],
    *,
    smoothness: float = 5.0,
) -> Mask:
    """The labelling of least energy, found exactly by max-flow.

    E(α) = Σ_i U_i(α_i) + Σ_ij w_ij [α_i ≠ α_j], with the weights of `contrast_edges`
    (Boykov & Jolly 2001, eq. 1). Of several minima, the one with the smallest foreground: a tie
    goes to the background.

    Args:
      image: (H, W, channels), 0-255.
      foreground_cost: (H, W), U_i(1): −log density of the pixel under the foreground's model.
      background_cost: (H, W), U_i(0). Costs may be negative, but not infinite.
      smoothness: γ, in nats: what it costs to part two neighbours of equal colour.

    Returns:
      True where the pixel is foreground, (H, W).

    Raises:
      InputError: if the shapes differ, a cost is not finite, or `smoothness` is negative.

    >>> image = np.zeros((1, 4, 3))
    >>> background_cost = np.array([[0.0, 2.0, 2.0, 0.0]])
    >>> graph_cut(image, np.ones((1, 4)), background_cost, smoothness=0.1)
    array([[False,  True,  True, False]])
    """
    shape = image.shape[:2]
    if not foreground_cost.shape == background_cost.shape == shape:
        raise InputError(
            f"`foreground_cost`, `background_cost` are {foreground_cost.shape}, "
            f"{background_cost.shape}; expected one cost for each pixel of the image, {shape}"
        )
    # Only the difference matters, and it may be negative where a capacity may not.
    advantage = np.subtract(background_cost, foreground_cost, dtype=np.float64)
    return cut(contrast_edges(image, smoothness=smoothness), advantage)


def cut(edges: Edges, advantage: Float[np.ndarray, "height width"]) -> Mask:
    """`graph_cut` where the edges are known, as for several objects of one image.

    Args:
      edges: of the image, from `contrast_edges`.
      advantage: (H, W), U_i(0) − U_i(1): what it saves to take a pixel for foreground.

    Returns:
      True where the pixel is foreground, (H, W).

    Raises:
      InputError: if an advantage is not finite.
    """
    advantage = np.asarray(advantage, np.float64)
    if not np.isfinite(advantage).all():
        raise InputError(
            "`advantage` (`background_cost` − `foreground_cost`) has NaN or infinite values; "
            "expected finite costs; bound them, say at 1e6, where a label is forbidden"
        )
    import maxflow  # so that maps need nothing of it

    flow, excess = _first_flow(edges, advantage)
    graph = maxflow.GraphFloat(advantage.size, edges.weight.size)
    nodes = graph.add_grid_nodes(advantage.shape)
    graph.add_edges(edges.first, edges.second, edges.weight + flow, edges.weight - flow)
    # The solver leaves a pixel that neither terminal can reach with the source: the background.
    graph.add_grid_tedges(nodes, np.maximum(-excess, 0), np.maximum(excess, 0))
    graph.maxflow()
    return graph.get_grid_segments(nodes)


def _first_flow(
    edges: Edges, advantage: Float[np.ndarray, "height width"]
) -> tuple[Float[np.ndarray, "edges"], Float[np.ndarray, "height width"]]:
    """A flow for the solver to start from, and what it leaves of the advantage at each pixel.

    Any flow within the capacities gives the same energy to each labelling, up to a constant
    (Kolmogorov & Zabih 2004), so the cut does not depend on it. This one replaces the advantage by
    its mean along the row, then along the column, as far as the edges carry that: what cancels
    between near pixels need not be found path by path.
    """
    from scipy.ndimage import uniform_filter1d  # heavy, and only needed here

    height, width = advantage.shape
    flow = np.zeros_like(edges.weight)
    # More than all neighbours together can speak for is certain, and needs no spreading.
    certain = 1 + 8 * edges.weight.max(initial=0)
    excess = np.clip(advantage, -certain, certain)
    along_rows = slice(0, height * (width - 1))
    along_columns = slice(along_rows.stop, along_rows.stop + (height - 1) * width)
    for axis, part in ((1, along_rows), (0, along_columns)):
        before, after = ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:]))[axis]
        surplus = excess - uniform_filter1d(excess, _REACH, axis=axis)
        carried = np.cumsum(surplus, axis=axis)[before]
        weight = edges.weight[part].reshape(carried.shape)
        # In whole multiples of a power of two no sum is rounded, so that ties stay ties.
        carried = np.trunc(np.clip(carried, -weight, weight) / _UNIT) * _UNIT
        excess[before] -= carried
        excess[after] += carried
        flow[part] = carried.ravel()
    return flow, excess
