"""`vizjax search`: the photographs that excite a network's channels most."""

import dataclasses
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from vizjax import figures
from vizjax.chunks import check_chunk
from vizjax.cli.console import complain, output_folder, progress, say, write_json
from vizjax.cli.networks import NetworkName
from vizjax.cli.photo_files import bytes_of, photo_files, size_of
from vizjax.cli.processes import Distributed
from vizjax.data.files import atomic_write
from vizjax.devices import Processes, connected
from vizjax.errors import InputError
from vizjax.exemplars import (
    Exemplars,
    box_on_photo,
    chosen_channels,
    search_photos,
    trace_back,
    view_of,
)
from vizjax.exemplars.montages import exemplar_figure, exemplar_section
from vizjax.models.network import Network
from vizjax.models.zoo import load
from vizjax.report import page
from vizjax.search import TopK, arrays_of, digest, found_of, joined, receptive_fields, start
from vizjax.search import load as load_state
from vizjax.search import save as save_state
from vizjax.types import Box

STATE = "state.safetensors"
"""What was found so far, from which a search that was interrupted goes on."""


@dataclass(frozen=True)
class Search:
    """Find the photographs that excite channels most, and what in them does so."""

    photos: Annotated[
        tuple[Path, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="PHOTO …", help_behavior_hint="(one or more)"),
    ]
    """The photographs: files, or folders with all that is in them."""
    out: Path
    """The folder for the results. Of a search that was interrupted, it goes on there."""
    layers: Annotated[tuple[str, ...], tyro.conf.arg(metavar="LAYER …")]
    """The layers whose channels are searched, such as fire3 fire8."""
    k: int = 9
    """Photographs a channel."""
    channels: Annotated[
        tuple[int, ...],
        tyro.conf.arg(metavar="CHANNEL …", help_behavior_hint="(default: some of each layer)"),
    ] = ()
    """Show these channels, of every layer."""
    show: int = 9
    """Show so many of each layer instead, evenly spaced."""
    network: NetworkName = "squeezenet1_1"
    rule: Literal["gradient", "deconvnet", "guided"] = "deconvnet"
    """The backward rule of the projections."""
    chunk: int = 16
    """Photographs in memory at once, on each device."""
    readers: int = 4
    """Threads that read photographs ahead."""
    distributed: Distributed = False


def run(options: Search) -> int:
    """Searches, saves as it goes, and shows what it found; bad photographs are passed over."""
    if not options.photos:
        raise InputError("`PHOTO` is missing; expected the path of a photograph or of a folder")
    check_chunk(options.chunk)
    if options.readers < 0:
        raise InputError(f"`--readers` is {options.readers}; expected 0 or more")
    with connected(options.distributed) as processes:
        return _run(options, processes)


def _run(options: Search, processes: Processes) -> int:
    options = dataclasses.replace(options, layers=tuple(dict.fromkeys(options.layers)))
    folder = output_folder(options.out)
    network = load(options.network, progress=say)
    network.with_rule(options.rule)
    state = start(network.activations, network.blank(), layers=options.layers, k=options.k)
    for layer, hits in state.hits.items():  # known before the work
        chosen_channels(layer, hits, options.channels or options.show)
    failures: list[int] = []
    photos = list(dict.fromkeys(photo_files(options.photos, failures)))
    searched = {
        "network": network.name,
        "parameters": digest(network),
        "layers": options.layers,
        "k": options.k,
        "photographs": len(photos),
        "files": digest([f"{path.name} {bytes_of(path)}" for path in photos]),
    }
    path, stretch = folder / STATE, processes.stretch(len(photos), step=options.chunk)
    if processes.count > 1:
        searched["stretch"] = [stretch.start, stretch.stop]
        part = f"{processes.number + 1}-of-{processes.count}"
        path = path.with_name(f"{path.stem}.{part}{path.suffix}")
    if path.exists():
        state = load_state(path, searched=searched)
    own = photos[stretch.start : stretch.stop]

    def work() -> dict[str, np.ndarray]:
        found = _searched(network, own, state, searched, path, options, failures)
        numbers = {"seen": found.seen, "status": max(failures, default=0)}
        return arrays_of(found) | {name: np.array(value) for name, value in numbers.items()}

    parts = processes.gathered(work)
    found = joined([found_of(part, options.layers, int(part["seen"])) for part in parts])
    if found.searched and processes.number == 0:  # the first writes
        exemplars = trace_back(
            network,
            photos,
            found,
            channels=options.channels or options.show,
            rule=options.rule,
            chunk=options.chunk,
        )
        write(folder, network, photos, exemplars, options)
        say(f"{found.searched} of {len(photos)} photographs searched in {folder}")
    return max(int(part["status"]) for part in parts)


def _searched(
    network: Network,
    photos: list[Path],
    state: TopK,
    searched: dict[str, Any],
    path: Path,
    options: Search,
    failures: list[int],
) -> TopK:
    """What all photographs give, saved after every chunk."""

    def unusable(number: int, error: Exception) -> None:
        failures.append(complain(error, about=str(photos[number])))

    for number in state.skipped:  # of the run that was interrupted
        try:
            view_of(network, photos[number])
        except InputError as error:
            unusable(number, error)
    with progress(len(photos), "photographs") as advance:
        done = 0

        def keep(found: TopK) -> None:
            nonlocal done
            if found.searched:
                save_state(path, found, searched=searched)
            advance(found.seen - done)
            done = found.seen

        return search_photos(
            network,
            photos,
            layers=options.layers,
            k=options.k,
            chunk=options.chunk,
            state=state,
            readers=options.readers,
            unusable=unusable,
            progress=keep,
        )


def write(
    folder: Path, network: Network, photos: list[Path], exemplars: Exemplars, options: Search
) -> None:
    """Writes the figures and the page; last, when all is there, the result."""
    for layer in options.layers:
        with atomic_write(folder / f"figure_{layer.replace('/', '.')}.png") as file:
            figures.write(exemplar_figure(network, exemplars, layer), file)
    html = page(
        "What excites a network's channels",
        f"Of {exemplars.found.searched} photographs those that excite channels of {network.name} "
        "most, cut to what a channel's strongest neuron sees, and this neuron traced back to the "
        "pixels (Zeiler & Fergus 2013, figure 2).",
        [exemplar_section(network, exemplars, layer) for layer in options.layers],
        footer="Made by vizjax search.",
    )
    with atomic_write(folder / "index.html") as file:
        file.write(html.encode())
    shown = dataclasses.asdict(options)
    result = {
        "network": network.name,
        "options": {name: shown[name] for name in ("layers", "k", "channels", "show", "rule")},
        "searched": exemplars.found.searched,
        "unusable": [str(photos[number]) for number in exemplars.found.skipped],
        "layers": {
            layer: _channels(network, photos, exemplars.found, layer) for layer in options.layers
        },
    }
    write_json(folder / "search.json", result)


def _channels(
    network: Network, photos: list[Path], found: TopK, layer: str
) -> list[dict[str, Any]]:
    """The hits of every channel of a layer, the strongest first."""
    boxes = receptive_fields(network.layer(layer), network.blank())
    size = functools.cache(lambda number: size_of(photos[number]))

    def hit(channel, number, value, row, column):
        box = Box(*boxes[(row, column, channel)[4 - boxes.ndim :]].tolist())
        return {
            "photo": str(photos[number]),
            "value": value,
            "row": row,
            "column": column,
            "box": list(box),
            "photo_box": list(box_on_photo(network, box, size(number))),
        }

    hits = found.hits[layer]
    columns = zip(*(part.tolist() for part in hits), strict=True)
    return [
        {
            "channel": channel,
            "hits": [
                hit(channel, number, value, row, column)
                for value, number, row, column in zip(*lists, strict=True)
                if number >= 0
            ],
        }
        for channel, lists in enumerate(columns)
    ]
