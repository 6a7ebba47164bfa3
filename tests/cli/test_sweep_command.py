"""`vizjax sweep` and `vizjax collect`: what is said, and the exit status."""

import shutil
from pathlib import Path

import pytest
from at_once import at_once

from vizjax.cli import sweep as module
from vizjax.cli.sweep import OfExperiment, parsed

BOWL = Path(__file__).parents[1] / "bowl.py"


@pytest.fixture(autouse=True)
def there(monkeypatch, tmp_path):
    """A folder with the experiment `bowl`, in which we are."""
    (tmp_path / "experiments").mkdir()
    shutil.copy(BOWL, tmp_path / "experiments" / "bowl.py")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def here(monkeypatch):
    """Points are done in this process."""
    monkeypatch.setattr(module, "local", at_once)


def test_the_options():
    given = ["--over", "rate=0.1,0.2", "--over", "steps=1", "--workers", "3", "--tiny"]
    found = parsed(["bowl", *given])
    assert isinstance(found, OfExperiment)
    assert (found.over, found.workers, found.on) == (("rate=0.1,0.2", "steps=1"), 3, "local")
    assert found.config == found.module.TINY
    assert parsed([]) is None


def test_a_sweep_and_its_table(vizjax, here, tmp_path):
    status, out, err = vizjax("sweep", "bowl")
    assert (status, out) == (0, "")
    assert err == ["20 of 20 points finished now, 0 failed; `vizjax collect bowl` makes the table"]
    _, _, err = vizjax("sweep", "bowl")
    assert err[0].startswith("0 of 20 points finished now, 20 finished before, 0 failed")
    status, out, err = vizjax("collect", "bowl", "--where", "start=near", "--where", "steps=2")
    folder = tmp_path / "runs" / "bowl" / "collected"
    assert status == 0
    assert out == (folder / "table.md").read_text()
    assert len(out.splitlines()) == 2 + 5
    assert err == [
        "5 rows of bowl: runs/bowl/collected/table.csv, runs/bowl/collected/table.md, "
        "runs/bowl/collected/distance.png"
    ]


def test_failing_points_are_listed_and_left_out_of_the_table(vizjax, here, tmp_path):
    status, _, err = vizjax("sweep", "bowl", "--over", "fail=,ValueError", "--over", "rate=0.1,0.2")
    assert status == 1
    assert [line.partition(": ")[0] for line in err[:2]] == ["failed", "failed"]
    assert err[0].endswith(": ValueError: `walk` is lost")
    assert err[2].startswith("2 of 4 points finished now, 2 failed")
    status, out, err = vizjax("collect", "bowl", "--out", "elsewhere")
    assert status == 0
    assert len(out.splitlines()) == 2 + 2
    assert [line.startswith("left out, failed: runs/bowl/") for line in err] == [True, True, False]
    assert (tmp_path / "elsewhere" / "table.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep", "bowl", "--on", "slurm"], "`--on` is slurm; expected one of: local, ray, ray"),
        (["sweep", "bowl", "--workers", "-1"], "`--workers`, `--gpus` are -1, 0.0"),
        (["sweep", "bowl", "--over", "rat=1"], "`over` is rat; expected one of: rate, steps"),
        (["sweep", "bowl", "--over", "rate=2"], "`rate` is 2.0; expected a share in (0, 1)"),
        (["sweep"], "Missing from vizjax sweep: NAME"),
        (["collect", "bowl"], "`--runs` is runs, which has no run"),
    ],
)
def test_what_is_wrong_is_one_line(vizjax, arguments, message):
    status, out, (line,) = vizjax(*arguments)
    assert (status, out) == (2, "")
    assert message in line


def test_what_collect_does_not_know(vizjax):
    vizjax("run", "bowl", "--tiny")
    _, _, (line,) = vizjax("collect", "bow")
    assert line == "vizjax: `name` is bow; expected one of: bowl; those with runs in runs"
    status, _, (line,) = vizjax("collect", "bowl", "--where", "rat=1")
    assert status == 2
    assert "`--where` is rat=1; expected FIELD=VALUE with one of: rate, steps" in line
