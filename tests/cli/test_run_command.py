"""`vizjax run`: options from the dataclass, and what is said where."""

import json
import shutil
from pathlib import Path

import pytest

BOWL = Path(__file__).parents[1] / "bowl.py"


@pytest.fixture(autouse=True)
def there(monkeypatch, tmp_path):
    """A folder with the experiment `bowl`, in which we are."""
    (tmp_path / "experiments").mkdir()
    shutil.copy(BOWL, tmp_path / "experiments" / "bowl.py")
    monkeypatch.chdir(tmp_path)


def test_a_run_and_the_same_again(vizjax, tmp_path):
    status, out, err = vizjax("run", "bowl", "--rate", "0.5", "--start", "far")
    (folder,) = (tmp_path / "runs" / "bowl").iterdir()
    assert (status, err) == (0, [f"the run: runs/bowl/{folder.name}"])
    assert out.startswith("| step | distance |")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["command"] == "vizjax run bowl --rate 0.5 --start far"
    config = json.loads((folder / "config.json").read_text())
    assert (config["rate"], config["start"], config["steps"]) == (0.5, "far", 10)
    status, out, err = vizjax("run", "bowl", "--start", "far", "--rate", "0.5")
    assert status == 0
    assert err == [f"the run, finished before: runs/bowl/{folder.name}; --again repeats it"]
    assert out.startswith("| step | distance |")
    with (tmp_path / "experiments" / "bowl.py").open("a") as file:
        file.write("\n")
    _, _, err = vizjax("run", "bowl", "--start", "far", "--rate", "0.5")
    assert "finished before, before the experiment's file was changed: runs" in err[0]
    _, _, err = vizjax("run", "bowl", "--start", "far", "--rate", "0.5", "--again")
    assert err == [f"the run: runs/bowl/{folder.name}"]


def test_the_tiny_variant_is_a_start(vizjax, tmp_path):
    assert vizjax("run", "bowl", "--tiny", "--rate", "0.5", "--out", "elsewhere")[0] == 0
    (path,) = (tmp_path / "elsewhere" / "bowl").glob("*/config.json")
    config = json.loads(path.read_text())
    assert (config["steps"], config["rate"]) == (2, 0.5)


def test_the_experiments_are_listed(vizjax):
    status, out, _ = vizjax("run")
    assert (status, out) == (0, "bowl  A bowl: how far a walk downhill comes.\n")


def test_help_has_the_fields(vizjax):
    status, out, _ = vizjax("run", "bowl", "--help")
    assert status == 0
    assert "Claim: by 1 − rate each step." in out
    assert "--rate FLOAT" in out
    assert "Of a step. (default: 0.1)" in out
    assert "--start {near,far}" in out
    assert "--again" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bowl", "--rat", "1"], "`option` is --rat; expected one of: --rate, --steps, --start"),
        (["bowl", "stray"], "`option` is stray; expected one of: --rate"),
        (["bowl", "--rate", "fast"], "Error parsing --rate: could not convert string to float"),
        (["bowl", "--rate", "2"], r"`rate` is 2.0; expected a share in (0, 1)"),
        (["bowl", "--start", "here"], "--start"),
        (["bowls"], "`experiment` is bowls; expected one of: bowl; or the path of a .py file"),
        (["bowl", "--fail", "InputError"], "`walk` is lost"),
    ],
)
def test_what_is_wrong_is_one_line(vizjax, arguments, message):
    status, out, (line,) = vizjax("run", *arguments)
    assert (status, out) == (2, "")
    assert message in line
    assert line.startswith("vizjax: ")


def test_a_fault_of_the_experiment_leaves_a_run_that_says_so(vizjax, tmp_path):
    status, _, err = vizjax("run", "bowl", "--fail", "ValueError")
    (folder,) = (tmp_path / "runs" / "bowl").iterdir()
    assert status == 1
    assert err[0] == f"the run is not finished: runs/bowl/{folder.name}; the same command goes on"
    assert err[1].startswith("vizjax: internal error, ValueError: `walk` is lost")
    assert len(err) == 2
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["error"] == "ValueError: `walk` is lost"
    assert "bowl.py" in manifest["traceback"]
