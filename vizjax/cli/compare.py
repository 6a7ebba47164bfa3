"""`vizjax compare`: all methods on one photograph, side by side."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import jax
import numpy as np
import tyro

from vizjax.attribution.registry import METHODS
from vizjax.cli.console import complain, output_folder, progress, say, write_json
from vizjax.cli.methods import MethodName, bound
from vizjax.cli.networks import NetworkName, classifier
from vizjax.comparison import compare, comparison_page
from vizjax.data.files import atomic_write
from vizjax.data.images import read_photo
from vizjax.errors import InputError


@dataclass(frozen=True)
class Compare:
    """Compare what the methods say of one class of one photograph."""

    photo: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="PHOTO")]
    """The photograph: JPEG, PNG, WebP, TIFF, GIF, BMP or PPM."""
    out: Path
    """The folder for the page and the raw attributions."""
    label: Annotated[str, tyro.conf.arg(help_behavior_hint="(optional)")] = ""
    """The class to explain: index, WordNet id or name; the one with the highest score otherwise."""
    method: Annotated[
        tuple[MethodName, ...],
        tyro.conf.UseAppendAction,
        tyro.conf.arg(help_behavior_hint="(repeatable)"),
    ] = ()
    """Compare these methods alone."""
    layer: Annotated[str, tyro.conf.arg(help_behavior_hint="(optional)")] = ""
    """The layer that methods of class activation read; the last plane unless given."""
    network: NetworkName = "squeezenet1_1"
    seed: int = 0
    """Of the random methods."""


def run(options: Compare) -> int:
    """Runs every method; one that the network is not made for is named, unless it was asked for."""
    folder = output_folder(options.out)
    network = classifier(options.network)
    label = network.labels.index(options.label) if options.label else None
    names = dict.fromkeys(options.method or METHODS)
    methods, refused = [], {}
    for name in names:
        layer = options.layer if "layer" in METHODS[name].hyperparameters else ""
        try:
            methods.append(bound(name, network, layer=layer, settings=()))
        except InputError as error:
            refused[name] = error
    photo = read_photo(options.photo)
    with progress(len(methods), "methods") as advance:
        found = compare(
            jax.random.key(options.seed), network, photo, methods, label=label, progress=advance
        )
    if not found.attributions:
        raise next(iter([*refused.values(), *map(InputError, found.refused.values())]))
    for method, raw in found.attributions.items():
        with atomic_write(folder / f"{method.name}.npy") as file:
            np.save(file, raw)
    result = {
        "image": {"path": str(options.photo)},
        "network": network.name,
        "label": found.label,
        "name": network.labels.name(found.label),
        "score": found.score,
        "posterior": found.posterior,
        "seed": options.seed,
        "methods": {
            m.name: {"attribution": f"{m.name}.npy", "hyperparameters": m.hyperparameters}
            for m in found.attributions
        },
    }
    html = comparison_page(network, found, name=options.photo.stem, seed=options.seed)
    with atomic_write(folder / "index.html") as file:
        file.write(html.encode(errors="replace"))
    write_json(folder / "result.json", result)
    reasons = {m.name: InputError(why) for m, why in found.refused.items()} | refused
    statuses = [complain(error, about=name) for name, error in reasons.items()]
    say(f"the page: {folder / 'index.html'}")
    return max(statuses) if statuses and options.method else 0
