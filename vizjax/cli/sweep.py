"""`vizjax sweep`: an experiment with many configurations."""

import os
import shlex
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import tyro

from vizjax.cli.console import FAULT, progress, say
from vizjax.cli.fields import Options, with_fields
from vizjax.cli.startup import prepare
from vizjax.errors import InputError
from vizjax.sweeps import Submit, cluster, local, points_of, sweep

OWN: Options = {
    "over": (
        tyro.conf.UseAppendAction[tuple[str, ...]],
        (),
        "What is swept in place of what the experiment declares: rate=0.1,0.2 (repeatable: a "
        "grid).",
    ),
    "workers": (
        int,
        0,
        "Points at a time; 0 for half as many as there are cores. A cluster that is there takes as "
        "many as it has.",
    ),
    "on": (str, "local", "local, ray, or the cluster at ray://HOST:PORT or ray://auto."),
    "gpus": (float, 0.0, "GPUs of a point, on Ray."),
    "out": (Path, Path("runs"), "The folder of all runs."),
}


@dataclass(frozen=True)
class Sweep:
    """Run an experiment with every configuration of a grid or of random draws."""

    name: Annotated[
        str,
        tyro.conf.Positional,
        tyro.conf.arg(
            metavar="NAME [OPTIONS]",
            help_behavior_hint="(`vizjax sweep NAME --help` has its options)",
        ),
    ]
    """A module in ./experiments, or the path of one."""


@dataclass(frozen=True)
class OfExperiment:
    """What `vizjax sweep NAME …` asks for."""

    module: ModuleType
    config: Any
    over: tuple[str, ...]
    workers: int
    on: str
    gpus: float
    out: Path


def parsed(arguments: list[str]) -> OfExperiment | None:
    """The options behind an experiment's name; None where there is no name."""
    if not arguments or arguments[0].startswith("-"):
        return None
    module, config, own = with_fields("sweep", arguments[0], arguments[1:], OWN)
    return OfExperiment(module, config, **own)


def run(options: OfExperiment) -> int:
    """Runs what is missing, and lists what failed."""
    configs = points_of(options.module, options.config, options.over)
    command = shlex.join(["vizjax", *sys.argv[1:]])
    with progress(len(configs), "points") as advance:
        found = sweep(
            options.module,
            configs,
            _workers(options, len(configs)),
            options.out,
            command=command,
            advance=advance,
        )
    for failure in found.failures:
        say(f"failed: {failure.folder}: {' '.join(failure.error.split())}")
    before = f", {found.kept} finished before" if found.kept else ""
    name = Path(str(options.module.__file__)).stem
    say(
        f"{found.done} of {len(configs)} points finished now{before}, {len(found.failures)} "
        f"failed; `vizjax collect {name}` makes the table"
    )
    return FAULT if found.failures else 0


def _workers(options: OfExperiment, points: int) -> AbstractContextManager[Submit]:
    if options.workers < 0 or not options.gpus >= 0:
        raise InputError(
            f"`--workers`, `--gpus` are {options.workers}, {options.gpus}; expected 0 or more"
        )
    count = min(options.workers or max(1, (os.cpu_count() or 2) // 2), points)
    if options.on == "local":
        return local(count, prepare)
    if options.on == "ray":
        return cluster(None, count, options.gpus, prepare)
    if options.on.startswith("ray://"):
        address = "auto" if options.on == "ray://auto" else options.on
        return cluster(address, count, options.gpus, prepare)
    raise InputError(
        f"`--on` is {options.on}; expected one of: local, ray, ray://HOST:PORT, ray://auto"
    )
