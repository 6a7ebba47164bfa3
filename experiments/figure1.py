"""What classes look like to the network (Simonyan et al. 2013, figure 1 and equation 1).

Claim: the image that maximises `S_c(I) − λ‖I‖²` shows what the network has learnt of class c. On
SqueezeNet the paper's own ascent on pixels, recipe `paper`, gives textures that only the network
recognises; the same objective climbed in decorrelated Fourier coefficients under random shifts,
zooms and turns, recipe `natural`, gives pictures that a person recognises too.

    vizjax run figure1 [--classes zebra goldfish] [--natural-steps 400]

Expected: twelve pictures by either recipe, all taken for their class with a posterior above 0.99.
Means over the classes, of the pictures as they are shown:

| recipe | score | contrast | roughness | posterior after a blur of 2 pixels |
|---|--:|--:|--:|--:|
| paper | 280 | 27.5 | 19.6 | 0.0004 |
| natural | 510 | 33.2 | 24.9 | 0.28 |

So what the paper's ascent finds on this network lies in its finest grain: blurred, nothing of the
class is left. Time: 2 minutes on one core.
"""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure as Plot

from experiments import sheet
from experiments.kept import kept
from experiments.looks import Look, looks
from experiments.photographs import checksums, rounded
from experiments.sheet import Cell, Row
from vizjax.ascent import NATURAL, PAPER, Recipe
from vizjax.cli.console import progress
from vizjax.errors import InputError, unknown
from vizjax.models import Network, load
from vizjax.portraits import Portraits, portraits
from vizjax.runs import Figure, Result, table

RECIPES = {"paper": PAPER, "natural": NATURAL}

ACROSS = 3
"""Pictures a row."""


@dataclass(frozen=True)
class Config:
    """Which classes, and how their images are optimised."""

    classes: tuple[str, ...] = (
        "dumbbell", "cup", "dalmatian", "bell pepper", "lemon", "Siberian husky",
        "washing machine", "computer keyboard", "kit fox", "goose", "limousine", "ostrich",
    )  # fmt: skip
    """Those of the paper's figure."""
    recipes: tuple[str, ...] = tuple(RECIPES)
    """`paper`: the zero image, pixels, plain ascent. `natural`: Fourier coefficients and more."""
    paper_steps: int = PAPER.steps
    """Of the recipe `paper`."""
    paper_rate: float = PAPER.learning_rate
    """Of the recipe `paper`, in grey levels a unit of gradient."""
    paper_l2: float = PAPER.l2
    """λ of the recipe `paper`."""
    natural_steps: int = NATURAL.steps
    """Of the recipe `natural`."""
    natural_rate: float = NATURAL.learning_rate
    """Of the recipe `natural`, in deviations of a coefficient."""
    natural_l2: float = NATURAL.l2
    """λ of the recipe `natural`."""
    network: str = "squeezenet1_1"
    """A name that `vizjax.load` knows, or the path of a MatConvNet file."""
    seed: int = 0
    """Of the random transformations."""

    def __post_init__(self):
        for name in ("classes", "recipes"):
            if not getattr(self, name):
                raise InputError(f"`{name}` is empty; expected at least one")
        for recipe in self.recipes:
            if recipe not in RECIPES:
                raise unknown("recipes", recipe, list(RECIPES))
            self.recipe(recipe)  # a value out of range is refused here

    def recipe(self, name: str) -> Recipe:
        """The recipe with this configuration's steps, rate and λ."""
        steps, rate, l2 = (getattr(self, f"{name}_{field}") for field in ("steps", "rate", "l2"))
        return dataclasses.replace(RECIPES[name], steps=steps, learning_rate=rate, l2=l2)


TINY = Config(classes=("lemon", "dalmatian"), paper_steps=4, natural_steps=4)


def run(config: Config, work: Path) -> Result:
    """Optimises every class by every recipe, and asks the network what each picture is."""
    network = load(config.network)
    labels = [network.labels.index(name) for name in config.classes]
    metrics, arrays, figures, rows = [], {}, {}, []
    summary: dict[str, Any] = {"summary": True, "classes": len(labels)}
    for name in config.recipes:
        found = portrayed(config, network, labels, name, work / f"{name}.npz")
        seen = looks(network, found.pictures, labels)
        for title, label, look in zip(config.classes, labels, seen, strict=True):
            metrics.append({"recipe": name, "class": title, "label": label, **look.metrics()})
        means = Look(*np.mean(seen, axis=0))
        summary |= {f"{name}_{field}": rounded(value) for field, value in means._asdict().items()}
        rows.append([name, *(f"{value:.3g}" for value in means)])
        arrays[f"{name}_pictures"] = np.stack(found.pictures)
        arrays[f"{name}_objective"] = np.asarray(found.trace)
        caption = _caption(config, network, name, found)
        figures[name] = Figure.of_plot(_pictures(config, found), caption)
    figures["objective"] = Figure.of_plot(
        _climbs(config, arrays),
        "The objective before each step of the ascent: thin lines for the classes, a thick one for "
        "their mean. Under random transformations it jumps with them. "
        + " ".join(f"{name}: {config.recipe(name).caption()}." for name in config.recipes),
    )
    header = ["recipe, means", *(field.replace("_", " ") for field in Look._fields)]
    return Result(
        [*metrics, summary], arrays, figures, {"recipes": table(header, rows)}, checksums(network)
    )


def portrayed(
    config: Config, network: Network, labels: list[int], name: str, path: Path
) -> Portraits:
    """The class models by the recipe of that name, kept in a file."""
    recipe, key = config.recipe(name), jax.random.key(config.seed)

    def ascent():
        with progress(recipe.steps, f"class models, recipe {name}") as advance:
            return portraits(key, network, labels, recipe, progress=advance)._asdict()

    found = kept(path, ascent)
    return Portraits(
        list(found["pictures"]), found["posteriors"].tolist(), jnp.array(found["trace"])
    )


def _pictures(config: Config, found: Portraits) -> Plot:
    cells = [
        Cell(picture, name) for name, picture in zip(config.classes, found.pictures, strict=True)
    ]
    return sheet.sheet([Row(cells[k : k + ACROSS]) for k in range(0, len(cells), ACROSS)])


def floored(posterior: float) -> str:
    """A posterior with four digits, rounded down: never 1 for what is less.

    >>> floored(0.99999), floored(0.5)
    ('0.9999', '0.5')
    """
    return f"{math.floor(1e4 * posterior) / 1e4:g}"


def _climbs(config: Config, arrays: dict[str, np.ndarray]) -> Plot:
    figure, axes = sheet.chart(1 + 3 * len(config.recipes), panels=len(config.recipes))
    for axis, name in zip(axes, config.recipes, strict=True):
        axis.plot(arrays[f"{name}_objective"], color=sheet.COLOURS[0], lw=0.8, alpha=0.35)
        axis.plot(arrays[f"{name}_objective"].mean(axis=1), color=sheet.COLOURS[0], lw=3)
        sheet.named(axis, title=f"recipe {name}", x="step", y="objective")
    return figure


def _caption(config: Config, network: Network, name: str, found: Portraits) -> str:
    height, width, _ = network.mean_image.shape
    return (
        f"Class models of {network.name}, {height}×{width}: the image that maximises the class's "
        "unnormalised score less λ‖I‖², from the zero image; the training set's mean is added. The "
        "network gives each picture, as it is shown, a posterior of at least "
        f"{floored(min(found.posteriors))} to its class. Recipe {name}: "
        f"{config.recipe(name).caption()}; seed {config.seed}."
    )
