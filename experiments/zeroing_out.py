"""What zeroing out random parts of the pictures does to the error, and to saliency maps.

Claim: Simonyan et al. 2013 train their ConvNet with "additional image jittering, based on
zeroing-out random parts of an image", and do not say what it is good for. Parts of an object that
are hidden at times might make the network look at all of it, and its saliency maps (§3.1) cover it.

    vizjax run zeroing_out [--trainings 3 --drawn 40000 --width 16]

Shapes are drawn for it, ten classes told apart by their outline alone, with exact masks. The same
seeds, with and without; every measure is of the map of the true class on the test pictures, at the
network's resolution: whether its maximum lies on a shape (no tolerance), how much of its energy
does, whether the box of what exceeds 15 % of the maximum has an IoU of 0.5 with a shape's.

Expected: here it does harm. In ten epochs, mean and range over three seeds, in percent; the
intervals are over the 2000 test pictures:

| | without | with | difference | 95 % interval |
|---|--:|--:|--:|--:|
| test error | 48.3 (47.1–49.6) | 57.0 (54.5–59.7) | +8.7 | +7.3 to +10.1 |
| pointing | 39.0 (38.8–39.3) | 36.1 (34.5–37.7) | -2.8 | -4.4 to -1.2 |
| energy inside | 19.7 (19.6–19.8) | 19.3 (19.2–19.6) | -0.3 | -0.4 to -0.2 |
| box error at IoU 0.5 | 72.4 (70.7–73.6) | 77.7 (77.1–78.9) | +5.3 | +4.0 to +6.6 |

No picture is learnt by heart in ten epochs of 40,000, so there is nothing to prevent: the shapes
are small, and a rectangle may hide one whole. Longer training was not tried. With dropout of half,
or 8000 pictures, the shapes are not learnt at all. Time: an hour and a quarter on one core, 7
minutes of it drawing.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

from experiments import sheet
from experiments.sheet import Cell, Row
from experiments.trainings import checksums, curves, finished, opened
from experiments.zeroing_out_maps import MEASURES, Measured, explained, loaded, measures
from vizjax import training
from vizjax.data import Dataset, dataset
from vizjax.errors import InputError
from vizjax.evaluation import paired_comparison
from vizjax.pictures import heat, to_pixels
from vizjax.runs import Figure, Result, table


@dataclass(frozen=True)
class Config(training.Config):
    """How many trainings, and how the ConvNet is trained; `patches` is 0 in half of them."""

    trainings: int = 3
    """Seeds, from `seed` on, each with and without."""
    drawn: int = 40_000
    """Shapes to train on. Of 4000 a net of this size learns the pictures, and not the shapes."""
    tested: int = 2000
    """Shapes to test on."""
    folder: Path | None = None
    """Where TFDS's datasets are, with shapes; by default they are drawn for the run."""
    share: float = 0.15
    """Of a map's maximum: what exceeds it makes the box (Selvaraju et al. 2017)."""
    shown: int = 5
    """Pictures in the figure."""
    size: int = 64
    """Height and width of the network's input, in pixels."""
    stride: int | None = 2
    """Of conv1."""
    width: int = 16
    """Channels of conv1; conv2 to conv5 have four times as many."""
    batch: int = 64
    """Pictures a step."""
    dropout: float = 0.0
    """The rate after fc6 and fc7. Of half, nothing of the shapes is learnt in this time."""
    learning_rate: float = 0.02
    """The highest."""
    epochs: float = 10.0
    """How often the training set is seen."""
    warmup: float = 0.2
    """Epochs over which it rises from zero, in a line."""
    every: float = 1.0
    """Epochs from one evaluation and checkpoint to the next."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the network's arithmetic; parameters are float32."""

    def __post_init__(self):
        super().__post_init__()
        for name in ("trainings", "drawn", "tested", "shown", "patches"):
            if getattr(self, name) < 1:
                raise InputError(f"`{name}` is {getattr(self, name)}; expected at least 1")
        if not 0 <= self.share < 1:
            raise InputError(f"`share` is {self.share}; expected 0 or more, below 1")


TINY = Config(
    trainings=2,
    drawn=32,
    tested=8,
    size=32,
    width=2,
    batch=8,
    epochs=2.0,
    every=2.0,
    shown=2,
    log=4,
)


def run(config: Config, work: Path) -> Result:
    """Trains every network, and asks each for the maps of all test pictures."""
    data = opened(
        "shapes", config, work, folder=config.folder, drawn=config.drawn, tested=config.tested
    )
    truth = dataset("shapes", folder=data.train.records.folder.parents[1])
    folders: dict[str, list[Path]] = {"without": [], "with": []}
    found: dict[str, list[Measured]] = {"without": [], "with": []}
    metrics: list[dict[str, Any]] = []
    for number in range(config.trainings):
        for name, patches in (("without", 0), ("with", config.patches)):
            seed = config.seed + number
            one = dataclasses.replace(config.resolved(), patches=patches, seed=seed)
            folder = work / f"{name} {seed}"
            finished(data, one, folder)
            folders[name].append(folder)
            measured = measures(loaded(folder, data), truth, config.share)
            found[name].append(measured)
            means = {m: float(getattr(measured, m).mean()) for m in MEASURES}
            metrics.append({"zeroing_out": name == "with", "seed": seed, **means})
    rows, summary = [], {"summary": True}
    for measure, title in MEASURES.items():
        by_seed = {
            name: np.array([getattr(one, measure) for one in ones]) for name, ones in found.items()
        }
        # Pictures are paired, each the mean over the seeds: the networks' own chance is shown by
        # their range.
        compared = paired_comparison(by_seed["with"].mean(axis=0), by_seed["without"].mean(axis=0))
        cells = [spread(by_seed[name].mean(axis=1)) for name in ("without", "with")]
        difference = f"{100 * compared.difference:+.1f}"
        interval = f"{100 * compared.low:+.1f} to {100 * compared.high:+.1f}"
        rows.append([title, *cells, difference, interval])
        summary |= {
            f"{measure}_without": float(by_seed["without"].mean()),
            f"{measure}_with": float(by_seed["with"].mean()),
            f"{measure}_difference": compared.difference,
            f"{measure}_low": compared.low,
            f"{measure}_high": compared.high,
        }
    header = ["%, mean (range over seeds)", "without", "with", "difference", "95 % interval"]
    full = config.resolved()
    caption = (
        f"ConvNet of width {full.width} at {full.size} pixels on {data.name}, "
        f"{len(data.train)} pictures, {full.epochs:g} epochs; with: {full.patches} part of up to "
        f"{full.patch:g} of each side zeroed out; seeds {config.seed} to "
        f"{config.seed + config.trainings - 1}"
    )
    return Result(
        [*metrics, summary],
        figures={
            "curves": Figure.of_plot(curves(folders), caption),
            "maps": Figure.of_plot(maps_shown(config, folders, data, truth), maps_caption(config)),
        },
        tables={"effect": table(header, rows)},
        inputs=checksums(data),
    )


def spread(values: np.ndarray) -> str:
    """A mean and a range, in percent."""
    return f"{100 * values.mean():.1f} ({100 * values.min():.1f}–{100 * values.max():.1f})"


def maps_shown(
    config: Config, folders: dict[str, list[Path]], data: training.Data, truth: Dataset
) -> Any:
    """Some test pictures, and the first seed's maps of them."""
    examples = list(truth[: config.shown])
    labels = jnp.array([example.labels[0] for example in examples])
    rows = []
    for name, paths in folders.items():
        network = loaded(paths[0], data)
        images = jnp.stack([network.prepare(example.photo) for example in examples])
        if not rows:
            names = [truth.classes[example.labels[0]] for example in examples]
            pictures = map(to_pixels, images)
            cells = [Cell(p, title) for p, title in zip(pictures, names, strict=True)]
            rows.append(Row(cells))
        _, maps = explained(network, images, labels)
        rows.append(Row([Cell(heat(one)) for one in np.asarray(maps)], name))
    return sheet.sheet(rows)


def maps_caption(config: Config) -> str:
    """Of the maps."""
    return (
        "Saliency maps of the true class, max over colours of the gradient's magnitude, each "
        f"scaled by its own maximum; networks of seed {config.seed}, trained without and with "
        "parts zeroed out"
    )
