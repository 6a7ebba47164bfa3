"""`vizjax report`: runs as one page."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vizjax.cli.console import complain, output_folder, say
from vizjax.data.files import atomic_write
from vizjax.errors import InputError
from vizjax.report import in_order, runs_page
from vizjax.runs import Run, read_run


@dataclass(frozen=True)
class Report:
    """Show runs on one self-contained page: figures, tables, and what differs between them."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """A run's folder, such as runs/noise/0123456789ab, or one that holds many, such as runs/noise.

    Runs of one experiment are compared with the first of them.
    """
    out: Path = Path("report.html")
    """The page."""


def run(options: Report) -> int:
    """Writes the page; of a run that cannot be read it says so, and shows the others."""
    if not options.runs:
        raise InputError("`RUN` is missing; expected at least one run's folder")
    if options.out.is_dir():
        raise InputError(f"`--out` is {options.out}, a folder; expected a file such as report.html")
    output_folder(options.out.parent)
    runs: dict[Path, Run] = {}
    errors: dict[Path, InputError] = {}
    for path in options.runs:
        found: dict[str, list[Run]] = {}
        for folder in _folders(path):
            try:
                one = read_run(folder)
            except InputError as error:
                errors[folder] = error
            else:
                found.setdefault(one.name, []).append(one)
        for some in found.values():
            for one in in_order(some):
                runs.setdefault(one.path.resolve(), one)
    statuses = [complain(error, about=str(folder)) for folder, error in errors.items()]
    if not runs:
        return max(statuses)
    html = runs_page(list(runs.values()), unreadable=[str(error) for error in errors.values()])
    with atomic_write(options.out) as file:
        file.write(html.encode(errors="replace"))
    say(f"the page: {options.out.resolve()}")
    return max(statuses, default=0)


def _folders(path: Path) -> Iterator[Path]:
    """The run's folder itself, or those one or two levels below, as in runs/ and runs/NAME/."""
    below = [path.glob(f"{level}manifest.json") for level in ("", "*/", "*/*/")]
    for manifests in below:
        if folders := sorted(manifest.parent for manifest in manifests):
            yield from folders
            return
    raise InputError(
        f"`RUN` is {path}, in which there is no run; expected a folder that `vizjax run` or "
        "`vizjax sweep` wrote, such as runs/NAME"
    )
