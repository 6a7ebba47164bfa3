"""How noise in the gradient goes on into seeds, masks and boxes, and what averaging does to it.

Claim: the seeds of one noisy gradient are mostly noise, yet colour models and graph cut make
nearly the same box of them. Averaging over views or noisy copies steadies the seeds and, less, the
masks; that the boxes come nearer to the truth is not shown.

    vizjax run noise    # 5 to 6 minutes of processor time

Expected, with SqueezeNet v1.1 on 16 photographs and 4 draws of the noise, all within the centre
view; σ in % of 0-255, agreement as the mean IoU of two draws:

| map | SNR signed | SNR of map | seeds | masks | boxes | IoU with truth | 95 % interval |
|---|--:|--:|--:|--:|--:|--:|--:|
| one view, no noise |  |  |  |  |  | 0.62 | 0.47 – 0.76 |
| one view, σ 2 % | 0.47 | 2.51 | 0.17 | 0.79 | 0.89 | 0.59 | 0.47 – 0.71 |
| one view, σ 5 % | 0.33 | 2.27 | 0.15 | 0.79 | 0.88 | 0.64 | 0.51 – 0.76 |
| one view, σ 10 % | 0.29 | 2.19 | 0.14 | 0.78 | 0.89 | 0.64 | 0.51 – 0.76 |
| ten views, no noise |  |  |  |  |  | 0.65 | 0.52 – 0.77 |
| ten views, σ 2 % | 0.64 | 11.28 | 0.32 | 0.86 | 0.93 | 0.63 | 0.51 – 0.76 |
| ten views, σ 5 % | 0.44 | 10.24 | 0.29 | 0.87 | 0.92 | 0.69 | 0.56 – 0.81 |
| ten views, σ 10 % | 0.37 | 9.61 | 0.28 | 0.86 | 0.90 | 0.69 | 0.57 – 0.81 |
| SmoothGrad of 1, σ 10 % | 0.29 | 2.16 | 0.15 | 0.78 | 0.88 | 0.65 | 0.52 – 0.77 |
| SmoothGrad of 4, σ 10 % | 0.42 | 3.43 | 0.20 | 0.80 | 0.88 | 0.66 | 0.53 – 0.77 |
| SmoothGrad of 16, σ 10 % | 0.93 | 5.16 | 0.29 | 0.84 | 0.90 | 0.64 | 0.52 – 0.75 |
| SmoothGrad of 50, σ 10 % | 2.41 | 8.92 | 0.43 | 0.89 | 0.93 | 0.64 | 0.52 – 0.76 |

Of 4 draws, noise alone has a signed SNR of 0.25, and chance an agreement of seeds of 0.03. The
map's SNR is larger because magnitudes do not cancel: it also counts what all noise has in common.
SmoothGrad of 1 is one view with the same noise, drawn anew: what differs is chance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.noise_maps import Scene, Variant, demo_scene, named, scene_of, smoothed, viewed
from experiments.noise_measures import MEASURES, Finding, Row, compared, means, summary
from vizjax.cli.console import progress, say
from vizjax.data import AnnotatedPhoto, annotated_photos
from vizjax.errors import InputError
from vizjax.localisation import Localisation, localise_classes
from vizjax.models import Network, load
from vizjax.runs import Figure, Result, checksum
from vizjax.types import KeyArray


@dataclass(frozen=True)
class Config:
    """What the agreement depends on."""

    photos: int = 16
    """Measure on so many of the photographs whose boxes are certain."""
    draws: int = 4
    """Of the noise; what is compared with one another."""
    sigmas: tuple[float, ...] = (0.02, 0.05, 0.10)
    """The noise on the image, as shares of 0-255."""
    samples: tuple[int, ...] = (1, 4, 16, 50)
    """Noisy copies of which SmoothGrad takes the mean."""
    smooth_sigma: float = 0.10
    """SmoothGrad's noise, as a share of 0-255."""
    seed: int = 0
    """Of the noise, the colour models' start, and the bootstrap."""

    def __post_init__(self):
        if self.photos < 1:
            raise InputError(f"`photos` is {self.photos}; expected at least 1")
        if self.draws < 2:
            raise InputError(f"`draws` is {self.draws}; expected at least 2, to compare")
        if not self.samples or min(self.samples) < 1:
            raise InputError(f"`samples` are {self.samples}; expected numbers of at least 1")
        for name, values in (("sigmas", self.sigmas), ("smooth_sigma", (self.smooth_sigma,))):
            if not values or not all(0 < value <= 1 for value in values):
                raise InputError(
                    f"`{name}` is {getattr(self, name)}; expected shares of 0-255 in (0, 1], such "
                    "as 0.1"
                )


TINY = Config(photos=1, draws=2, sigmas=(0.1,), samples=(1, 3))


class Shown(NamedTuple):
    """What the figure shows: the first draw of some variants on one photograph."""

    scene: Scene
    maps: dict[Variant, np.ndarray]
    places: dict[Variant, Localisation]


class Measured(NamedTuple):
    """The means, what was found on each photograph, and pictures of another one."""

    rows: list[Row]
    findings: list[Finding]
    shown: Shown


def run(config: Config, work: Path) -> Result:
    """Measure every variant on photographs whose boxes are certain, and draw what it did."""
    from experiments import noise_figure, plots  # matplotlib, which only the figure needs

    certain = [photo for photo in annotated_photos(progress=say) if photo.certain]
    photos = certain[:: max(1, len(certain) // config.photos)][: config.photos]
    network = load("squeezenet1_1")
    with progress(len(photos), "photographs") as advance:
        found = measure(config, network, photos, advance=advance)
    drawn, caption = noise_figure.figure(config, found, len(photos))
    lines = [
        {"photo": one.photo, **_variant(one.variant), **{m: getattr(one, m) for m in MEASURES}}
        for one in found.findings
    ]
    rows = [
        {"mean": True, **_variant(row.variant)}
        | {m: cell and cell.value for m in MEASURES for cell in [getattr(row, m)]}
        for row in found.rows
    ]
    named_rows = {f"truth {named(row.variant)}": row.truth.value for row in found.rows}
    return Result(
        [*lines, *rows, {"summary": True, "photographs": len(photos), **named_rows}],
        figures={"noise": Figure(plots.png(drawn), caption)},
        tables={"noise": f"{len(photos)} photographs.\n\n{summary(found.rows)}"},
        inputs={network.name: checksum(network)}
        | {photo.path.name: checksum(photo.path) for photo in photos},
    )


def _variant(variant: Variant) -> dict[str, Any]:
    return {"map": variant.kind, "sigma": variant.sigma, "samples": variant.samples}


def measure(
    config: Config,
    network: Network,
    photos: Sequence[AnnotatedPhoto],
    *,
    advance: Callable[[int], Any] = lambda done: None,
) -> Measured:
    """Draw noise, make the maps of every variant, locate the labelled class, and compare.

    Args:
      config: the parameters.
      network: with an input size.
      photos: photographs with their boxes, at least one.
      advance: called with the number of photographs just done.
    """
    key, findings = jax.random.key(config.seed), []
    for number, photo in enumerate(photos):
        scene = scene_of(network, photo)
        findings += measure_one(config, jax.random.fold_in(key, number), network, scene)[0]
        advance(1)
    _, shown = measure_one(config, key, network, demo_scene(network))
    return Measured(means(findings, seed=config.seed), findings, shown)


def measure_one(
    config: Config, key: KeyArray, network: Network, scene: Scene
) -> tuple[list[Finding], Shown]:
    """All variants on one photograph; all maps segment the same pixels, the photograph's own."""
    of_noise, of_smoothing, of_colours = jax.random.split(key, 3)
    drawn = viewed(
        of_noise, network, scene, sigmas=(0.0, *config.sigmas), draws=config.draws
    ) | smoothed(
        of_smoothing,
        network,
        scene,
        sigma=config.smooth_sigma,
        samples=config.samples,
        draws=config.draws,
    )
    # One call fits the colours of all maps, from one start: what differs is the maps' doing.
    places = localise_classes(
        of_colours, scene.canvas[scene.window], np.concatenate([one.maps for one in drawn.values()])
    )
    findings, first = [], {}
    for variant, draws in drawn.items():
        ours, places = places[: len(draws.maps)], places[len(draws.maps) :]
        findings.append(Finding(scene.name, variant, **compared(draws, ours, scene.boxes)))
        first[variant] = ours[0]
    maps = {variant: draws.maps[0] for variant, draws in drawn.items()}
    return findings, Shown(scene, maps, first)
