"""The measures of `experiments.sanity`: one photograph under random weights, and the means."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from experiments.sanity_maps import alike, explainer, fresh_parameters, predicted
from vizjax.attribution import Bound
from vizjax.evaluation import Interval, bootstrap_interval, cascading, independent
from vizjax.models import Network
from vizjax.types import KeyArray, Photo

SCHEMES = {"cascading": cascading, "independent": independent}

MEASURES = {
    "rank": "rank correlation, with signs",
    "rank_absolute": "rank correlation, magnitudes",
    "ssim": "SSIM, magnitudes",
}


class Finding(NamedTuple):
    """How alike the maps of the trained and of one randomised network are.

    Attributes:
      photo: the photograph's name.
      method: the method.
      scheme: `cascading` or `independent`.
      layer: the layer that was randomised last, or alone.
      rank: Spearman's ρ of the maps with their signs, summed over the colours.
      rank_absolute: Spearman's ρ of the magnitudes, the largest over the colours.
      ssim: the structural similarity of the magnitudes.
    """

    photo: str
    method: str
    scheme: str
    layer: str
    rank: float
    rank_absolute: float
    ssim: float


class Row(NamedTuple):
    """Means over the photographs, each with its 95 % interval; else as `Finding`."""

    method: str
    scheme: str
    layer: str
    rank: Interval
    rank_absolute: Interval
    ssim: Interval


class Strip(NamedTuple):
    """What the figure shows of one photograph.

    Attributes:
      photo: its name.
      image: what the network saw.
      label: the class explained.
      magnitudes: for each method the map of the trained network and then those of the cascade.
    """

    photo: str
    image: Float[Array | np.ndarray, "height width 3"]
    label: int
    magnitudes: dict[str, list[np.ndarray]]


def compare(
    key: KeyArray,
    network: Network,
    name: str,
    photo: Photo,
    *,
    methods: Sequence[Bound],
    layers: Sequence[str],
    fresh: Literal["initialised", "permuted"],
) -> tuple[list[Finding], Strip]:
    """All methods on one photograph, under every randomised network.

    Args:
      key: of the random weights and of the methods' noise.
      network: the trained one, whose top-level parameters are named as `layers`.
      name: the photograph's.
      photo: the photograph.
      methods: with their hyperparameters.
      layers: what is made random, from the scores down.
      fresh: the random weights, as of `fresh_parameters`.
    """
    of_weights, of_noise = jax.random.split(key)
    image = network.prepare(photo)
    label = predicted(network, image)
    trained = network.variables["params"]
    weights = fresh_parameters(of_weights, network, fresh)
    explain = explainer(of_noise, network, image, label)
    findings, magnitudes = [], {}
    for method in methods:
        original = explain(method, trained)
        magnitudes[method.name] = [original.magnitude]
        for scheme, randomised in SCHEMES.items():
            for layer, parameters in randomised(trained, weights, order=layers):
                maps = explain(method, parameters)
                if scheme == "cascading":
                    magnitudes[method.name].append(maps.magnitude)
                found = alike(original, maps)
                findings.append(Finding(name, method.name, scheme, layer, *found))
    return findings, Strip(name, np.asarray(image), label, magnitudes)


def means(findings: Sequence[Finding], *, seed: int) -> list[Row]:
    """The means over the photographs with their intervals, in the order of the findings.

    Args:
      findings: of all methods on all photographs.
      seed: of the bootstrap.
    """
    rows = []
    for case in dict.fromkeys(found[1:4] for found in findings):
        ours = [found for found in findings if found[1:4] == case]
        intervals = [
            bootstrap_interval(np.array([getattr(f, measure) for f in ours]), seed=seed)
            for measure in MEASURES
        ]
        rows.append(Row(*case, *intervals))
    return rows
