"""`vizjax run`: one experiment, once."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import tyro

from vizjax.cli.console import say
from vizjax.cli.fields import Options, with_fields
from vizjax.errors import InputError
from vizjax.runs import checksum, execute, experiments, folder_of
from vizjax.runs.execution import finished

OWN: Options = {
    "out": (Path, Path("runs"), "The folder of all runs."),
    "again": (bool, False, "Repeat the run if it is finished."),
}


@dataclass(frozen=True)
class Run:
    """Run an experiment into a folder of its own, `runs/NAME/…`, or list those that there are."""

    name: Annotated[
        str,
        tyro.conf.Positional,
        tyro.conf.arg(
            metavar="NAME [OPTIONS]",
            help_behavior_hint="(optional; `vizjax run NAME --help` has its options)",
        ),
    ] = ""
    """A module in ./experiments, or the path of one; without it they are listed."""


@dataclass(frozen=True)
class OfExperiment:
    """What `vizjax run NAME …` asks for."""

    module: ModuleType
    config: Any
    out: Path
    again: bool


def parsed(arguments: list[str]) -> OfExperiment | None:
    """The options behind an experiment's name; None where there is no name."""
    if not arguments or arguments[0].startswith("-"):
        return None
    module, config, own = with_fields("run", arguments[0], arguments[1:], OWN)
    return OfExperiment(module, config, own["out"], own["again"])


def run(options: Run | OfExperiment) -> int:
    """Runs it and prints its tables; or lists the experiments."""
    if isinstance(options, Run):
        known = experiments()
        width = max(map(len, known), default=0)
        for name, title in known.items():
            print(f"{name:{width}}  {title}")
        return 0
    folder = folder_of(options.module, options.config, options.out)
    kept = None if options.again else finished(folder)
    try:
        found = execute(options.module, options.config, options.out, again=options.again)
    except InputError:
        raise
    except BaseException:
        if folder.exists():
            say(f"the run is not finished: {folder}; the same command goes on")
        raise
    for table in found.tables.values():
        print(f"{table}")
    if kept is None:
        say(f"the run: {found.path}")
        return 0
    changed = kept.manifest["source"] != checksum(Path(str(options.module.__file__)))
    since = ", before the experiment's file was changed" if changed else ""
    say(f"the run, finished before{since}: {found.path}; --again repeats it")
    return 0
