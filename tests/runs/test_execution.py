"""A run's folder: what is in it, and what is left in it when something goes wrong."""

import contextlib
import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from vizjax.errors import InputError
from vizjax.runs import BusyError, execute, folder_of, read_run
from vizjax.runs.reading import read_manifest

HERE = Path(__file__).parents[1]


def contents(folder):
    """The bytes of what a run found."""
    parts = [folder / "metrics.jsonl", folder / "figures.json"]
    parts += [one for name in ("arrays", "figures", "tables") for one in folder.glob(f"{name}/*")]
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(parts)}


def statuses(root):
    return [json.loads(one.read_text())["status"] for one in root.glob("*/*/manifest.json")]


def test_a_run_holds_what_was_found_and_where_it_comes_from(bowl, tmp_path):
    run = execute(bowl, bowl.TINY, tmp_path, command="vizjax run bowl --tiny")
    assert run.path == folder_of(bowl, bowl.TINY, tmp_path)
    assert run.path.parent == tmp_path / "bowl"
    assert run == read_run(run.path)
    assert run.config["rate"] == 0.1
    assert [line.get("step") for line in run.metrics] == [0, 1, 2, None]
    walk = run.array("walk")
    assert walk.shape == (3, 2, 3)
    assert run.metrics[-1]["distance"] == np.linalg.norm(walk[-1])
    ((name, path, caption),) = run.figures
    assert (name, caption) == ("grey", "rate 0.1")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert run.tables["walk"].startswith("| step | distance |")
    manifest = run.manifest
    assert manifest["status"] == "finished"
    assert manifest["command"] == "vizjax run bowl --tiny"
    assert manifest["error"] is None
    assert (manifest["seed"], manifest["execution"]) == (0, ["seconds", "log"])
    assert manifest["versions"]["numpy"] == np.__version__
    assert len(manifest["inputs"]["start"]) == len(manifest["source"]) == 64
    assert manifest["started"] <= manifest["ended"]
    assert manifest["seconds"] >= 0
    assert "cpu" in manifest["device"].lower()


def test_twice_from_nothing_is_the_same_bytes(bowl, tmp_path):
    one, two = (execute(bowl, bowl.Config(), tmp_path / name).path for name in "ab")
    assert one.name == two.name
    assert contents(one) == contents(two)
    assert len(contents(one)) == 5


def test_a_finished_run_is_not_repeated_unless_asked(bowl, tmp_path):
    log = tmp_path / "log"
    config = dataclasses.replace(bowl.TINY, log=log)
    first = execute(bowl, config, tmp_path)
    assert execute(bowl, config, tmp_path) == first
    assert log.read_text().count("begun") == 1
    again = execute(bowl, config, tmp_path, again=True)
    assert log.read_text().count("begun") == 2
    assert contents(again.path) == contents(first.path)


def test_a_result_half_in_place_is_not_finished(bowl, tmp_path, monkeypatch):
    first = execute(bowl, bowl.TINY, tmp_path)
    whole = contents(first.path)

    def half(folder):
        (folder / "metrics.jsonl").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("vizjax.runs.execution.publish", half)
        with pytest.raises(KeyboardInterrupt):
            execute(bowl, bowl.TINY, tmp_path, again=True)
    assert statuses(tmp_path) == ["interrupted"]
    assert contents(execute(bowl, bowl.TINY, tmp_path).path) == whole


@pytest.mark.parametrize("error", [InputError, ValueError, KeyboardInterrupt, SystemExit])
def test_what_ends_a_run_is_in_its_manifest_and_the_same_call_goes_on(
    bowl, tmp_path, monkeypatch, error
):
    whole = execute(bowl, bowl.TINY, tmp_path / "undisturbed")

    def broken(config, work):
        (work / "part").write_text("done")
        raise error("the reason")

    with monkeypatch.context() as patched:
        patched.setattr(bowl, "run", broken)
        with pytest.raises(error):
            execute(bowl, bowl.TINY, tmp_path)
    folder = folder_of(bowl, bowl.TINY, tmp_path)
    left = read_run(folder)
    interrupted = error is KeyboardInterrupt
    assert left.manifest["status"] == ("interrupted" if interrupted else "failed")
    assert interrupted or left.manifest["error"] == f"{error.__name__}: the reason"
    assert (left.metrics, left.finished) == ([], False)
    assert (folder / "work" / "part").read_text() == "done"
    run = execute(bowl, bowl.TINY, tmp_path)
    assert run.finished
    assert run.manifest["error"] is None
    assert run.metrics == whole.metrics
    assert (folder / "work" / "part").exists()


def test_a_run_that_cannot_be_repeated_is_still_finished(bowl, tmp_path, monkeypatch):
    first = execute(bowl, bowl.TINY, tmp_path)
    before = contents(first.path)

    def broken(config, work):
        raise ValueError

    monkeypatch.setattr(bowl, "run", broken)
    with pytest.raises(ValueError):
        execute(bowl, bowl.TINY, tmp_path, again=True)
    after = read_run(first.path)
    assert after.manifest == first.manifest
    assert contents(first.path) == before


def test_a_full_disk_leaves_a_run_that_says_so(bowl, tmp_path, monkeypatch):
    """Wherever the room runs out: no half result, and the same call finishes the run."""
    whole = contents(execute(bowl, bowl.TINY, tmp_path / "undisturbed").path)
    ends = set()
    for room in range(12):
        root, left = tmp_path / str(room), [room]
        real = Path.open

        def full(self, mode="r", *arguments, _left=left, _real=real, **options):
            if "x" in mode and ".part" in self.name:
                if _left[0] == 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                _left[0] -= 1
            return _real(self, mode, *arguments, **options)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "open", full)
            with contextlib.suppress(InputError):
                execute(bowl, bowl.TINY, root)
                ends.add("finished")
                assert room >= 8
                continue
        folder = folder_of(bowl, bowl.TINY, root)
        status = (read_manifest(folder) or {"status": None})["status"]
        ends.add(status)
        assert status in (None, "running")
        run = execute(bowl, bowl.TINY, root)
        assert run.finished
        assert contents(run.path) == whole
    assert ends == {None, "running", "finished"}


def test_a_full_disk_within_the_experiment_is_told_as_one(bowl, tmp_path, monkeypatch):
    def full(config, work):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(bowl, "run", full)
    with pytest.raises(InputError, match="No space left on device; expected a disk with room"):
        execute(bowl, bowl.TINY, tmp_path)
    assert statuses(tmp_path) == ["failed"]


def test_room_for_the_status_alone_is_enough_to_say_it(bowl, tmp_path, monkeypatch):
    real = np.save

    def full(file, array, **options):
        if not isinstance(file, Path):  # as the experiment's own is
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file, array, **options)

    with monkeypatch.context() as patched:
        patched.setattr(np, "save", full)
        with pytest.raises(InputError, match="No space left"):
            execute(bowl, bowl.TINY, tmp_path)
    assert statuses(tmp_path) == ["failed"]
    assert execute(bowl, bowl.TINY, tmp_path).finished


CODE = """
import sys
from pathlib import Path
from vizjax.runs import execute, experiment
bowl = experiment({bowl!r})
execute(bowl, bowl.Config(seconds={seconds}, log=Path({log!r})), Path({root!r}))
"""


def started(root, log, seconds=60.0):
    """A process at work on a run, as soon as it is."""
    code = CODE.format(bowl=str(HERE / "bowl.py"), seconds=seconds, log=str(log), root=str(root))
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    while not log.exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.05)
    return process


@pytest.mark.parametrize(
    ("end", "status"), [(signal.SIGKILL, "running"), (signal.SIGINT, "interrupted")]
)
def test_two_processes_and_the_end_of_one(bowl, tmp_path, end, status):
    process = started(tmp_path / "runs", tmp_path / "log")
    try:
        assert statuses(tmp_path / "runs") == ["running"]
        with pytest.raises(BusyError, match=rf"at work in another process \({process.pid} on "):
            execute(bowl, bowl.Config(), tmp_path / "runs")
    finally:
        process.send_signal(end)
        process.communicate()
    assert statuses(tmp_path / "runs") == [status]
    # The lock went with the process.
    run = execute(bowl, bowl.Config(), tmp_path / "runs")
    assert run.finished
    assert contents(run.path) == contents(execute(bowl, bowl.Config(), tmp_path / "b").path)


def test_who_waits_takes_what_the_other_found(bowl, tmp_path):
    process = started(tmp_path / "runs", tmp_path / "log", seconds=1.0)
    run = execute(bowl, bowl.Config(), tmp_path / "runs", wait=True)
    assert process.wait() == 0
    process.communicate()
    assert run.manifest["process"]["pid"] == process.pid
    assert (tmp_path / "log").read_text().count("begun") == 1


def test_a_folder_that_cannot_be_made(bowl, tmp_path):
    (tmp_path / "bowl").write_text("a file")
    with pytest.raises(InputError, match="expected a folder to write into"):
        execute(bowl, bowl.TINY, tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "bowl"}'])
def test_a_damaged_manifest_is_told(bowl, tmp_path, text):
    run = execute(bowl, bowl.TINY, tmp_path)
    (run.path / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"manifest\.json` cannot be read: .*delete it"):
        execute(bowl, bowl.TINY, tmp_path)
