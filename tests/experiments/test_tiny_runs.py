"""Every experiment's tiny variant as a command, twice from nothing: the same bytes."""

import subprocess
import sys
from pathlib import Path

import pytest

from vizjax.runs import experiments, runs_of

ROOT = Path(__file__).parents[2]

TIMED = ("cost", "speed", "train_throughput")
"""What these find is time."""


def whole(folder):
    """The bytes of metrics and arrays."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in (folder / "metrics.jsonl", *sorted(folder.glob("arrays/*.npy")))
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", experiments(ROOT / "experiments"))
def test_twice_the_same(name, tmp_path):
    found = []
    for out in (tmp_path / "one", tmp_path / "two"):
        command = [sys.executable, "-m", "vizjax", "run", name, "--tiny", "--out", str(out)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        (run,) = runs_of(name, out)
        assert run.finished
        assert any(line.get("summary") is True for line in run.metrics)
        found.append(whole(run.path))
        if name in TIMED:
            return
    assert found[0] == found[1]
