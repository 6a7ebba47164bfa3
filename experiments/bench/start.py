"""Where the time of one `vizjax explain` goes, from the shell.

Question: a command that explains one photograph begins from nothing: how much of its time is the
start of Python and JAX, and how much the work? The first start is not counted: it leaves compiled
programs on the disk.

    python -m experiments.bench.start    # 1 minute on 2 idle cores

The phases are those of `experiments.bench.phases`, medians over the starts, each of a process of
its own.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import tyro

from experiments.bench.phases import PHASES
from experiments.output import table
from vizjax.cli.console import guarded, progress
from vizjax.data import demo_photos
from vizjax.data.images import write_png
from vizjax.errors import InputError


@dataclass(frozen=True)
class Config:
    """How often, and of what."""

    photo: str = "coffee"
    """A photograph of scikit-image, by name, or the path of one."""
    starts: int = 7
    """Processes that are timed, after one that is not; the median counts."""

    def __post_init__(self):
        if self.starts < 1:
            raise InputError(f"`starts` is {self.starts}; expected at least 1")


def main(config: Config) -> int:
    """Prints the table of phases."""
    with tempfile.TemporaryDirectory() as folder:
        photo = _photo(config.photo, Path(folder))
        with progress(config.starts + 1, "starts") as advance:
            _phases(photo, Path(folder))
            advance(1)
            starts = []
            for _ in range(config.starts):
                starts.append(_phases(photo, Path(folder)))
                advance(1)
    rows = {phase: statistics.median(one[phase] for one in starts) for phase in PHASES}
    whole = statistics.median(sum(one.values()) for one in starts)
    listed = [*rows.items(), ("the whole command", whole)]
    print(table(["phase", "seconds"], [[name, f"{seconds:.2f}"] for name, seconds in listed]))
    return 0


def _photo(name: str, folder: Path) -> Path:
    photos = demo_photos()
    if name not in photos:
        return Path(name)
    write_png(folder / f"{name}.png", photos[name])
    return folder / f"{name}.png"


def _phases(photo: Path, folder: Path) -> dict[str, float]:
    """The seconds of each phase of one start."""
    notes = folder / "phases.json"
    command = ["-m", "experiments.bench.phases", notes, "explain", photo, "--out", folder / "out"]
    ended = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise InputError(f"`photo` is {photo}, and explaining it failed: {ended.stderr.strip()}")
    ends = json.loads(notes.read_text())
    if missed := [phase for phase in PHASES if phase not in ends]:
        raise InputError(
            f"`photo` is {photo}, of which no phase `{missed[0]}` was seen; expected one with "
            "something to cut out"
        )
    times = [0.0, *(ends[phase] for phase in PHASES)]
    return {phase: b - a for phase, a, b in zip(PHASES, times, times[1:], strict=False)}


if __name__ == "__main__":
    sys.exit(guarded(lambda: main(tyro.cli(Config, description=__doc__))))
