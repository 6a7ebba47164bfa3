"""What a network that was trained here has learnt: class models, saliency maps, what excites it.

Claim: the paper's three views, the class model (equation 1), the saliency map (§3.1) and, of
Zeiler & Fergus 2013, the pictures that excite a channel most with their DeconvNet projections, say
of a small network of one's own what they say of a large one: its classes are recognisable in what
maximises them, its maps lie on the object, its channels have kinds of pictures that they prefer.

    vizjax run cifar10_looks --network runs/train/HASH [--dataset cifar10]

Without a network it first trains one, as `vizjax run train_cifar10` does.

Expected, of the network that `vizjax run train_cifar10` describes: the natural class models of all
ten classes are recognisable and have a posterior of 1.00; the paper's have 0.92 in the mean and
show bird, deer, horse and ship; saliency maps are noisy; channels of relu5 prefer cars, horses,
antlers or heads of dogs, faces and wheels together.
Time: 2 minutes on 2 CPU cores.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments import sheet, train_cifar10
from experiments.sheet import Cell, Row
from experiments.trainings import checksums, finished, opened
from vizjax.ascent import NATURAL, PAPER, Recipe
from vizjax.attribution import saliency
from vizjax.attribution.smoothing import smooth
from vizjax.errors import InputError
from vizjax.exemplars import exemplars
from vizjax.exemplars.montages import montages
from vizjax.models import Network, load
from vizjax.models.trained import FILE
from vizjax.pictures import Picture, heat, to_pixels
from vizjax.portraits import portraits
from vizjax.runs import Figure, Result, checksum

ACROSS = 5


@dataclass(frozen=True)
class Config:
    """Which network, and what is asked of it."""

    network: Path | None = None
    """A file that vizjax wrote, or the folder of a training; None to train one first."""
    dataset: str = "cifar10"
    """Whose test pictures are looked at; shapes are drawn for the run."""
    folder: Path | None = None
    """Where TFDS's datasets are; by default where TFDS itself looks."""
    drawn: int = 2000
    """Shapes to draw, where they are the dataset; a quarter as many to test on."""
    searched: int = 10_000
    """Test pictures that are searched, at most."""
    layer: str = "relu5"
    """Whose channels."""
    channels: int = 6
    """So many of them, evenly spaced."""
    steps: int = 160
    """Of the ascent."""
    l2: float = 1e-5
    """λ of the paper's recipe, score per squared grey level; images are small, and λ larger."""
    rate: float = 50.0
    """Of the paper's recipe, in grey levels."""
    jitter: int = 4
    """Random shifts of the natural recipe, in pixels."""
    epochs: float = 60.0
    """Of the training, if there is one."""
    seed: int = 0
    """Of the random transformations, and of the training."""

    def __post_init__(self):
        for name in ("drawn", "searched", "channels", "steps"):
            if getattr(self, name) < 1:
                raise InputError(f"`{name}` is {getattr(self, name)}; expected at least 1")
        for recipe in self.recipes().values():
            recipe.caption()  # what is out of range was refused on the way

    def recipes(self) -> dict[str, Recipe]:
        """The paper's, and the one in natural directions, for small images."""
        change = dataclasses.replace
        return {
            "the paper's recipe": change(
                PAPER, steps=self.steps, l2=self.l2, learning_rate=self.rate
            ),
            "natural directions": change(
                NATURAL, steps=self.steps, jitter=self.jitter, scale=0.15, degrees=8.0
            ),
        }


TINY = Config(
    dataset="shapes",
    drawn=40,
    searched=10,
    channels=2,
    steps=3,
    epochs=1.0,
    jitter=1,
    layer="relu2",
)


def run(config: Config, work: Path) -> Result:
    """Trains if need be, then looks."""
    training = train_cifar10.TINY if config.dataset == "shapes" else train_cifar10.Config()
    training = dataclasses.replace(training, epochs=config.epochs, seed=config.seed)
    data = opened(config.dataset, training, work, folder=config.folder, drawn=config.drawn)
    path = config.network or work / "training"
    if config.network is None:
        finished(data, training, path)
    network = load(str(path))
    labels = list(range(len(network.labels)))
    figures, metrics = {}, []
    for name, recipe in config.recipes().items():
        key = jax.random.key(config.seed)
        shown = portraits(key, network, labels, recipe)
        cells = [
            Cell(large(picture), f"{network.labels.name(label)} {posterior:.2f}")
            for label, picture, posterior in zip(
                labels, shown.pictures, shown.posteriors, strict=True
            )
        ]
        caption = (
            f"Class models of {network.name} by {name} ({recipe.caption()}, seed {config.seed}), "
            "with the posterior of each"
        )
        title = "class models paper" if recipe.optimizer == "sgd" else "class models natural"
        figures[title] = Figure.of_plot(sheet.sheet(in_rows(cells)), caption)
        metrics += [
            {"class": network.labels.name(label), "recipe": title, "posterior": posterior}
            for label, posterior in zip(labels, shown.posteriors, strict=True)
        ]
    count = min(config.searched, len(data.test))
    photos = [data.test[index][0] for index in range(count)]
    truth = [data.test[index][1] for index in range(count)]
    found, posteriors = examples(network, photos, truth)
    figures["saliency"] = Figure.of_plot(
        saliency_sheet(network, photos, found),
        f"The first test pictures of each class that {network.name} gets right, and their saliency "
        "maps: the largest over the colours of the magnitude of the score's gradient, and its mean "
        "over 50 noisy copies (deviation 10 grey levels), each scaled by its own maximum",
    )
    metrics += [
        {"class": network.labels.name(label), "picture": index, "posterior": posteriors[index]}
        for label, index in found.items()
    ]
    excited = exemplars(
        network, photos, layers=[config.layer], k=9, channels=config.channels, chunk=250
    )
    rows = []
    height, width, _ = network.blank().shape
    for channel, ones in excited.shown[config.layer].items():
        patches, projections = montages(ones, (height, width), k=9)
        named = ", ".join(sorted({network.labels.name(truth[one.photo]) for one in ones}))
        rows.append(Row([Cell(patches), Cell(projections)], f"channel {channel}: {named}"))
    figures["search"] = Figure.of_plot(
        sheet.sheet(rows),
        f"Of {count} test pictures the nine that excite a channel of {config.layer} of "
        f"{network.name} most (what the strongest neuron sees), and their DeconvNet projections",
    )
    metrics.append(
        {
            "summary": True,
            "classes_right": len(found),
            "posterior_paper": mean(metrics, "class models paper"),
            "posterior_natural": mean(metrics, "class models natural"),
        }
    )
    file = path / FILE if path.is_dir() else path
    inputs = checksums(data) | {"network": checksum(file)}
    return Result(metrics, figures=figures, inputs=inputs)


def examples(
    network: Network, photos: list[np.ndarray], truth: list[int]
) -> tuple[dict[int, int], dict[int, float]]:
    """The first picture of each class that is classified rightly, and their posteriors."""
    found: dict[int, int] = {}
    posteriors: dict[int, float] = {}
    for index, (photo, label) in enumerate(zip(photos, truth, strict=True)):
        if label in found:
            continue
        posterior = np.asarray(jax.nn.softmax(scored(network, network.prepare(photo))))
        if posterior.argmax() == label:
            found[label], posteriors[index] = index, float(posterior[label])
        if len(found) == len(network.labels):
            break
    return dict(sorted(found.items())), posteriors


@jax.jit
def scored(network: Network, image: jax.Array) -> Any:
    """The scores of one image."""
    return network(image)


@jax.jit
def mapped(network: Network, key: jax.Array, image: jax.Array, label: jax.Array) -> Any:
    """The saliency map, and its mean over noisy copies (SmoothGrad)."""
    smoothed = smooth(saliency, samples=50, sigma=10.0)(key, network, image, label)
    return saliency(network, image, label), smoothed


def saliency_sheet(network: Network, photos: list[np.ndarray], found: dict[int, int]) -> Any:
    """Pictures in rows, below each row their maps, plain and smooth."""
    cells, plain, smooth = [], [], []
    for label, index in found.items():
        image = network.prepare(photos[index])
        maps = mapped(network, jax.random.key(index), image, jnp.asarray(label))
        cells.append(Cell(large(to_pixels(image)), network.labels.name(label)))
        for row, one in zip((plain, smooth), maps, strict=True):
            row.append(Cell(large(heat(one))))
    rows = []
    for start in range(0, len(cells), ACROSS):
        rows += [Row(row[start : start + ACROSS]) for row in (cells, plain, smooth)]
    return sheet.sheet(rows)


def in_rows(cells: list[Cell]) -> list[Row]:
    """So many a row."""
    return [Row(cells[start : start + ACROSS]) for start in range(0, len(cells), ACROSS)]


def large(picture: Picture) -> Picture:
    """A small picture with each pixel as a square, so that no one smooths it."""
    times = max(1, 128 // max(picture.shape[:2]))
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def mean(metrics: list[dict[str, Any]], recipe: str) -> float:
    """Of the posteriors of one recipe's class models."""
    return float(np.mean([line["posterior"] for line in metrics if line.get("recipe") == recipe]))
