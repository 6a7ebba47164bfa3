"""The benchmark's command: see `python -m experiments.bench --help`."""

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import tyro

from experiments.bench.inputs import IMAGES, SAMPLES, SIGMA, Inputs
from experiments.bench.rows import EXPLAIN, LOCALISATION, NETWORKS, rows_of
from experiments.bench.table import KEPT, Results, keep, machine, slower, table_of
from experiments.bench.workers import measure, started
from experiments.speed import Config as SpeedConfig
from experiments.speed import random_convnet
from vizjax.cli.console import FAULT, complain, guarded, output_folder, progress, say
from vizjax.data import canvas, demo_photos, extract, ten_views
from vizjax.errors import InputError
from vizjax.explain import explain
from vizjax.models import Network, load


@dataclass(frozen=True)
class Bench:
    """Compare vizjax with PyTorch, Captum and OpenCV: ratios of times, on the same inputs."""

    networks: tuple[Literal["convnet", "squeezenet1_1"], ...] = NETWORKS
    """The paper's network with random weights, and SqueezeNet."""
    rows: tuple[str, ...] = ()
    """Only these rows, by name; all unless given."""
    rounds: int = 7
    """Timings of each side, in turns; the median counts. Slow rows have a number of their own."""
    ahead: int = 0
    """Rows whose processes start while another is measured: for a GPU's machine with many cores."""
    tuned: bool = True
    """glibc keeps freed memory on both sides, and vizjax calls `vizjax.cpu.tune`."""
    out: Path | None = None
    """A folder for the table; printed in any case."""
    check: bool = False
    """Compare with the ratios that are kept; exit status 1 where a row became slower."""
    keep: bool = False
    """Keep the ratios and the table of this run, beside the code."""


def photographs_of() -> dict[str, np.ndarray]:
    """Canvases of photographs, and the shipped network's map of each."""
    network, found = load("squeezenet1_1"), {}
    for name, photo in demo_photos().items():
        explained = explain(jax.random.key(0), network, photo, top=1)
        found[f"{name}/canvas"] = explained.canvas
        found[f"{name}/map"] = explained.predictions[0].saliency
    return found


def inputs_of(network: Network, photographs: dict[str, np.ndarray]) -> Inputs:
    """What both sides are given for a network."""
    photos = {name: canvas(photo, 256) for name, photo in demo_photos().items()}
    height, width, _ = network.blank().shape
    rng, views = np.random.default_rng(0), []
    for image in list(photos.values()) * (IMAGES // len(photos)):
        y, x = (
            rng.integers(0, n - s + 1) for n, s in zip(image.shape, (height, width), strict=False)
        )
        views.append(image[y : y + height, x : x + width])
    chelsea = photos["chelsea"]
    images, key = np.stack(views).astype(np.float32), jax.random.key(0)
    noise = jnp.stack(
        [jax.random.normal(jax.random.fold_in(key, k), images.shape[1:]) for k in range(SAMPLES)]
    )
    flat = {
        "/".join(str(part.key) for part in path): np.asarray(leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(network.variables["params"])
    }
    return Inputs(
        images=images,
        views=np.asarray(
            extract(chelsea, ten_views(chelsea.shape[0], chelsea.shape[1], (height, width)))
        ),
        labels=np.asarray([281, 285, 504, 967, 404, 812, 652, 657] * (IMAGES // 8)),
        noise=np.asarray(SIGMA * noise),
        mean=np.asarray(network.preprocessing.mean),
        bgr=network.preprocessing.channels == "bgr",
        weights=flat,
        photographs=photographs,
    )


def run(options: Bench) -> int:
    """Measures the rows, prints the table, compares or keeps."""
    names = {row.name for network in options.networks for row in rows_of(network)}
    for name in options.rows:
        if name not in names:
            raise InputError(f"`--rows` has {name}; expected some of: {', '.join(sorted(names))}")
    for name, least in (("rounds", 1), ("ahead", 0)):
        if getattr(options, name) < least:
            raise InputError(f"`--{name}` is {getattr(options, name)}; expected {least} or more")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # one GPU for all processes
    if options.out is not None:
        output_folder(options.out)
    chosen = [
        (network, row)
        for network in options.networks
        for row in rows_of(network)
        if row.name in (options.rows or names)
    ]
    whole = len(chosen) == sum(len(rows_of(network)) for network in NETWORKS)
    results: Results = {}
    failures: list[int] = []
    with tempfile.TemporaryDirectory() as name, progress(len(chosen), "rows") as advance:
        folder = Path(name)
        for name in options.networks:
            network = load(name) if name != "convnet" else random_convnet(SpeedConfig())
            needed = {(name, LOCALISATION), (name, EXPLAIN)} & set(chosen)
            inputs_of(network, photographs_of() if needed else {}).save(folder / f"{name}.npz")
        for network, row, sides in started(
            chosen, folder, ahead=options.ahead, tuned=options.tuned
        ):
            try:
                results[network, row] = measure(row, network, sides, rounds=options.rounds)
                say(f"{network}, {row.what}: {results[network, row].ratio:.2f}")
            except Exception as error:
                failures.append(complain(error, about=f"{network}/{row.name}"))
            advance(1)
    if not results:
        return max(failures, default=FAULT)
    text = table_of(results)
    text += "\n".join(f"{name}: {value}" for name, value in machine().items()) + "\n"
    print(text)
    if options.out is not None:
        (options.out / "bench.md").write_text(text)
    lines = slower(KEPT, results) if options.check else []  # before they are kept
    if options.keep and not failures:
        keep(KEPT, results)
        with KEPT.with_name("results.md").open("w" if whole else "a") as file:
            file.write(text if whole else f"\nLater, some rows:\n\n{text}")
    if lines:
        say("\n".join(["vizjax: slower than the ratios that are kept:", *lines]))
        return FAULT
    return max(failures, default=0)


if __name__ == "__main__":
    sys.exit(guarded(lambda: run(tyro.cli(Bench))))
