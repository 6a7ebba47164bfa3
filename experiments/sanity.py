"""Whether maps depend on what the network has learnt (Adebayo et al. 2018, arXiv 1810.03292).

Claim: weights made random from the scores down change gradients and Grad-CAM at the first layer;
guided backprop and DeconvNet hardly notice until the lowest layers are random too.

    python -m experiments.sanity --out FOLDER    # 5 minutes of processor time

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

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import jax
import numpy as np
import tyro
from jaxtyping import Array, Float

from experiments.output import save, table
from experiments.sanity_maps import NAMES, alike, explainer, fresh_parameters, predicted
from vizjax import cpu
from vizjax.attribution import Bound, bind
from vizjax.cli.console import guarded, output_folder, progress, say
from vizjax.data import annotated_photos, demo_photos, read_photo
from vizjax.errors import InputError, unknown
from vizjax.evaluation import Interval, bootstrap_interval, cascading, independent
from vizjax.models import Network, load
from vizjax.types import KeyArray, Photo

LAYERS = ("conv10", *(f"fire{number}" for number in range(9, 1, -1)), "conv1")
"""SqueezeNet's, from the scores down."""

SCHEMES = {"cascading": cascading, "independent": independent}

MEASURES = {
    "rank": "rank correlation, with signs",
    "rank_absolute": "rank correlation, magnitudes",
    "ssim": "SSIM, magnitudes",
}


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


class Result(NamedTuple):
    """The means, what was found on each photograph, and the first photograph's maps."""

    rows: list[Row]
    findings: list[Finding]
    strip: Strip


def run(
    config: Config,
    network: Network,
    photos: Mapping[str, Photo],
    *,
    advance: Callable[[int], Any] = lambda done: None,
) -> Result:
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
        found, strip = compare(config, key, network, name, photo)
        findings += found
        strips += [] if strips else [strip]
        advance(1)
    return Result(means(config, findings), findings, strips[0])


def compare(
    config: Config, key: KeyArray, network: Network, name: str, photo: Photo
) -> tuple[list[Finding], Strip]:
    """All methods on one photograph, under every randomised network."""
    of_weights, of_noise = jax.random.split(key)
    image = network.prepare(photo)
    label = predicted(network, image)
    trained = network.variables["params"]
    fresh = fresh_parameters(of_weights, network, config.fresh)
    explain = explainer(of_noise, network, image, label)
    findings, magnitudes = [], {}
    for method in bound(config):
        original = explain(method, trained)
        magnitudes[method.name] = [original.magnitude]
        for scheme, randomised in SCHEMES.items():
            for layer, parameters in randomised(trained, fresh, order=config.layers):
                maps = explain(method, parameters)
                if scheme == "cascading":
                    magnitudes[method.name].append(maps.magnitude)
                found = alike(original, maps)
                findings.append(Finding(name, method.name, scheme, layer, *found))
    return findings, Strip(name, np.asarray(image), label, magnitudes)


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


def means(config: Config, findings: Sequence[Finding]) -> list[Row]:
    """The means over the photographs with their intervals, in the order of the findings."""
    rows = []
    for case in dict.fromkeys(found[1:4] for found in findings):
        ours = [found for found in findings if found[1:4] == case]
        intervals = [
            bootstrap_interval(np.array([getattr(f, measure) for f in ours]), seed=config.seed)
            for measure in MEASURES
        ]
        rows.append(Row(*case, *intervals))
    return rows


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


def main(config: Annotated[Config, tyro.conf.arg(name="")], out: Path | None = None) -> int:
    """Print the similarities; with a folder, draw them and keep every one.

    Args:
      config: what the similarities depend on.
      out: a folder for sanity.png and sanity.json.
    """
    folder = None if out is None else output_folder(out)
    cpu.tune()
    network, photos = load("squeezenet1_1"), chosen(config.photos)
    with progress(len(photos), "photographs") as advance:
        result = run(config, network, photos, advance=advance)
    print(summary(config, result.rows))
    print(f"\n{len(photos)} photographs, {config}")
    if folder is not None:
        from experiments import plots, sanity_figure  # matplotlib, which only a figure needs

        drawn = sanity_figure.figure(config, result, network.labels.name, len(photos))
        plots.write(drawn, folder / "sanity.png")
        save(folder / "sanity.json", config, rows=result.rows, findings=result.findings)
    return 0


if __name__ == "__main__":
    sys.exit(guarded(lambda: tyro.cli(main)))
