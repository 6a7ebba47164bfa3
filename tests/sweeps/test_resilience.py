"""Sweeps as they are used: killed at random moments, and on a cluster."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

BOWL = Path(__file__).parents[1] / "bowl.py"
VIZJAX = [sys.executable, "-m", "vizjax"]
KILLS = 10


def environment(folder):
    kept = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    return kept | {"VIZJAX_CACHE": str(folder / "cache")}


def swept(folder, *options):
    """A whole sweep, and what is collected of it: the bytes of each file by its name."""
    for command in (
        ["sweep", str(BOWL), "--workers", "2", *options],
        ["collect", "bowl", "--out", "table"],
    ):
        done = subprocess.run(
            [*VIZJAX, *command], cwd=folder, env=environment(folder), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
    return {path.name: path.read_bytes() for path in (folder / "table").iterdir()}


def manifests(folder, *, finished=True):
    found = {}
    for path in folder.glob("runs/bowl/*/manifest.json"):
        content = path.read_bytes()
        if not finished or json.loads(content)["status"] == "finished":
            found[path.parent.name] = content
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return swept(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.slow
def test_a_sweep_killed_ten_times_is_the_undisturbed_one(undisturbed, tmp_path):
    rng, log = np.random.default_rng(7), tmp_path / "log"
    options = ["--seconds", "0.2", "--log", str(log)]
    command = [*VIZJAX, "sweep", str(BOWL), "--workers", "2", *options]
    log.touch()
    kept: dict[str, bytes] = {}
    progressed = 0
    for _ in range(KILLS):
        # From before anything has begun to some way into the third pair of points.
        lines = log.read_text().count("\n") + int(rng.integers(0, 6))
        delay = float(rng.uniform(0, 0.25))
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment(tmp_path), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while log.read_text().count("\n") < lines:
            assert process.poll() is None, "the sweep ended before it could be killed"
            time.sleep(0.01)
        time.sleep(delay)
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        found = manifests(tmp_path)
        # Nothing that was finished is lost, and nothing of it was done again.
        assert {name: found.get(name) for name in kept} == kept
        progressed += len(found) > len(kept)
        kept = found
    assert len(kept) < 20
    assert progressed >= 3
    assert len(manifests(tmp_path, finished=False)) > len(kept)  # some were cut short
    assert swept(tmp_path, *options) == undisturbed
    after = manifests(tmp_path)
    assert len(after) == 20
    assert {name: after[name] for name in kept} == kept
    begun = [line for line in log.read_text().splitlines() if line.startswith("begun")]
    assert len(set(begun)) == 20
    # Two processes were at work at each kill: no more than two points were begun in vain.
    assert len(begun) <= 20 + 2 * KILLS


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra `cluster`")
def test_a_ray_cluster_of_two_gives_the_same_table(undisturbed, tmp_path):
    assert swept(tmp_path, "--on", "ray", "--seconds", "0.3") == undisturbed
    processes = {json.loads(one)["process"]["pid"] for one in manifests(tmp_path).values()}
    assert len(processes) >= 2


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_told(tmp_path):
    if importlib.util.find_spec("ray") is None:
        expected = "is not installed; expected the extra `cluster`"
    else:
        expected = "cannot be used"
    done = subprocess.run(
        [*VIZJAX, "sweep", str(BOWL), "--on", "ray://localhost:1"],
        cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert expected in done.stderr.splitlines()[-1]
