"""How noise in the gradient goes on into seeds, masks and boxes, and what averaging does to it.

Claim: the seeds of one noisy gradient are mostly noise, yet colour models and graph cut make
nearly the same box of them. Averaging over views or noisy copies steadies the seeds and, less, the
masks; that the boxes come nearer to the truth is not shown.

    python -m experiments.noise --out FOLDER    # 5 to 6 minutes of processor time

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

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import jax
import numpy as np
import tyro

from experiments.noise_maps import (
    Draws,
    Scene,
    Variant,
    demo_scene,
    named,
    scene_of,
    smoothed,
    viewed,
)
from experiments.output import save, table
from vizjax import cpu
from vizjax.cli.console import guarded, output_folder, progress, say
from vizjax.data import AnnotatedPhoto, annotated_photos
from vizjax.errors import InputError
from vizjax.evaluation import (
    Interval,
    bootstrap_interval,
    box_agreement,
    iou,
    mask_agreement,
    signal_to_noise,
)
from vizjax.localisation import Localisation, localise_classes
from vizjax.models import Network, load
from vizjax.types import Box, KeyArray

MEASURES = {
    "snr_signed": "SNR signed",
    "snr_map": "SNR of map",
    "seeds": "seeds",
    "masks": "masks",
    "boxes": "boxes",
    "truth": "IoU with truth",
}


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


class Finding(NamedTuple):
    """What one variant did to one photograph.

    Attributes:
      photo: the photograph's name.
      variant: how the maps were made.
      snr_signed: the signal-to-noise ratio of the signed gradient over the draws; None of one draw.
      snr_map: of the saliency maps.
      seeds: the mean IoU of the foreground seeds of two draws.
      masks: of the masks.
      boxes: of the boxes.
      truth: the mean IoU of a draw's box with the nearest true one; 0 without a box.
    """

    photo: str
    variant: Variant
    snr_signed: float | None
    snr_map: float | None
    seeds: float | None
    masks: float | None
    boxes: float | None
    truth: float


class Row(NamedTuple):
    """Means over the photographs, each with its 95 % interval; else as `Finding`."""

    variant: Variant
    snr_signed: Interval | None
    snr_map: Interval | None
    seeds: Interval | None
    masks: Interval | None
    boxes: Interval | None
    truth: Interval


class Shown(NamedTuple):
    """What the figure shows: the first draw of some variants on one photograph."""

    scene: Scene
    maps: dict[Variant, np.ndarray]
    places: dict[Variant, Localisation]


class Result(NamedTuple):
    """The means, what was found on each photograph, and pictures of another one."""

    rows: list[Row]
    findings: list[Finding]
    shown: Shown


def run(
    config: Config,
    network: Network,
    photos: Sequence[AnnotatedPhoto],
    *,
    advance: Callable[[int], Any] = lambda done: None,
) -> Result:
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
        findings += measure(config, jax.random.fold_in(key, number), network, scene)[0]
        advance(1)
    _, shown = measure(config, key, network, demo_scene(network))
    return Result(means(config, findings), findings, shown)


def measure(
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


def compared(draws: Draws, places: Sequence[Localisation], boxes: Sequence[Box]) -> dict[str, Any]:
    """The measures of one variant on one photograph, those of `MEASURES`."""
    found = [place.box for place in places]
    truth = [float(iou(box, boxes).max()) if box is not None and boxes else 0.0 for box in found]
    measured = dict.fromkeys(MEASURES) | {"truth": float(np.mean(truth))}
    if len(places) == 1:
        return measured
    count, height, _ = draws.maps.shape
    return measured | {
        "snr_signed": signal_to_noise(draws.signed.reshape(count, height, -1)).ratio,
        "snr_map": signal_to_noise(draws.maps).ratio,
        "seeds": mask_agreement(np.stack([place.seeds.foreground for place in places])),
        "masks": mask_agreement(np.stack([place.mask for place in places])),
        "boxes": box_agreement(found),
    }


def means(config: Config, findings: Sequence[Finding]) -> list[Row]:
    """The means over the photographs with their intervals, one row a variant."""
    rows = []
    for variant in dict.fromkeys(found.variant for found in findings):
        ours = [found for found in findings if found.variant == variant]
        intervals = []
        for measure in MEASURES:
            values = [getattr(found, measure) for found in ours]
            intervals.append(
                None
                if None in values
                else bootstrap_interval(np.array(values, np.float64), seed=config.seed)
            )
        rows.append(Row(variant, *intervals))
    return rows


def summary(rows: Sequence[Row]) -> str:
    """The rows as a table; a column that needs several draws is empty without noise."""
    lines = [
        [named(row.variant)]
        + ["" if (cell := getattr(row, m)) is None else f"{cell.value:.2f}" for m in MEASURES]
        + [f"{row.truth.low:.2f} – {row.truth.high:.2f}"]
        for row in rows
    ]
    return table(["map", *MEASURES.values(), "95 % interval"], lines)


def main(config: Annotated[Config, tyro.conf.arg(name="")], out: Path | None = None) -> int:
    """Print the measures of every variant; with a folder, draw them and keep every one.

    Args:
      config: what they depend on.
      out: a folder for noise.png and noise.json.
    """
    folder = None if out is None else output_folder(out)
    cpu.tune()
    certain = [photo for photo in annotated_photos(progress=say) if photo.certain]
    photos = certain[:: max(1, len(certain) // config.photos)][: config.photos]
    with progress(len(photos), "photographs") as advance:
        result = run(config, load("squeezenet1_1"), photos, advance=advance)
    print(summary(result.rows))
    print(f"\n{len(photos)} photographs, {config}")
    if folder is not None:
        from experiments import noise_figure, plots  # matplotlib, which only a figure needs

        plots.write(noise_figure.figure(config, result, len(photos)), folder / "noise.png")
        save(folder / "noise.json", config, rows=result.rows, findings=result.findings)
    return 0


if __name__ == "__main__":
    sys.exit(guarded(lambda: tyro.cli(main)))
