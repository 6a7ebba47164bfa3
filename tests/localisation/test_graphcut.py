"""The graph cut against every labelling of a tiny image, and its limits."""

import itertools

import numpy as np
import pytest
import scipy.sparse

from vizjax.errors import InputError
from vizjax.localisation import Edges, contrast_edges, cut, graph_cut

HEIGHT, WIDTH = 3, 4


def neighbours(height, width):
    """Every unordered pair of pixels that touch, by the definition."""
    pixels = list(itertools.product(range(height), range(width)))
    return [
        (a, b)
        for a, b in itertools.combinations(pixels, 2)
        if max(abs(a[0] - b[0]), abs(a[1] - b[1])) == 1
    ]


def literal_weights(image, smoothness):
    """GrabCut's equations 4 and 5, one pair at a time."""
    height, width, _ = image.shape
    pairs = neighbours(height, width)
    contrasts = [np.sum((image[a].astype(float) - image[b].astype(float)) ** 2) for a, b in pairs]
    mean = sum(contrasts) / len(contrasts)
    beta = 0 if mean == 0 else 1 / (2 * mean)
    return {
        (a, b): smoothness * np.exp(-beta * contrast) / np.hypot(a[0] - b[0], a[1] - b[1])
        for (a, b), contrast in zip(pairs, contrasts, strict=True)
    }


def energies(problem, smoothness):
    """The energy of every labelling: the labellings, and a float for each."""
    image, foreground_cost, background_cost = problem
    shape = foreground_cost.shape
    labellings = np.array(list(itertools.product([False, True], repeat=foreground_cost.size)))
    labellings = labellings.reshape(-1, *shape)
    energy = np.where(labellings, foreground_cost, background_cost).sum(axis=(1, 2))
    for (a, b), weight in literal_weights(image, smoothness).items():
        energy += weight * (labellings[:, *a] != labellings[:, *b])
    return labellings, energy


def random_problem(seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    # Negative costs too: densities are not probabilities.
    return image, rng.normal(0, 3, (HEIGHT, WIDTH)), rng.normal(0, 3, (HEIGHT, WIDTH))


@pytest.mark.parametrize("smoothness", [0.3, 1.5, 4.0])
def test_least_energy_of_all_labellings(smoothness):
    sizes = set()
    for seed in range(8):
        problem = random_problem(seed)
        labellings, energy = energies(problem, smoothness)
        mask = graph_cut(*problem, smoothness=smoothness)
        np.testing.assert_array_equal(mask, labellings[np.argmin(energy)])
        sizes.add(int(mask.sum()))
    assert len(sizes) > 2  # neither all empty nor all full


def test_of_several_minima_the_smallest_foreground():
    rng = np.random.default_rng(3)
    image = np.full((1, 9, 3), 7, np.uint8)
    ties = 0
    for _ in range(30):
        costs = rng.integers(0, 4, (2, 1, 9)).astype(np.float64)
        labellings, energy = energies((image, *costs), 1.0)
        best = labellings[energy == energy.min()]
        ties += len(best) > 1
        # The minima of a submodular energy are closed under intersection.
        np.testing.assert_array_equal(
            graph_cut(image, *costs, smoothness=1.0), np.logical_and.reduce(best)
        )
    assert ties > 5


def test_two_pixels_in_closed_form():
    # One pair, so β‖ΔI‖² = ½ whatever the contrast; they part while that is cheaper than 2 nats.
    image = np.array([[[0, 0, 0], [10, 20, 30]]], np.uint8)
    foreground_cost, background_cost = np.array([[0.0, 3.0]]), np.array([[2.0, 0.0]])
    just_parts = 2 * np.exp(0.5)
    for smoothness, expected in [(0.999 * just_parts, True), (1.001 * just_parts, False)]:
        mask = graph_cut(image, foreground_cost, background_cost, smoothness=smoothness)
        np.testing.assert_array_equal(mask, [[expected, False]])


@pytest.mark.parametrize("flip", [np.fliplr, np.flipud])
def test_symmetries(flip):
    problem = random_problem(1)
    image, foreground_cost, background_cost = problem
    mask = graph_cut(image, foreground_cost, background_cost, smoothness=1.5)
    assert 0 < mask.sum() < mask.size
    flipped = graph_cut(flip(image), flip(foreground_cost), flip(background_cost), smoothness=1.5)
    np.testing.assert_array_equal(flipped, flip(mask))
    swapped = graph_cut(image, background_cost, foreground_cost, smoothness=1.5)
    np.testing.assert_array_equal(swapped, ~mask)


def test_no_smoothness_is_the_cheaper_label_of_each_pixel():
    image, foreground_cost, background_cost = random_problem(0)
    np.testing.assert_array_equal(
        graph_cut(image, foreground_cost, background_cost, smoothness=0.0),
        foreground_cost < background_cost,
    )


@pytest.mark.parametrize("seed", range(6))
def test_great_smoothness_is_one_label(seed):
    image, foreground_cost, background_cost = random_problem(seed)
    mask = graph_cut(image, foreground_cost, background_cost, smoothness=1e6)
    assert mask.all() if foreground_cost.sum() < background_cost.sum() else not mask.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (3, 4), (5, 3)])
def test_every_pair_of_neighbours_once(shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    expected = literal_weights(image, 50.0) if np.prod(shape) > 1 else {}
    first, second, weight = contrast_edges(image, smoothness=50.0)
    found = {}
    for a, b, w in zip(first, second, weight, strict=True):
        ends = sorted([divmod(int(a), shape[1]), divmod(int(b), shape[1])])
        assert tuple(ends) not in found
        found[tuple(ends)] = w
    assert found == pytest.approx(expected, rel=1e-12)


def test_one_colour_leaves_the_distance():
    _, _, weight = contrast_edges(np.full((2, 2, 3), 9, np.uint8), smoothness=3.0)
    np.testing.assert_allclose(weight, 3 / np.array([1, 1, 1, 1, 2**0.5, 2**0.5]))


def test_equal_costs_are_background():
    cost = np.full((4, 5), 2.5)
    assert not graph_cut(np.zeros((4, 5, 3), np.uint8), cost, cost).any()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"foreground_cost": np.zeros((4, 3))}, "`foreground_cost`"),
        ({"foreground_cost": np.full((3, 4), np.inf)}, "`foreground_cost`"),
        ({"background_cost": np.full((3, 4), np.nan)}, "`background_cost`"),
        ({"smoothness": -1.0}, "`smoothness` is -1"),
        ({"smoothness": np.inf}, "`smoothness` is inf"),
        ({"smoothness": np.nan}, "`smoothness` is nan"),
    ],
)
def test_refuses(change, named):
    fine = {
        "image": np.zeros((3, 4, 3), np.uint8),
        "foreground_cost": np.zeros((3, 4)),
        "background_cost": np.ones((3, 4)),
    }
    if "foreground_cost" in change and change["foreground_cost"].shape != (3, 4):
        change = change | {"background_cost": np.ones((4, 3))}
    with pytest.raises(InputError, match=named):
        graph_cut(**(fine | change))


def reference_cut(edges, advantage):
    """The least cut and the smallest foreground that attains it, from SciPy's integer max-flow."""
    nodes = advantage.size
    source, sink = nodes, nodes + 1
    pixels, gain = np.arange(nodes), advantage.ravel()
    tail = np.concatenate([edges.first, edges.second, np.full(nodes, source), pixels])
    head = np.concatenate([edges.second, edges.first, pixels, np.full(nodes, sink)])
    capacity = np.concatenate([edges.weight] * 2 + [np.maximum(-gain, 0), np.maximum(gain, 0)])
    shape = (nodes + 2, nodes + 2)
    network = scipy.sparse.csr_array((capacity.astype(np.int32), (tail, head)), shape)
    flow = scipy.sparse.csgraph.maximum_flow(network, source, sink)
    residual = scipy.sparse.csr_array(network - flow.flow)
    residual.eliminate_zeros()
    reaches = scipy.sparse.csgraph.breadth_first_order(
        residual.T.tocsr(), sink, return_predecessors=False
    )
    return flow.flow_value, np.isin(pixels, reaches).reshape(advantage.shape)


@pytest.mark.parametrize("shape", [(1, 70), (70, 1), (19, 44)])
@pytest.mark.parametrize("scale", [2, 9])
def test_least_energy_and_ties_on_more_pixels_than_a_mean_spans(shape, scale):
    """Integer costs, so that ties are exact and many, in patches that flow must travel across."""
    rng = np.random.default_rng(scale)
    first, second, _ = contrast_edges(np.zeros((*shape, 3)))
    edges = Edges(first, second, rng.integers(0, 7, len(first)).astype(np.float64))
    patches = rng.integers(-scale, scale + 1, (-(-shape[0] // 6), -(-shape[1] // 6)))
    advantage = np.kron(patches, np.ones((6, 6)))[: shape[0], : shape[1]]
    advantage += rng.integers(-scale, scale + 1, shape)
    advantage.flat[::37] = 10**6  # certain
    least, expected = reference_cut(edges, advantage)
    mask = cut(edges, advantage)
    assert 0 < mask.sum() < mask.size
    flat = mask.ravel()
    parted = edges.weight[flat[first] != flat[second]].sum()
    energy = np.maximum(-advantage, 0)[mask].sum() + np.maximum(advantage, 0)[~mask].sum() + parted
    assert energy == least
    np.testing.assert_array_equal(mask, expected)
