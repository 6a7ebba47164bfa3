"""Whether maps depend on what the network has learnt (Adebayo et al. 2018, arXiv 1810.03292).

Claim: weights made random from the scores down change gradients and Grad-CAM at the first layer;
guided backprop and DeconvNet hardly notice until the lowest layers are random too.

    vizjax run sanity    # 5 minutes of processor time

Expected, with SqueezeNet v1.1 on 8 photographs: means of Spearman's ρ between the maps of the
trained and of the random network; the last three columns are of the wholly random one.

| ρ of magnitudes | to conv10 | to fire7 | to fire4 | to conv1 | 95 % interval | with signs | SSIM |
|---|--:|--:|--:|--:|--:|--:|--:|
| gradient | 0.61 | 0.52 | 0.49 | 0.29 | 0.26 – 0.31 | -0.00 | 0.30 |
| gradient × input | 0.63 | 0.56 | 0.53 | 0.37 | 0.31 – 0.45 | -0.00 | 0.41 |
| integrated gradients | 0.63 | 0.56 | 0.52 | 0.39 | 0.32 – 0.48 | 0.00 | 0.38 |
| SmoothGrad | 0.50 | 0.39 | 0.33 | 0.28 | 0.24 – 0.31 | 0.00 | 0.21 |
| Grad-CAM | 0.09 | 0.16 | 0.18 | 0.01 | -0.05 – 0.08 | 0.01 | 0.26 |
| Guided Grad-CAM | 0.40 | 0.58 | 0.50 | 0.29 | 0.15 – 0.40 | 0.36 | 0.52 |
| guided backprop | 0.99 | 0.95 | 0.87 | 0.54 | 0.48 – 0.60 | 0.49 | 0.51 |
| DeconvNet | 1.00 | 0.89 | 0.78 | 0.53 | 0.50 – 0.56 | 0.37 | 0.40 |

So SqueezeNet behaves as the paper's networks do, with two reservations. The magnitudes of the
gradient keep a correlation of 0.3 with a network that has learnt nothing: they are large where the
photograph has edges; with its signs nothing is left. And guided backprop does change in the end,
with the filters of the first layers, which draw its picture.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from experiments.sanity_maps import NAMES
from experiments.sanity_measures import MEASURES, Finding, Row, Strip, compare, means
from vizjax.attribution import Bound, bind
from vizjax.cli.console import progress, say
from vizjax.data import annotated_photos, demo_photos, read_photo
from vizjax.errors import InputError, unknown
from vizjax.models import Network, load
from vizjax.runs import Figure, Result, checksum, table
from vizjax.types import Photo

LAYERS = ("conv10", *(f"fire{number}" for number in range(9, 1, -1)), "conv1")
"""SqueezeNet's, from the scores down."""


@dataclass(frozen=True)
class Config:
    """What the similarities depend on."""

    photos: int = 8
    """Photographs: a cat, a cup of coffee, and the rest from the annotated ones."""
    methods: tuple[str, ...] = tuple(NAMES)
    """By their names in `vizjax.attribution.METHODS`."""
    layers: tuple[str, ...] = LAYERS
    """What is made random, from the scores down."""
    fresh: Literal["initialised", "permuted"] = "initialised"
    """Random weights as before training, or the trained ones shuffled within each array."""
    steps: int = 8
    """Of integrated gradients."""
    samples: int = 8
    """Of SmoothGrad."""
    sigma: float = 38.0
    """SmoothGrad's noise, in units of 0-255."""
    cam_layer: str = "fire9"
    """Whose activation Grad-CAM weights."""
    seed: int = 0
    """Of the random weights, of SmoothGrad's noise, and of the bootstrap."""

    def __post_init__(self):
        if self.photos < 1:
            raise InputError(f"`photos` is {self.photos}; expected at least 1")
        for method in self.methods:
            if method not in NAMES:
                raise unknown("methods", method, list(NAMES))
        for name in ("methods", "layers"):
            if not getattr(self, name):
                raise InputError(f"`{name}` is empty; expected at least one")
        for name in ("steps", "samples"):
            if getattr(self, name) < 1:
                raise InputError(f"`{name}` is {getattr(self, name)}; expected at least 1")
        if not 0 < self.sigma < float("inf"):
            raise InputError(
                f"`sigma` is {self.sigma}; expected a finite number above 0: 38 is 15 %"
            )


TINY = Config(photos=1, methods=("gradient", "guided_backprop"), layers=("conv10", "conv1"))


class Measured(NamedTuple):
    """The means, what was found on each photograph, and the first photograph's maps."""

    rows: list[Row]
    findings: list[Finding]
    strip: Strip


def run(config: Config, work: Path) -> Result:
    """Measure the photographs, and draw the maps of the first."""
    from experiments import plots, sanity_figure  # matplotlib, which only the figure needs

    network, photos = load("squeezenet1_1"), chosen(config.photos)
    with progress(len(photos), "photographs") as advance:
        found = measure(config, network, photos, advance=advance)
    drawn, caption = sanity_figure.figure(config, found, network.labels.name, len(photos))
    lines = [one._asdict() for one in found.findings]
    rows = [
        {"mean": True, "method": row.method, "scheme": row.scheme, "layer": row.layer}
        | {measure: getattr(row, measure).value for measure in MEASURES}
        for row in found.rows
    ]
    ends = {
        f"rank_absolute {row.method}": row.rank_absolute.value
        for row in found.rows
        if row[1:3] == ("cascading", config.layers[-1])
    }
    return Result(
        [*lines, *rows, {"summary": True, "photographs": len(photos), **ends}],
        figures={"sanity": Figure(plots.png(drawn), caption)},
        tables={"sanity": f"{len(photos)} photographs.\n\n{summary(config, found.rows)}"},
        inputs={network.name: checksum(network)}
        | {name: checksum(photo) for name, photo in photos.items()},
    )


def measure(
    config: Config,
    network: Network,
    photos: Mapping[str, Photo],
    *,
    advance: Callable[[int], Any] = lambda done: None,
) -> Measured:
    """Compare the maps of the predicted class before and after randomisation.

    Every photograph has random weights of its own, so that the intervals speak of both.

    Args:
      config: the parameters.
      network: the trained one, whose top-level parameters are named as `config.layers`.
      photos: photographs by name, at least one.
      advance: called with the number of photographs just done.
    """
    findings, strips = [], []
    for number, (name, photo) in enumerate(photos.items()):
        key = jax.random.fold_in(jax.random.key(config.seed), number)
        found, strip = compare(
            key,
            network,
            name,
            photo,
            methods=bound(config),
            layers=config.layers,
            fresh=config.fresh,
        )
        findings += found
        strips += [] if strips else [strip]
        advance(1)
    return Measured(means(findings, seed=config.seed), findings, strips[0])


def bound(config: Config) -> list[Bound]:
    """The methods with their hyperparameters."""
    cam = {"layer": config.cam_layer}
    options = {
        "integrated_gradients": {"steps": config.steps, "chunk": None},
        "smoothgrad": {"samples": config.samples, "sigma": config.sigma, "chunk": None},
        "grad_cam": cam,
        "guided_grad_cam": cam,
    }
    return [bind(name, **options.get(name, {})) for name in config.methods]


def summary(config: Config, rows: Sequence[Row]) -> str:
    """The cascade as a table: ρ of magnitudes down to some layers, and all three at its end."""
    shown = [config.layers[place] for place in spread(len(config.layers), 4)]
    lines = []
    for method in config.methods:
        at = {row.layer: row for row in rows if row[:2] == (method, "cascading")}
        end = at[shown[-1]]
        correlations = [f"{at[layer].rank_absolute.value:.2f}" for layer in shown]
        interval = f"{end.rank_absolute.low:.2f} – {end.rank_absolute.high:.2f}"
        signed, ssim = f"{end.rank.value:.2f}", f"{end.ssim.value:.2f}"
        lines.append([NAMES[method], *correlations, interval, signed, ssim])
    down = [f"to {layer}" for layer in shown]
    header = ["ρ of magnitudes", *down, "95 % interval", "with signs", "SSIM"]
    return table(header, lines)


def spread(length: int, count: int) -> list[int]:
    """At most `count` places of a sequence, evenly spread, the first and the last among them."""
    return sorted({round(place) for place in np.linspace(0, length - 1, min(count, length))})


def chosen(count: int) -> dict[str, Photo]:
    """The cat and the coffee that come with scikit-image, and annotated photographs."""
    demo = demo_photos()
    photos = {name: demo[name] for name in ("chelsea", "coffee")[:count]}
    if more := count - len(photos):
        certain = [one for one in annotated_photos(progress=say) if one.certain]
        step = max(1, len(certain) // more)
        photos |= {one.path.name: read_photo(one.path) for one in certain[::step][:more]}
    return photos
