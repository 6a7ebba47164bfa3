"""DeconvNet and the gradient, layer by layer (Simonyan et al. 2013, section 4).

Claim: a DeconvNet's reconstruction is the gradient in everything but the rectifier. Through
convolutions and max-pools both take a signal down alike; a rectifier passes the gradient where its
input was positive, DeconvNet's signal where the signal itself is.

    vizjax run deconvnet_relation [--photos chelsea my.jpg] [--neurons fire9 fire5 fire3]

From the predicted class, and from the strongest neuron of each of some layers, the signals of both
(and of guided backprop, whose rectifier does both) are read at every rectifier down to the image.
Wherever no rectifier lies between, equality is asserted, to 10⁻⁵ of the largest; where one does,
cosine and correlation say how much they still have in common.

Expected: where no rectifier lies between, no difference at all; where one does, mean cosines of

| from the class, at | fire9 | fire9's squeeze | fire8 | fire7 | fire5 | fire2 | image |
|---|--:|--:|--:|--:|--:|--:|--:|
| gradient and DeconvNet | 1 | 0.59 | 0.40 | 0.38 | 0.02 | 0.10 | 0.03 |
| gradient and guided backprop | 1 | 0.93 | 0.69 | 0.46 | 0.17 | 0.12 | 0.03 |
| DeconvNet and guided backprop | 1 | 0.69 | 0.49 | 0.65 | 0.26 | 0.75 | 0.69 |

Seven rectifiers down the two have nothing in common any more; from a neuron of fire3, three below
the image, 0.31 is left. DeconvNet's signal goes through rectifiers which were off: 89 % of its
energy at fire9, 14 % at conv1. Time: 75 seconds on one core. (`tests/test_deconvnet.py` holds both
against a DeconvNet written out in NumPy.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments import deconvnet_figure
from experiments.backward import output
from experiments.deconvnet_traces import (
    CLASS,
    IMAGE,
    PAIRS,
    Curves,
    Traced,
    compared,
    cosines,
    trace,
)
from experiments.photographs import NAMES, check, checksums, photographs, rounded
from vizjax.models import Network, load
from vizjax.pictures import to_pixels
from vizjax.runs import Figure, Result, table
from vizjax.types import Photo

SHORT = {"gradient": "G", "deconvnet": "D", "guided": "B"}
"""The rules in the tables."""


@dataclass(frozen=True)
class Config:
    """Which photographs, and from where the signals start."""

    photos: tuple[str, ...] = NAMES
    """Names of scikit-image's photographs, or paths of files; of each the centre view."""
    neurons: tuple[str, ...] = ("fire9", "fire5", "fire3")
    """Layers whose strongest neuron is traced back, beside the class of the highest score."""
    network: str = "squeezenet1_1"
    """One whose rectifiers are layers."""

    def __post_init__(self):
        check(self.photos)


TINY = Config(photos=("chelsea",), neurons=("fire3",))


def run(config: Config, work: Path) -> Result:
    """Traces every target back on every photograph, and compares the rules layer by layer."""
    del work  # a photograph is done in seconds
    network, photos = load(config.network), photographs(config.photos)
    traced = {name: traces(config, network, photo) for name, photo in photos.items()}
    metrics = [line for name, passes in traced.items() for line in _lines(name, passes)]
    curves = cosines([one for passes in traced.values() for one in passes])
    summary: dict[str, Any] = {
        "summary": True,
        "photos": len(photos),
        "difference": max(line["difference"] for line in metrics),
    }
    for (start, *pair), curve in curves.items():
        summary["_".join([start, *pair])] = rounded(float(curve[IMAGE].mean()))
    name, passes = next(iter(traced.items()))
    view = to_pixels(network.prepare(photos[name]))
    figures = {
        "cosines": Figure.of_plot(
            deconvnet_figure.chart(curves), deconvnet_figure.chart_caption(len(photos), network)
        ),
        "reconstructions": Figure.of_plot(
            deconvnet_figure.pictures(view, passes), deconvnet_figure.pictures_caption(network)
        ),
    }
    arrays = {
        f"{'_'.join(case)}_cosine": np.stack(list(curve.values())) for case, curve in curves.items()
    }
    tables = {"class": _layers(traced), "image": _at_image(curves)}
    return Result([*metrics, summary], arrays, figures, tables, checksums(network, photos))


def traces(config: Config, network: Network, photo: Photo) -> list[Traced]:
    """The backward passes from the class of the highest score and from the strongest neurons."""
    image = network.prepare(photo)
    found = []
    for layer in ("", *config.neurons):
        scores = np.asarray(output(network, image, layer))
        strongest = np.array(np.unravel_index(scores.argmax(), scores.shape), np.int32)
        found.append(trace(network, image, layer, strongest))
    return found


def _lines(photo: str, passes: Sequence[Traced]) -> list[dict[str, Any]]:
    lines = []
    for one in passes:
        for place in one.differences:
            line: dict[str, Any] = {"photo": photo, "start": one.start, "layer": place}
            for first, second in PAIRS:
                pair = compared(one.signals[first][place], one.signals[second][place])
                line[f"{first}_{second}_cosine"] = rounded(pair.cosine)
                line[f"{first}_{second}_correlation"] = rounded(pair.correlation)
            closed = one.closed.get(place)
            line["closed"] = None if closed is None else rounded(closed)
            line["difference"] = rounded(one.differences[place])
            lines.append(line)
    return lines


def _layers(traced: dict[str, list[Traced]]) -> str:
    """From the class, means over the photographs: the measures of every layer."""
    passes = [one for some in traced.values() for one in some if one.start == CLASS]
    rows = []
    for place in passes[0].differences:
        cells = [place]
        for first, second in PAIRS:
            pairs = [compared(p.signals[first][place], p.signals[second][place]) for p in passes]
            cells += [f"{value:.3f}" for value in np.mean(pairs, axis=0)]
        closed = [one.closed[place] for one in passes if place in one.closed]
        cells.append(f"{np.mean(closed):.0%}" if closed else "–")
        rows.append([*cells, f"{max(one.differences[place] for one in passes):.0e}"])
    pairs = [f"{SHORT[first]}, {SHORT[second]}" for first, second in PAIRS]
    header = [text for pair in pairs for text in (f"{pair}: cosine", f"{pair}: correlation")]
    return table(["arriving at", *header, "through closed", "off the chain rule"], rows)


def _at_image(curves: Curves) -> str:
    """The cosines at the image from every start."""
    starts = dict.fromkeys(start for start, *_ in curves)
    rows = [
        [start, *(f"{curves[start, *pair][IMAGE].mean():.3f}" for pair in PAIRS)]
        for start in starts
    ]
    return table(["start", *(f"{SHORT[a]}, {SHORT[b]}" for a, b in PAIRS)], rows)
