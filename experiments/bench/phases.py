"""One `vizjax explain` that notes when each phase ended: what `experiments.bench.start` starts.

    python -m experiments.bench.phases NOTES explain PHOTO --out FOLDER

Nothing but the standard library and what the command imports first is imported here: the times are
those of the command.
"""

import functools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vizjax import cli
from vizjax.cli import console

LATER = {
    "arguments, network and photograph": ("vizjax.cli.explain", "begin", "before"),
    "programs of scores and maps": ("vizjax.cli.explain", "begin", "after"),
    "programs of the mixtures": ("vizjax.cli.explain", "compile_ahead", "after"),
    "waiting for the maps": ("vizjax.explain", "finite", "before"),
    "seeds and mixtures": ("vizjax.localisation.pipeline", "cut", "before"),
    "graph cuts": ("vizjax.cli.explain", "write", "before"),
    "figure and files": ("vizjax.cli.explain", "write", "after"),
}
"""What ends each phase once all is imported: before or after the first call of a function."""

PHASES = (
    "Python, and the command line's first imports",
    "import of JAX",
    "imports of the command",
    *LATER,
    "end",
)
"""All of them, in order."""


def main() -> None:
    """Runs the command that the arguments say, and writes the seconds since the process began."""
    born, notes = _born(), Path(sys.argv.pop(1))
    ends: dict[str, float] = {}

    def note(phase: str) -> None:
        ends.setdefault(phase, time.clock_gettime(time.CLOCK_BOOTTIME) - born)

    def exit_noted(status: int) -> None:
        note("end")
        notes.write_text(json.dumps(ends))
        leave(status)

    def imported(names: list[str]) -> Any:
        found = imports(names)
        note("imports of the command")
        for phase, watched in LATER.items():
            _watch(*watched, functools.partial(note, phase))
        return found

    leave, os._exit = os._exit, exit_noted
    imports, cli._imported = cli._imported, imported
    note("Python, and the command line's first imports")
    _watch(console.__name__, "prepare", "after", functools.partial(note, "import of JAX"))
    cli.command()


def _watch(module: str, name: str, edge: str, note: Callable[[], None]) -> None:
    """Has `note` called before or after each call of a function of a module."""
    home = sys.modules[module]
    function = getattr(home, name)

    def watched(*args: Any, **kwargs: Any) -> Any:
        if edge == "before":
            note()
        result = function(*args, **kwargs)
        if edge == "after":
            note()
        return result

    setattr(home, name, watched)


def _born() -> float:
    """When this process was started, in seconds since the machine was (Linux)."""
    after_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return int(after_name[19]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
