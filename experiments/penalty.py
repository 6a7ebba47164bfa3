"""What λ does to a class model (Simonyan et al. 2013, equation 1).

Claim: λ of `S_c(I) − λ‖I‖²` trades the score for a small image. The paper does not say which it
took. Below some value the ascent ends before the penalty is felt, above another nothing is left of
the class.

    vizjax run penalty [--classes zebra goldfish] [--recipe natural]
    vizjax sweep penalty

Expected: means over three classes, 100 steps; score and norm before rounding, the posterior of the
picture in 8 bits:

| λ | score | norm | posterior |
|---|--:|--:|--:|
| 0 | 4367 | 55,000 | 0.60 |
| 3e-08 | 4173 | 53,300 | 0.66 |
| 3e-07 | 3665 | 44,900 | 0.56 |
| 3e-06 | 1293 | 14,400 | 1.00 |
| 3e-05 | 183 | 2,800 | 1.00 |
| 0.0003 | 2 | 560 | 0.00 |

With little or no penalty the image leaves the range of a photograph, and is clipped to it when it
is shown: its score is the highest, and what is shown need not be of the class. Time: 1.5 minutes on
one core.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure as Plot

from experiments import sheet
from experiments.kept import kept
from experiments.looks import looks, scores_of, shown
from experiments.photographs import checksums, rounded, share
from experiments.sheet import Cell, Row
from vizjax.ascent import NATURAL, PAPER, Recipe, class_models
from vizjax.ascent.objectives import total_variation
from vizjax.cli.console import progress
from vizjax.errors import InputError
from vizjax.models import Network, load
from vizjax.pictures import Picture
from vizjax.runs import Figure, Grid, Result, table

RECIPES = {"paper": PAPER, "natural": NATURAL}


@dataclass(frozen=True)
class Config:
    """Which classes, how their images are optimised, and which λ."""

    l2: float = PAPER.l2
    """λ, score per squared grey level."""
    decades: int = 2
    """So many powers of ten below and above λ are shown as well, and λ = 0; 0 for λ alone."""
    classes: tuple[str, ...] = ("dalmatian", "bell pepper", "ostrich")
    """By name."""
    recipe: Literal["paper", "natural"] = "paper"
    """All but λ, steps and rate: plain ascent on pixels, or Fourier coefficients and more."""
    steps: int = PAPER.steps
    """Of the ascent."""
    rate: float = PAPER.learning_rate
    """Of the recipe `paper`; of `natural` 0.02 suits."""
    network: str = "squeezenet1_1"
    """A name that `vizjax.load` knows, or the path of a MatConvNet file."""
    seed: int = 0
    """Of the random transformations, where there are any."""

    def __post_init__(self):
        if not self.classes:
            raise InputError("`classes` is empty; expected at least one")
        if self.decades < 0:
            raise InputError(f"`decades` is {self.decades}; expected 0 or more")
        for weight in self.weights:
            self.with_l2(weight)  # a value out of range is refused here

    @property
    def weights(self) -> list[float]:
        """Every λ, in order."""
        if not self.decades:
            return [self.l2]
        steps = range(-self.decades, self.decades + 1)
        return sorted({0.0, *(float(f"{self.l2 * 10.0**step:.6g}") for step in steps)})

    def with_l2(self, weight: float) -> Recipe:
        """The recipe with one λ."""
        return dataclasses.replace(
            RECIPES[self.recipe], steps=self.steps, learning_rate=self.rate, l2=weight
        )


TINY = Config(classes=("lemon",), decades=1, l2=3e-4, steps=6)

SWEEP = Grid(
    l2=(0.0, 1e-8, 1e-7, 3e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4),
    decades=(0,),
)


class Model(NamedTuple):
    """A class model under one λ.

    Attributes:
      score: of the image before it is rounded.
      norm: its Euclidean norm, in grey levels, the mean image not counted.
      total_variation: per pixel and colour, in grey levels.
      posterior: of the picture as it is shown.
      contrast: likewise; see `experiments.looks.Look`.
    """

    score: float
    norm: float
    total_variation: float
    posterior: float
    contrast: float


def run(config: Config, work: Path) -> Result:
    """Optimises the classes under every λ."""
    network = load(config.network)
    labels = [network.labels.index(name) for name in config.classes]
    metrics: list[dict[str, Any]] = []
    rows, found, seen, arrays = [], {}, {}, {}
    for number, weight in enumerate(config.weights):
        models, pictures, trace = optimised(config, network, labels, weight, work / f"{number}.npz")
        found[weight], seen[weight] = models, pictures
        arrays[f"{number}_pictures"], arrays[f"{number}_objective"] = np.stack(pictures), trace
        for name, model in zip(config.classes, models, strict=True):
            metrics.append({"lambda": weight, "class": name, **_rounded(model)})
        rows.append([f"{weight:g}", *(f"{value:.4g}" for value in _mean(models))])
    summary = _rounded(_mean(found[config.weights[_own(config)]]))
    metrics.append({"summary": True, "classes": len(labels), **summary})
    caption = _caption(config, network)
    figures = {"images": Figure.of_plot(_images(config, found, seen), caption)}
    if len(config.weights) > 1:
        figures["lambda"] = Figure.of_plot(_curves(config, found), _curves_caption(config))
    header = ["λ, means", *(field.replace("_", " ") for field in Model._fields)]
    return Result(metrics, arrays, figures, {"lambda": table(header, rows)}, checksums(network))


def optimised(
    config: Config, network: Network, labels: Sequence[int], weight: float, path: Path
) -> tuple[list[Model], list[Picture], np.ndarray]:
    """The class models under one λ: their figures, pictures, and the objective's course.

    Args:
      config: all else that they depend on.
      network: a classifier.
      labels: the classes.
      weight: λ.
      path: the file that the images are kept in.

    Raises:
      InputError: the images grew beyond all bounds.
    """
    mean = network.mean_image

    def ascent():
        with progress(config.steps, f"λ = {weight:g}") as advance:
            return class_models(
                jax.random.key(config.seed),
                network,
                np.array(labels),
                shape=mean.shape,
                mean=mean,
                recipe=config.with_l2(weight),
                progress=advance,
            )._asdict()

    found = kept(path, ascent)
    images, trace = found["images"], found["trace"]
    if not np.isfinite(images).all():
        raise InputError(
            f"`rate` is {config.rate:g} with a λ of {weight:g}; the image grew beyond all bounds; "
            "expected a smaller rate, or a smaller λ"
        )
    pictures = shown(images, mean)
    scores = scores_of(network, images + np.asarray(mean))
    models = []
    for number, (label, look) in enumerate(
        zip(labels, looks(network, pictures, labels), strict=True)
    ):
        image = np.asarray(images[number], np.float64)
        variation = float(total_variation(jnp.array(images[number]))) / (2 * image.size)
        score = float(scores[number, label])
        norm = float(np.linalg.norm(image))
        models.append(Model(score, norm, variation, look.posterior, look.contrast))
    return models, pictures, trace


def _mean(models: Sequence[Model]) -> Model:
    return Model(*np.mean(models, axis=0))


def _rounded(model: Model) -> dict[str, float]:
    return {name: rounded(value) for name, value in model._asdict().items()}


def _own(config: Config) -> int:
    """The place of the configuration's own λ among all."""
    return int(np.argmin(np.abs(np.array(config.weights) - config.l2)))


def _images(
    config: Config, found: dict[float, list[Model]], seen: dict[float, list[Picture]]
) -> Plot:
    rows = []
    for weight, pictures in seen.items():
        cells = [
            Cell(picture, f"{name} {share(model.posterior)}")
            for name, picture, model in zip(config.classes, pictures, found[weight], strict=True)
        ]
        rows.append(Row(cells, f"λ = {weight:g}"))
    return sheet.sheet(rows)


def _curves(config: Config, found: dict[float, list[Model]]) -> Plot:
    figure, axes = sheet.chart(9.5, panels=3)
    positive = [weight for weight in found if weight > 0]
    titles = {"score": "score", "norm": "norm of the image", "total_variation": "total variation"}
    for axis, (field, title) in zip(axes, titles.items(), strict=True):
        for number, name in enumerate(config.classes):
            colour = sheet.COLOURS[number % len(sheet.COLOURS)]
            values = [getattr(found[weight][number], field) for weight in positive]
            axis.plot(positive, values, "o-", color=colour, lw=2, label=name)
            if 0.0 in found:
                axis.axhline(getattr(found[0.0][number], field), color=colour, lw=1.2, ls=":")
        axis.set_xscale("log")
        axis.set_xticks(positive, [f"{weight:g}" for weight in positive])
        axis.minorticks_off()
        axis.set_ylim(bottom=0)
        sheet.named(axis, title=title, x="λ" if axis is axes[-1] else "")
    axes[0].legend(fontsize=sheet.SMALL, frameon=False)
    return figure


def _caption(config: Config, network: Network) -> str:
    others = dataclasses.replace(config.with_l2(config.l2), l2=0.0).caption()
    return (
        f"Class models of {network.name} under a growing λ, from the zero image, the training "
        "set's mean added; beside each name the posterior of the picture as it is shown. All else "
        f"is the same: {others.replace('l2 0', 'l2 as stated')}; seed {config.seed}."
    )


def _curves_caption(config: Config) -> str:
    return (
        "Of the images above, before rounding: the class's unnormalised score, the Euclidean norm "
        "in grey levels, and the total variation per pixel and colour in grey levels, against λ; "
        f"dotted: λ = 0. {config.steps} steps of the recipe {config.recipe}, rate {config.rate:g}."
    )
