"""Reading runs back."""

import dataclasses

import pytest

from vizjax.errors import InputError
from vizjax.runs import execute, read_run, runs_of


def test_all_runs_of_an_experiment(bowl, tmp_path):
    configs = [dataclasses.replace(bowl.TINY, steps=steps) for steps in (1, 2, 3)]
    made = [execute(bowl, config, tmp_path) for config in configs]
    found = runs_of("bowl", tmp_path)
    assert [run.path for run in found] == sorted(run.path for run in made)
    assert runs_of("bow", tmp_path) == []


def test_what_is_no_run(tmp_path):
    with pytest.raises(InputError, match=r"is no run: it has no manifest\.json"):
        read_run(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "metrics.jsonl", "figures.json"])
def test_a_damaged_run(bowl, tmp_path, name):
    run = execute(bowl, bowl.TINY, tmp_path)
    (run.path / name).write_text("{")
    with pytest.raises(InputError, match="holds a damaged run"):
        read_run(run.path)


def test_an_array_that_is_not_there(bowl, tmp_path):
    run = execute(bowl, bowl.TINY, tmp_path)
    with pytest.raises(InputError, match=r"`array` is path, which cannot be read .*has: walk"):
        run.array("path")
