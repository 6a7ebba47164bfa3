"""Sweeps: what is missing is done, once, by whoever comes; what fails is told."""

import contextlib
import dataclasses
import json
import threading

import pytest
from at_once import at_once

from vizjax.runs import folder_of, read_run
from vizjax.runs.execution import held
from vizjax.sweeps import grid_over, local, points_of, sweep


def configs(bowl, *over, **fields):
    return points_of(bowl, bowl.Config(**fields), over)


def test_what_is_missing_is_done(bowl, tmp_path):
    log, counted = tmp_path / "log", []
    points = configs(bowl, log=log)
    first = sweep(bowl, points[:7], at_once(), tmp_path / "runs", advance=counted.append)
    assert (first, sum(counted)) == ((0, 7, []), 7)
    counted.clear()
    second = sweep(bowl, points, at_once(), tmp_path / "runs", advance=counted.append)
    assert (second, sum(counted)) == ((7, 13, []), 20)
    assert sweep(bowl, points, at_once(), tmp_path / "runs") == (20, 0, [])
    assert log.read_text().count("begun") == 20
    for point in points:
        run = read_run(folder_of(bowl, point, tmp_path / "runs"))
        assert run.finished
        assert (run.config["rate"], run.config["steps"]) == (point.rate, point.steps)


def test_a_failing_point_is_told_and_the_others_are_done(bowl, tmp_path):
    points = configs(bowl, "rate=0.1,0.2", "fail=,ValueError,InputError")
    found = sweep(bowl, points, at_once(), tmp_path)
    assert (found.kept, found.done) == (0, 2)
    assert [(one.config.rate, one.error) for one in found.failures] == [
        (0.1, "ValueError: `walk` is lost"), (0.1, "`walk` is lost"),
        (0.2, "ValueError: `walk` is lost"), (0.2, "`walk` is lost"),
    ]  # fmt: skip
    again = sweep(bowl, points, at_once(), tmp_path)
    assert (again.kept, again.done, len(again.failures)) == (2, 0, 4)


def test_a_damaged_manifest_is_a_failing_point(bowl, tmp_path):
    points = configs(bowl, "rate=0.1,0.2")
    sweep(bowl, points, at_once(), tmp_path)
    (folder_of(bowl, points[1], tmp_path) / "manifest.json").write_text("{")
    found = sweep(bowl, points, at_once(), tmp_path)
    assert (found.kept, found.done) == (1, 0)
    assert "manifest.json` cannot be read" in found.failures[0].error


def test_a_point_at_work_elsewhere_is_left_to_it_and_waited_for_last(bowl, tmp_path):
    points = configs(bowl, "steps=1,2,3")
    folders = [folder_of(bowl, point, tmp_path) for point in points]
    done = []
    with held(folders[0]):
        two = threading.Thread(target=lambda: done.append(sweep(bowl, points, at_once(), tmp_path)))
        two.start()
        while not all((one / "metrics.jsonl").exists() for one in folders[1:]):
            assert two.is_alive()
        assert not (folders[0] / "manifest.json").exists()
        two.join(0.3)
        assert two.is_alive()
    two.join()
    assert done == [(0, 3, [])]


def test_a_process_that_dies_takes_its_point_alone(bowl, tmp_path):
    points = configs(bowl, "rate=0.1,0.2,0.3")
    points[1] = dataclasses.replace(points[1], fail="die")
    found = sweep(bowl, points, local(1), tmp_path)
    ((config, folder, error),) = found.failures
    assert (found.done, config, error) == (2, points[1], "its process ended: exit status 9")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["status"], manifest["error"]) == ("failed", error)
    assert read_run(folder_of(bowl, points[2], tmp_path)).finished


def test_words_of_text_are_options_of_a_literal(bowl):
    assert grid_over(bowl.Config, ["start=near,far"]).fields == {"start": ["near", "far"]}


def test_an_interrupted_sweep_ends_its_processes(bowl, tmp_path):
    points = configs(bowl, "rate=0.1,0.2", seconds=60.0, log=tmp_path / "log")

    @contextlib.contextmanager
    def stopped():
        with local(1) as submit:

            def first(point, *, wait):
                future = submit(point, wait=wait)
                while not (tmp_path / "log").exists():
                    assert not future.done()
                raise KeyboardInterrupt

            yield first

    with pytest.raises(KeyboardInterrupt):
        sweep(bowl, points, stopped(), tmp_path / "runs")
    manifest = json.loads(
        (folder_of(bowl, points[0], tmp_path / "runs") / "manifest.json").read_text()
    )
    assert manifest["status"] == "interrupted"
