"""What `experiments.deconvnet_relation` compares: a target traced back under each rule."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from experiments.backward import Signals, between, opened, rectifiers, signals
from vizjax.models import Network
from vizjax.rules import RULES

TOLERANCE = 1e-5
"""Of the largest magnitude at a layer: float32 sums in another order."""

PAIRS = tuple(itertools.combinations(RULES, 2))
"""Which rules are compared."""

CLASS, IMAGE = "class", "image"
"""The first and the last place of a backward pass."""


class Compared(NamedTuple):
    """How alike the signals of two rules are where they arrive.

    Attributes:
      cosine: of the two, as long vectors.
      correlation: Pearson's, of their values.
    """

    cosine: float
    correlation: float


class Traced(NamedTuple):
    """One target's backward pass under each rule.

    Attributes:
      start: `class`, or the layer of the neuron.
      signals: by rule and place, where they arrive; the places from the top down, the image last.
      closed: the share of the energy that DeconvNet lets through at rectifiers which were off in
        the forward pass, by place.
      differences: by place, the largest difference, under any rule, from the chain rule through
        convolutions and max-pools, in units of the largest magnitude there.
    """

    start: str
    signals: dict[str, dict[str, np.ndarray]]
    closed: dict[str, float]
    differences: dict[str, float]


Curves: TypeAlias = dict[tuple[str, str, str], dict[str, np.ndarray]]
"""By start and two rules: by place, the cosine on each photograph."""


def trace(network: Network, image: Any, layer: str, label: Any) -> Traced:
    """One target's backward pass under each rule, checked against the chain rule in between.

    Args:
      network: as of `experiments.backward.signals`.
      image: likewise.
      layer: likewise.
      label: likewise.

    Raises:
      AssertionError: a rule differs from the gradient where no rectifier lies between.
    """
    passes = {rule: signals(network, rule, image, layer, label) for rule in RULES}
    chains = {rule: between(network, image, layer, label, p.passed) for rule, p in passes.items()}
    arrived = {rule: arrivals(network, one) for rule, one in passes.items()}
    reached = [place for place, values in arrived["deconvnet"].items() if values.any()]
    differences = dict.fromkeys(reached, 0.0)
    for rule, chain in chains.items():
        expected = arrivals(network, chain)
        for place in reached:
            difference = _difference(arrived[rule][place], expected[place])
            if not difference <= TOLERANCE:
                raise AssertionError(f"{rule} at {place} is off the chain rule by {difference:.1e}")
            differences[place] = max(differences[place], difference)
    signals_of = {rule: {place: one[place] for place in reached} for rule, one in arrived.items()}
    closed = _closed(network, image, passes["deconvnet"].passed, reached)
    return Traced(layer or CLASS, signals_of, closed, differences)


def _difference(ours: np.ndarray, expected: np.ndarray) -> float:
    largest = np.abs(expected).max()
    return float(np.abs(ours - expected).max() / largest) if largest else float(np.abs(ours).max())


def _closed(
    network: Network, image: Any, passed: Sequence[Any], reached: Sequence[str]
) -> dict[str, float]:
    """The share of a signal's energy that has passed rectifiers which are off, by place."""
    energies, on = by_place(network, passed), by_place(network, opened(network, image))
    found = {}
    for place in reached:
        energy = energies.get(place, np.zeros(1)).astype(np.float64) ** 2
        if energy.any():
            found[place] = float(energy[~on[place]].sum() / energy.sum())
    return found


def arrivals(network: Network, one: Signals) -> dict[str, np.ndarray]:
    """What arrives at each place, as one long vector, from the top down to the image."""
    return {**by_place(network, one.arriving), IMAGE: np.asarray(one.image).ravel()}


def by_place(network: Network, values: Sequence[Any]) -> dict[str, np.ndarray]:
    """Values of each rectifier by place, as one long vector, from the top down.

    The two expansions of a fire module are one place, under the module's name.
    """
    found: dict[str, list[np.ndarray]] = {}
    for name, one in zip(rectifiers(network), values, strict=True):
        place = name.replace("relu_", "").partition("/expand")[0]
        found.setdefault(place, []).append(np.asarray(one).ravel())
    return {place: np.concatenate(found[place]) for place in reversed(found)}


def compared(first: np.ndarray, second: np.ndarray) -> Compared:
    """How alike two signals are; 0 where one of them is 0 everywhere, or flat.

    >>> np.round(compared(np.array([1.0, 2.0]), np.array([2.0, 4.0])), 6).tolist()
    [1.0, 1.0]
    """
    a, b = first.astype(np.float64), second.astype(np.float64)

    def cosine(a, b):
        norm = float(np.linalg.norm(a) * np.linalg.norm(b))
        return float(np.clip(a @ b / norm, -1, 1)) if norm else 0.0

    return Compared(cosine(a, b), cosine(a - a.mean(), b - b.mean()))


def cosines(passes: Sequence[Traced]) -> Curves:
    """The cosines of every two rules, from every start, at every place that was reached."""
    curves: Curves = {}
    for one in passes:
        for first, second in PAIRS:
            curve = curves.setdefault((one.start, first, second), {})
            for place in one.differences:
                pair = compared(one.signals[first][place], one.signals[second][place])
                curve[place] = np.append(curve.get(place, []), pair.cosine)
    return curves
