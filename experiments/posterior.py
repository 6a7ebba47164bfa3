"""Why class models climb the score and not the posterior (Simonyan et al. 2013, section 2).

Claim: the posterior `P_c = exp S_c / Σ_k exp S_k` can also grow by the fall of the other classes'
scores, so that images which maximise it show less of class c; the paper's authors found them "not
visually prominent".

    vizjax run posterior [--classes zebra goldfish]

How much of the paper's reason is true is measured by the log odds, `log P_c / (1 − P_c) = S_c − log
Σ_{k≠c} exp S_k`: `own` is how far an ascent raised the first term, `others` how far the second,
until the end, and until the first step whose posterior is `REACHED`.

Expected: both objectives make pictures that the network is sure of (posterior above 0.99), the
posterior's with a tenth of the score and, on pixels, a quarter of the contrast. Means of six:

| recipe | objective | score | contrast | posterior after a blur |
|---|---|--:|--:|--:|
| pixels | score | 447 | 20.1 | 0.012 |
| pixels | posterior | 30 | 5.8 | 0.001 |
| natural | score | 583 | 35.1 | 0.50 |
| natural | posterior | 46 | 32.0 | 0.32 |

On pixels the class's own score rises by 444 and 26, and all others' rise as well, by 330 and 4:
they fall under the posterior alone, by some 2, and only at first. What keeps its images faint is
that it is content once the class is ahead of the others. Where it begins near 0 it may not move for
a hundred steps (the bell pepper, `natural`). Time: 4 minutes on one core.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Plot

from experiments import sheet
from experiments.photographs import checksums, rounded, share
from experiments.posterior_climbs import REACHED, Climbed, climbed, cosines, gains
from experiments.sheet import Cell, Row
from vizjax.ascent import NATURAL, PAPER, Recipe
from vizjax.ascent.objectives import OBJECTIVES
from vizjax.errors import InputError, unknown
from vizjax.models import Network, load
from vizjax.runs import Figure, Result, table

PIXELS = dataclasses.replace(PAPER, optimizer="adam", learning_rate=1.0)
"""The paper's recipe by Adam: plain ascent hardly moves where the posterior is near 0 or 1."""

RECIPES = {"pixels": PIXELS, "natural": NATURAL}

ACROSS = 3
"""Pictures a row."""


@dataclass(frozen=True)
class Config:
    """Which classes, and how both objectives are climbed."""

    classes: tuple[str, ...] = (
        "dalmatian", "bell pepper", "ostrich", "goldfish", "zebra", "tarantula",
    )  # fmt: skip
    """By name."""
    recipes: tuple[str, ...] = tuple(RECIPES)
    """`pixels`: the zero image, plain pixels, Adam. `natural`: Fourier coefficients and more."""
    pixels_steps: int = PIXELS.steps
    """Of the recipe `pixels`."""
    pixels_rate: float = PIXELS.learning_rate
    """Of the recipe `pixels`, in grey levels a step."""
    natural_steps: int = NATURAL.steps
    """Of the recipe `natural`."""
    natural_rate: float = NATURAL.learning_rate
    """Of the recipe `natural`, in deviations of a coefficient a step."""
    score_l2: float = 1e-6
    """λ with the score, score per squared grey level."""
    posterior_l2: float = 1e-9
    """λ with the posterior, which is at most 1."""
    network: str = "squeezenet1_1"
    """A name that `vizjax.load` knows, or the path of a MatConvNet file."""
    seed: int = 0
    """Of the random transformations."""

    def __post_init__(self):
        for name in ("classes", "recipes"):
            if not getattr(self, name):
                raise InputError(f"`{name}` is empty; expected at least one")
        for name in self.recipes:
            if name not in RECIPES:
                raise unknown("recipes", name, list(RECIPES))
            for objective in OBJECTIVES:
                self.recipe(name, objective)  # a value out of range is refused here

    def recipe(self, name: str, objective: Any) -> Recipe:
        """The recipe of that name for one of the objectives."""
        return dataclasses.replace(
            RECIPES[name],
            objective=objective,
            steps=getattr(self, f"{name}_steps"),
            learning_rate=getattr(self, f"{name}_rate"),
            l2=getattr(self, f"{objective}_l2"),
        )


TINY = Config(classes=("lemon",), recipes=("pixels",), pixels_steps=12)


def run(config: Config, work: Path) -> Result:
    """Climbs both objectives for every class by every recipe."""
    network = load(config.network)
    labels = [network.labels.index(name) for name in config.classes]
    metrics: list[dict[str, Any]] = []
    summary: dict[str, Any] = {"summary": True, "classes": len(labels)}
    rows, arrays, figures = [], {}, {}
    for name in config.recipes:
        found = {
            kind: climbed(
                config.recipe(name, kind),
                network,
                labels,
                seed=config.seed,
                path=work / f"{name}_{kind}.npz",
            )
            for kind in OBJECTIVES
        }
        for kind, one in found.items():
            lines = [{**one.looks[k].metrics(), **gains(one.course, k)} for k in range(len(labels))]
            head = {"recipe": name, "objective": kind}
            metrics += [
                {**head, "class": title, **line}
                for title, line in zip(config.classes, lines, strict=True)
            ]
            mean = averaged(lines)
            summary |= {f"{name}_{kind}_{key}": value for key, value in mean.items()}
            rows.append([f"{name}, {kind}", *(_cell(mean[key]) for key in COLUMNS)])
            arrays[f"{name}_{kind}_pictures"] = np.stack(one.pictures)
            arrays[f"{name}_{kind}_scores"] = one.course.score
            arrays[f"{name}_{kind}_others"] = one.course.others
        alike = cosines(found["score"].images, found["posterior"].images)
        metrics += [
            {"recipe": name, "class": title, "cosine_of_images": rounded(value)}
            for title, value in zip(config.classes, alike, strict=True)
        ]
        caption = _caption(config, network, name)
        figures[f"{name}_images"] = Figure.of_plot(_images(config, found), caption)
        if not config.recipe(name, "score").jitter:  # else the scores jump with the image
            figure = _courses(found)
            figures[f"{name}_scores"] = Figure.of_plot(figure, _course_caption(config, name))
    header = ["recipe, objective", *COLUMNS.values()]
    return Result(
        [*metrics, summary],
        arrays,
        figures,
        {"objectives": table(header, rows)},
        checksums(network),
    )


COLUMNS = {
    "score": "score",
    "posterior": "posterior",
    "contrast": "contrast",
    "posterior_blurred": "posterior, blurred",
    "steps_to": f"steps to {REACHED}",
    "own_then": "own then",
    "others_then": "others then",
    "own": "own in the end",
    "others": "others in the end",
}
"""Of the lines of metrics, those that the table has."""


def averaged(lines: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """The mean of each value over the lines that have one."""
    means: dict[str, float | None] = {}
    for key in lines[0]:
        known = [float(line[key]) for line in lines if line[key] is not None]
        means[key] = rounded(float(np.mean(known))) if known else None
    return means


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _images(config: Config, found: dict[str, Climbed]) -> Plot:
    cells = {
        kind: [
            Cell(picture, f"{name}\nS {look.score:.0f}, P {share(look.posterior)}")
            for name, picture, look in zip(config.classes, one.pictures, one.looks, strict=True)
        ]
        for kind, one in found.items()
    }
    return sheet.sheet(
        [
            Row(some[start : start + ACROSS], f"climbing the {kind}")
            for start in range(0, len(config.classes), ACROSS)
            for kind, some in cells.items()
        ]
    )


def _courses(found: dict[str, Climbed]) -> Plot:
    figure, axes = sheet.chart(8.5, panels=2)
    for axis, (kind, one) in zip(axes, found.items(), strict=True):
        for values, colour, name in (
            (one.course.score, sheet.COLOURS[0], "the class's own score"),
            (one.course.others, sheet.COLOURS[1], "all others' (log of summed exponentials)"),
        ):
            axis.plot(values, color=colour, lw=0.8, alpha=0.35)
            axis.plot(values.mean(axis=1), color=colour, lw=3, label=name)
        sheet.named(axis, title=f"climbing the {kind}", y="score", x="step")
    axes[0].legend(fontsize=sheet.SMALL, frameon=False)
    return figure


def _caption(config: Config, network: Network, name: str) -> str:
    both = "; ".join(config.recipe(name, kind).caption() for kind in OBJECTIVES)
    return (
        f"Images that maximise a class's unnormalised score, and its posterior, to "
        f"{network.name}, from the zero image; the training set's mean is added. S: the score of "
        f"the picture as it is shown, P: its posterior. {both}; seed {config.seed}."
    )


def _course_caption(config: Config, name: str) -> str:
    return (
        "What either objective does to the scores: before each step the class's own unnormalised "
        "score, and all others' as log Σ exp S; the posterior is near 1 once the first is well "
        "above the second. Thin lines: single classes; thick: their mean. "
        + "; ".join(config.recipe(name, kind).caption() for kind in OBJECTIVES)
        + f"; seed {config.seed}."
    )
