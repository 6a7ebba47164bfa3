"""`vizjax report`: which runs are found, in which order, and what is done about others."""

import dataclasses
import shutil
from pathlib import Path

import pytest
from pages import Page

from vizjax.runs import execute, experiment


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder of the runs of two radii, the one that comes later in the alphabet smaller."""
    root = tmp_path_factory.mktemp("made")
    module = experiment(Path(__file__).parents[1] / "discs.py")
    for radius in (3.0, 11.0):
        execute(module, dataclasses.replace(module.TINY, radius=radius), root)
    return root


@pytest.mark.parametrize("below", ["", "discs", "discs/*"])
def test_the_runs_of_a_folder(vizjax, runs, tmp_path, below):
    page = tmp_path / "new" / "page.html"
    outcome = vizjax("report", *sorted(runs.glob(below) if below else [runs]), "--out", page)
    assert (outcome.status, outcome.lines) == (0, [f"the page: {page}"])
    read = Page(page.read_text("utf-8"), scripts=1)
    assert read.said("h1") == ["discs: 2 runs"]
    if below != "discs/*":
        assert read.said("summary")[0] == "radius 3.0"


def test_runs_are_compared_with_the_first_that_is_named(vizjax, runs, tmp_path):
    later, first = sorted(
        runs.glob("discs/*"), key=lambda run: '"radius": 3' in (run / "config.json").read_text()
    )
    outcome = vizjax("report", later, first, later, "--out", tmp_path / "page.html")
    assert outcome.status == 0
    summaries = Page((tmp_path / "page.html").read_text("utf-8"), scripts=1).said("summary")
    assert summaries == ["radius 11.0", "radius 3.0"]


def test_a_damaged_run_is_named_and_the_others_are_shown(vizjax, runs, tmp_path):
    shutil.copytree(runs, tmp_path / "runs")
    damaged, whole = sorted(tmp_path.glob("runs/discs/*"))
    (damaged / "config.json").write_text("{")
    outcome = vizjax("report", tmp_path / "runs", "--out", tmp_path / "page.html")
    assert outcome.status == 2
    assert f"`{damaged}` holds a damaged run" in outcome.lines[0]
    html = (tmp_path / "page.html").read_text("utf-8")
    assert "Left out: " in html
    assert whole.name in html
    alone = vizjax("report", damaged, "--out", tmp_path / "none.html")
    assert (alone.status, len(alone.lines)) == (2, 1)
    assert not (tmp_path / "none.html").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "`RUN` is missing; expected at least one"),
        (["nowhere"], "`RUN` is nowhere, in which there is no run; expected a folder"),
        (["nowhere", "--out", "."], "`--out` is ., a folder; expected a file"),
        (["nowhere", "--out", "file/page.html"], "`--out` is file: "),
    ],
)
def test_refusals(vizjax, tmp_path, monkeypatch, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    outcome = vizjax("report", *arguments)
    assert outcome.status == 2
    assert len(outcome.lines) == 1
    assert complaint in outcome.lines[0]
