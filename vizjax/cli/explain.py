"""`vizjax explain`: what a network sees in photographs."""

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import jax
import numpy as np
import tyro

from vizjax import pictures
from vizjax.attribution.registry import Bound
from vizjax.cli.console import complain, output_folder, progress, say, write_json
from vizjax.cli.methods import MethodName, bound
from vizjax.cli.networks import NetworkName, classifier, programs_of
from vizjax.cli.photo_files import folder_names
from vizjax.cli.processes import Distributed
from vizjax.data.files import atomic_write
from vizjax.data.images import canvas, read_photo, write_png
from vizjax.devices import Processes, connected
from vizjax.errors import InputError
from vizjax.explain import Explanation, Located, Prediction, begin, default_views, segmented
from vizjax.localisation import CAPTION, compile_ahead, localise_classes
from vizjax.maps import shape_of_scores, size_of
from vizjax.models.network import Network
from vizjax.procedures import procedures
from vizjax.targets import check
from vizjax.types import Photo


@dataclass(frozen=True)
class Explain:
    """Show what a network sees in photographs: classes, maps, masks and boxes."""

    photos: Annotated[
        tuple[Path, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="PHOTO …", help_behavior_hint="(one or more)"),
    ]
    """The photographs: JPEG, PNG, WebP, TIFF, GIF, BMP or PPM."""
    out: Path
    """The folder for the results, one folder a photograph inside."""
    top: int = 5
    """Explain so many of the classes with the highest scores."""
    label: Annotated[
        tuple[str, ...],
        tyro.conf.UseAppendAction,
        tyro.conf.arg(metavar="CLASS", help_behavior_hint="(repeatable)"),
    ] = ()
    """Explain this class instead: index, WordNet id or name."""
    network: NetworkName = "squeezenet1_1"
    recipe: Literal["paper", "vizjax"] = "paper"
    """How objects are located: as in the paper, from the maps of `--method`; or by saliency at a
    deep layer over a pyramid of scales, which takes longer and is right more often."""
    method: MethodName = "saliency"
    """What a map is."""
    layer: Annotated[str, tyro.conf.arg(help_behavior_hint="(optional)")] = ""
    """The layer that a method of class activation reads; the last plane unless given."""
    set: Annotated[
        tuple[str, ...],
        tyro.conf.UseAppendAction,
        tyro.conf.arg(metavar="NAME=VALUE", help_behavior_hint="(repeatable)"),
    ] = ()
    """A hyperparameter of the method, such as samples=100."""
    rule: Literal["gradient", "deconvnet", "guided"] = "gradient"
    """The backward rule of the rectifiers."""
    views: Literal[1, 10, "auto"] = "auto"
    """Views of each photograph: its centre, the paper's ten, or ten unless the method is slow."""
    seed: int = 0
    """Of the colour models' start, and of a random method."""
    distributed: Distributed = False


def views_of(options: Explain, method: Bound) -> int:
    """How many views of each photograph."""
    return default_views(method) if options.views == "auto" else options.views


def caption(options: Explain, network: Network, method: Bound) -> str:
    """The parameters under a figure."""
    views = views_of(options, method)
    averaged = "the centre view" if views == 1 else f"mean of {views} views"
    if options.recipe == "vizjax":
        parameters = procedures(network)["vizjax"].parameters()
        return (
            f"{network.name}; scores: {averaged}; recipe vizjax by the {options.rule} rule: "
            f"{parameters}"
        )
    return f"{network.name}; {method.caption()} by the {options.rule} rule, {averaged}. {CAPTION}"


def run(options: Explain) -> int:
    """Explains every photograph; one that fails does not stop the others."""
    if not options.photos:
        raise InputError("`PHOTO` is missing; expected the path of at least one photograph")
    with connected(options.distributed) as processes:
        return _run(options, processes)


def _run(options: Explain, processes: Processes) -> int:
    folder = output_folder(options.out)
    run = programs_of(options.network)
    network = classifier(options.network, run=run)
    labels = list(dict.fromkeys(network.labels.index(label) for label in options.label))
    method = bound(options.method, network, layer=options.layer, settings=options.set)
    network, run = network.with_rule(options.rule), programs_of(options.network, options.rule)
    shape = shape_of_scores(network, views=views_of(options, method), run=run)
    for label in labels:
        check(label, shape)
    if not 1 <= options.top <= shape[0]:
        raise InputError(f"`--top` is {options.top}; expected 1 to {shape[0]} classes")
    if options.recipe == "vizjax" and options.method != "saliency":
        raise InputError(
            f"`--method` is {options.method}, and `--recipe vizjax` has maps of its own; expected "
            "one of the two"
        )
    key = jax.random.key(options.seed)
    how: dict[str, Any] = {"localise": functools.partial(localise_classes, run=run)}
    if options.recipe == "vizjax":
        recipe = procedures(network)["vizjax"]
        how = {"evidence": recipe.evidence, "localise": segmented(recipe.segment)}
    failures = []
    stretch = processes.stretch(len(options.photos))
    named = list(zip(options.photos, folder_names(options.photos), strict=True))
    named = named[stretch.start : stretch.stop]

    def steps(path: Path, name: str) -> Iterator[None]:
        photo = read_photo(path)
        rest = begin(
            key,
            network,
            photo,
            top=options.top,
            labels=labels,
            method=method,
            views=views_of(options, method),
            run=run,
            **how,
        )
        # While the device is busy: heavy imports, and the programs of what comes next.
        beside.submit(_import_what_follows)
        if path == named[0][0] and options.recipe == "paper":
            size = network.preprocessing.short_side or max(size_of(network))
            height, width, _ = canvas(photo, size).shape
            compile_ahead(height, width, len(labels) or options.top, run=run)
        yield
        write(folder / name, path, photo, rest(), network, options, method)

    def step(path: Path, rest: Iterator[None]) -> None:
        try:
            next(rest, None)
        except Exception as error:
            failures.append(complain(error, about=str(path)))

    works = ((path, steps(path, name)) for path, name in named)
    with ThreadPoolExecutor(1) as beside, progress(len(named), "photographs") as advance:
        # The device begins a photograph before the host ends the one before.
        for last, following in itertools.pairwise([None, *works, None]):
            if following:
                step(*following)
            if last:
                step(*last)
                advance(1)
    if done := len(named) - len(failures):
        say(f"{done} of {len(named)} photographs explained in {folder}")
    return max(failures, default=0)


def _import_what_follows() -> None:
    """Imports what only cuts and figures need, and takes long: whoever needs it waits for it."""
    import scipy.ndimage  # noqa: F401

    from vizjax import figures  # noqa: F401


def write(
    folder: Path,
    path: Path,
    photo: Photo,
    explanation: Explanation,
    network: Network,
    options: Explain,
    method: Bound,
) -> None:
    """Writes the maps, masks and figure of one photograph; last, when all is there, the result."""
    from vizjax import figures

    height, width = photo.shape[:2]
    with ThreadPoolExecutor(1) as beside:  # the figure is drawn meanwhile
        entries = beside.submit(
            lambda: [
                _written(folder, prediction, prediction.at(height, width), network)
                for prediction in explanation.predictions
            ]
        )
        name = path.name.encode(errors="replace").decode()  # bytes that are no text become "?"
        figure = figures.explanation_figure(
            explanation,
            network.labels,
            caption=f"{name}: {caption(options, network, method)}",
            column="evidence" if options.recipe == "vizjax" else method.name,
        )
        with atomic_write(folder / "figure.png") as file:
            figures.write(figure, file, dots=figures.PHOTO_DOTS)
        predictions = entries.result()
    result = {
        "image": {"path": str(path), "width": width, "height": height},
        "network": network.name,
        "options": _options(options, method),
        "predictions": predictions,
    }
    write_json(folder / "result.json", result)
    labels = {p.label for p in explanation.predictions}
    for old in [*folder.glob("saliency_*"), *folder.glob("mask_*")]:
        label = old.stem.partition("_")[2]
        if label.isdecimal() and int(label) not in labels and old.suffix in (".npy", ".png"):
            old.unlink()  # of a class that an earlier run explained


def _written(
    folder: Path, prediction: Prediction, located: Located, network: Network
) -> dict[str, Any]:
    """Writes the map and the mask of a class; returns its entry in the result."""
    label = prediction.label
    saliency, mask = f"saliency_{label}", f"mask_{label}.png"
    with atomic_write(folder / f"{saliency}.npy") as file:
        np.save(file, located.saliency)
    write_png(folder / f"{saliency}.png", pictures.attribution(located.saliency))
    write_png(folder / mask, located.mask)
    return {
        "label": label,
        "wnid": network.labels.wnid(label),
        "name": network.labels.name(label),
        "score": prediction.score,
        "posterior": prediction.posterior,
        "box": None if located.box is None else list(located.box),
        "mask": mask,
        "saliency": f"{saliency}.npy",
    }


def _options(options: Explain, method: Bound) -> dict[str, Any]:
    shown = dataclasses.asdict(options)
    chosen = {name: shown[name] for name in ("top", "label", "recipe", "rule", "seed")}
    views = views_of(options, method)
    return chosen | {
        "views": views,
        "method": method.name,
        "hyperparameters": method.hyperparameters,
    }
