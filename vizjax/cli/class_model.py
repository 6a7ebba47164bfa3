"""`vizjax class-model`: what a network has learnt of its classes."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import jax
import numpy as np
import tyro

from vizjax import figures
from vizjax.ascent import NATURAL, PAPER, Recipe
from vizjax.cli.console import output_folder, progress, say, write_json
from vizjax.cli.networks import NetworkName, classifier
from vizjax.cli.processes import Distributed
from vizjax.data.files import atomic_write
from vizjax.data.images import write_png
from vizjax.devices import Processes, connected
from vizjax.errors import InputError
from vizjax.portraits import portraits

RECIPES = {"paper": PAPER, "natural": NATURAL}


def _of_recipe(name: str, metavar: str) -> Any:
    values = ", ".join(f"{recipe}: {getattr(RECIPES[recipe], name)}" for recipe in RECIPES)
    return tyro.conf.arg(metavar=metavar, help_behavior_hint=f"({values})")


@dataclass(frozen=True)
class ClassModel:
    """Make images that maximise the scores of classes. Options not given are the recipe's."""

    labels: Annotated[
        tuple[str, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="CLASS …", help_behavior_hint="(one or more)"),
    ]
    """The classes: index, WordNet id or name."""
    out: Path
    """The folder for the images, the traces and the parameters."""
    recipe: Literal["paper", "natural"] = "natural"
    """paper: score less λ‖I‖², on pixels; natural: on Fourier coefficients, with transforms."""
    network: NetworkName = "squeezenet1_1"
    seed: int = 0
    """Of the random transformations."""
    steps: Annotated[int | None, _of_recipe("steps", "INT")] = None
    """Steps of ascent."""
    optimizer: Annotated[Literal["sgd", "adam"] | None, _of_recipe("optimizer", "{sgd,adam}")] = (
        None
    )
    """sgd has a momentum of 0.9."""
    learning_rate: Annotated[float | None, _of_recipe("learning_rate", "FLOAT")] = None
    """In pixel units, or deviations of Fourier coefficients."""
    l2: Annotated[float | None, _of_recipe("l2", "FLOAT")] = None
    """λ: score per squared unit of pixel value."""
    objective: Annotated[
        Literal["score", "posterior"] | None, _of_recipe("objective", "{score,posterior}")
    ] = None
    """The unnormalised score, or the posterior, the paper's ablation: with adam and a small l2."""
    parameterisation: Annotated[
        Literal["pixels", "fourier"] | None, _of_recipe("parameterisation", "{pixels,fourier}")
    ] = None
    """What the ascent moves."""
    decay: Annotated[float | None, _of_recipe("decay", "FLOAT")] = None
    """Exponent of the amplitude spectrum, for fourier."""
    jitter: Annotated[int | None, _of_recipe("jitter", "INT")] = None
    """Random shifts of up to so many pixels."""
    scale: Annotated[float | None, _of_recipe("scale", "FLOAT")] = None
    """Random zooms by up to this share."""
    degrees: Annotated[float | None, _of_recipe("degrees", "FLOAT")] = None
    """Random turns by up to so many degrees."""
    untouched: Annotated[float | None, _of_recipe("untouched", "FLOAT")] = None
    """The share of steps without shift, zoom and turn."""
    total_variation: Annotated[float | None, _of_recipe("total_variation", "FLOAT")] = None
    """Weight of the total variation."""
    blur: Annotated[float | None, _of_recipe("blur", "FLOAT")] = None
    """Deviation in pixels of a blur after every step, for pixels."""
    distributed: Distributed = False

    def resolved(self) -> Recipe:
        """The recipe with what was given in place of its own."""
        names = (field.name for field in dataclasses.fields(Recipe))
        given = {name: value for name in names if (value := getattr(self, name)) is not None}
        return dataclasses.replace(RECIPES[self.recipe], **given)


def run(options: ClassModel) -> int:
    """Optimises all classes in one batch and writes what came of it."""
    if not options.labels:
        raise InputError("`CLASS` is missing; expected at least one index, WordNet id or name")
    with connected(options.distributed) as processes:
        return _run(options, processes)


def _run(options: ClassModel, processes: Processes) -> int:
    folder = output_folder(options.out)
    recipe = options.resolved()
    network = classifier(options.network)
    labels = list(dict.fromkeys(network.labels.index(label) for label in options.labels))
    with progress(recipe.steps, "steps") as advance:
        key = jax.random.key(options.seed)
        shown = portraits(key, network, labels, recipe, processes=processes, progress=advance)
    if processes.number:  # the first writes
        return 0
    for label, image in zip(labels, shown.pictures, strict=True):
        write_png(folder / f"{label}.png", image)
    with atomic_write(folder / "trace.csv") as file:
        header = ",".join(map(str, labels))
        np.savetxt(file, shown.trace, delimiter=",", header=header, comments="", fmt="%.9g")
    with atomic_write(folder / "figure.png") as file:
        titles = [
            f"{network.labels.name(label)}\nposterior {posterior:.3f}"
            for label, posterior in zip(labels, shown.posteriors, strict=True)
        ]
        caption = f"{network.name}; {recipe.caption()}; seed {options.seed}"
        figure = figures.class_model_figure(shown.pictures, titles, shown.trace, caption=caption)
        figures.write(figure, file)
    result = {
        "network": network.name,
        "seed": options.seed,
        "recipe": dataclasses.asdict(recipe),
        "classes": [
            {
                "label": label,
                "wnid": network.labels.wnid(label),
                "name": network.labels.name(label),
                "image": f"{label}.png",
                "posterior": posterior,
                "objective": float(shown.trace[-1, number]),
            }
            for number, (label, posterior) in enumerate(zip(labels, shown.posteriors, strict=True))
        ],
    }
    write_json(folder / "result.json", result)
    say(f"{len(labels)} class models in {folder}")
    return 0
