"""`vizjax collect`: the table and the plots of an experiment's runs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vizjax.cli.console import output_folder, say
from vizjax.errors import InputError, unknown
from vizjax.runs import Run, runs_of
from vizjax.sweeps import collected, write_collected


@dataclass(frozen=True)
class Collect:
    """Make a table of an experiment's runs, CSV and Markdown, and plots of every metric."""

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
    """The experiment."""
    where: Annotated[
        tuple[str, ...],
        tyro.conf.UseAppendAction,
        tyro.conf.arg(metavar="FIELD=VALUE", help_behavior_hint="(repeatable)"),
    ] = ()
    """Only the runs whose configuration has this value."""
    runs: Path = Path("runs")
    """The folder of all runs."""
    out: Annotated[
        Path | None,
        tyro.conf.arg(metavar="FOLDER", help_behavior_hint="(default: RUNS/NAME/collected)"),
    ] = None
    """The folder for table and plots."""


def run(options: Collect) -> int:
    """Collects, and prints the table."""
    known = runs_of(options.name, options.runs)
    if not known:
        names = sorted({path.parts[-3] for path in options.runs.glob("*/*/manifest.json")})
        if not names:
            raise InputError(
                f"`--runs` is {options.runs}, which has no run; expected the folder that `vizjax "
                "run` or `vizjax sweep` wrote into"
            )
        raise unknown("name", options.name, names, f"those with runs in {options.runs}")
    chosen = [run for run in known if all(_has(run, text) for text in options.where)]
    table = collected(chosen)
    folder = output_folder(options.out or options.runs / options.name / "collected")
    files = write_collected(table, folder)
    print((folder / "table.md").read_text(encoding="utf-8"), end="")
    for one in chosen:
        if not one.finished:
            say(f"left out, {one.manifest['status']}: {one.path}")
    say(f"{len(table.rows)} rows of {options.name}: {', '.join(map(str, files))}")
    return 0


def _has(run: Run, text: str) -> bool:
    name, equals, value = text.partition("=")
    name = name.replace("-", "_")
    if not equals or name not in run.config:
        raise InputError(
            f"`--where` is {text}; expected FIELD=VALUE with one of: {', '.join(run.config)}"
        )
    held = run.config[name]
    try:
        return held == json.loads(value) or held == value
    except ValueError:
        return str(held) == value
