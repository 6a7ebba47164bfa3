"""Experiments are found by name or path, without importing the others."""

import sys
from pathlib import Path

import pytest

from vizjax.errors import InputError
from vizjax.runs import experiment, experiments

ROOT = Path(__file__).parents[2]

GOOD = '''"""Title.

More."""
from dataclasses import dataclass

@dataclass(frozen=True)
class Config:
    seed: int = 0

def run(config, work):
    return None
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    made = tmp_path / "experiments"
    made.mkdir()
    (made / "good.py").write_text(GOOD)
    (made / "helper.py").write_text("raise AssertionError('nobody imports this')\n")
    (made / "damaged.py").write_text("def run(config, work:\n")
    return made


def test_those_that_are_there_are_listed_unseen(folder):
    assert experiments() == {"good": "Title."}


def test_every_experiment_here_has_a_title_and_a_tiny_variant(monkeypatch):
    monkeypatch.chdir(ROOT)
    known = experiments()
    assert {"localisation", "masks", "results", "speed"} <= set(known)
    assert all(title.endswith((".", "?", ")", ":")) for title in known.values())


def test_by_name_and_by_path(folder):
    module = experiment("good")
    assert module.Config().seed == 0
    assert experiment(folder / "good.py") is module
    elsewhere = folder.parent / "good.py"
    elsewhere.write_text(GOOD.replace("seed: int = 0", "seed: int = 7"))
    assert experiment(str(elsewhere)).Config().seed == 7
    assert experiment("good").Config().seed == 0


def test_a_module_of_a_package_is_imported_as_that(folder):
    package = folder.parent / "some_package_of_mine"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "other.py").write_text("SEED = 5\n")
    imported = "from some_package_of_mine.other import SEED\n"
    (package / "one.py").write_text(
        GOOD.replace("from dataclasses", f"{imported}from dataclasses").replace("= 0", "= SEED")
    )
    module = experiment(package / "one.py")
    assert (module.__name__, module.Config().seed) == ("some_package_of_mine.one", 5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("goood", r"`experiment` is goood; expected one of: good; or the path of a \.py file"),
        ("helper", "`experiment` is helper; expected one of: good"),
        ("nowhere/x.py", r"`experiment` is nowhere/x\.py: no such file"),
        ("experiments/damaged.py", "cannot be imported: SyntaxError"),
        ("experiments/helper.py", "cannot be imported: AssertionError: nobody"),
    ],
)
def test_what_is_no_experiment(folder, name, message):
    with pytest.raises(InputError, match=message):
        experiment(name)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("@dataclass(frozen=True)\n", "", "expected a module with a dataclass `Config`"),
        ("def run(", "def walk(", r"a function `run\(config, work\)`"),
        ("seed", "workers", "has a field `workers`; expected none of the commands' own options"),
    ],
)
def test_modules_that_lack_something(folder, old, new, message):
    path = folder / f"lacking_{len(new)}.py"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(InputError, match=message):
        experiment(path)


def test_where_there_are_no_experiments(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="`experiments` is no folder here"):
        experiments()
