"""What the README and the pages say is so: code runs, names and files exist, commands parse."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from vizjax.attribution.entries import METHODS
from vizjax.models.zoo import NETWORKS

ROOT = Path(__file__).parents[1]
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
README = TEXTS["README"] = (ROOT / "README.md").read_text("utf-8")
ALL = "\n".join(TEXTS.values())

INTERNAL = {"__init__", "__main__", "chunks", "cli", "demo", "maps", "programs", "py", "templates"}
"""What of the package no page describes."""

# Of every command its words: the command, and a subcommand or an experiment's name.
LINES = sorted(set(re.findall(r"^    (vizjax [a-z].*?)(?:  +#.*)?$", ALL, re.MULTILINE)))
WORDS = re.compile(r"vizjax (?:data \w+|(?:run|sweep) [a-z]\w*|[a-z-]+)")


def code_of(name):
    """The blocks of Python, in order; a file's text, which has a title, is not among them."""
    return re.findall(r"```python\n(.*?)```", TEXTS[name], re.DOTALL)


def run(name, names, blocks=None):
    for block in code_of(name) if blocks is None else blocks:
        exec(compile(block, f"{name}.md", "exec"), names)
    return names


def literal(path, name):
    """The value of a constant of a module that is not imported."""
    for node in ast.parse((ROOT / path).read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{path} has no {name}")


def test_the_readme_runs_from_top_to_bottom():
    names = run("README", {})
    assert names["saliency_map"].shape == (32, 48)
    assert names["guided_map"].shape == (32, 48, 3)
    assert names["guided"].shape == (227, 227, 3)
    assert names["neuron"].shape == (227, 227)


def test_the_methods_run():
    names = run("methods", {})
    assert names["camera"].shape == names["rise_map"].shape == (96, 96)
    assert names["noisy_mean"].shape == names["attribution"].shape == (96, 96, 3)
    assert [site.kind for site in names["found"]] == ["relu"]


def test_the_networks_run():
    names = run("networks_and_data", {})
    assert names["scores"].shape == (10,)
    assert names["neuron"].shape == (96, 96)


@pytest.fixture
def tables():
    """The tables of methods and networks, in which the examples enter their own."""
    tables: list[Any] = [METHODS, NETWORKS]
    kept = [table.copy() for table in tables]
    yield
    for table, before in zip(tables, kept, strict=True):
        table.clear()
        table.update(before)


def test_a_method_and_a_network_are_added(tables):
    method, entry, network, named, _ = code_of("adding")
    names = run("adding", {}, [method, entry])
    assert names["length"].shape == names["smoothed"].shape == names["same"].shape == (32, 48)
    assert names["guided"].shape == (32, 48)
    # Of order 1 the length is the sum of the magnitudes: never less than Euclid's.
    assert (names["same"] >= names["length"] * (1 - 1e-5)).all()
    run("adding", names, [network, named])
    assert names["layers"] == {"conv1": (20, 28, 8), "conv2": (20, 28, 5)}
    assert names["deconvnet"].shape == (40, 56, 3)
    assert names["camera"].shape == (40, 56)
    scores = names["network"](names["image"])
    assert names["loaded"](names["image"]).tolist() == scores.tolist()


def test_an_experiment_is_added(tmp_path, monkeypatch, capsys):
    from vizjax.cli import main

    (source,) = re.findall(r'```python title="quantile.py"\n(.*?)```', TEXTS["adding"], re.DOTALL)
    (tmp_path / "quantile.py").write_text(source, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["vizjax", "run", "quantile.py", "--foreground", "0.9"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 0
    capsys.readouterr()
    run("adding", {}, code_of("adding")[-1:])
    quantile, overlap, *shape = capsys.readouterr().out.split()
    assert quantile == "0.9"
    assert 0.5 < float(overlap) <= 1
    assert shape == ["227", "340"]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(vizjax\.[A-Za-z_.]+)", ALL))))
def test_names_exist(name):
    import importlib

    module, _, attribute = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        assert hasattr(importlib.import_module(module), attribute)


PATHS = r"`((?:vizjax|tests|experiments|notebooks|docs)/[^` ]*)`|\]\((?!http)([^)#]+)"


@pytest.mark.parametrize("text", TEXTS)
def test_files_exist(text):
    folder = ROOT if text == "README" else ROOT / "docs"
    for named, linked in re.findall(PATHS, TEXTS[text]):
        if linked != "api/index.md":  # a page that is made of the docstrings
            assert (ROOT / named if named else folder / linked).exists(), named or linked


def test_pictures_are_small_and_made_by_the_notebooks():
    made = literal("docs/pictures.py", "PICTURES")
    shown = set(re.findall(r"pictures/([^)]+)\)", ALL))
    assert shown == {name for pictures in made.values() for name in pictures.values()}
    for name in shown:
        assert 0 < (ROOT / "docs/pictures" / name).stat().st_size <= 200_000, name
    notebooks = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert notebooks == made.keys() == set(re.findall(r"notebooks/(\w+)\.ipynb", ALL))


def test_every_public_module_has_a_page():
    pages = {name.removeprefix("vizjax.") for name in literal("docs/hooks.py", "PUBLIC")}
    there = {
        path.name.split(".")[0] for path in (ROOT / "vizjax").iterdir() if path.name[:2] != "__"
    }
    assert there - INTERNAL == pages


def test_make_targets_exist():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = set(re.findall(r"`make ([a-z-]+)|^    make ([a-z-]+)", ALL, re.MULTILINE))
    assert {a or b for a, b in named} <= set(targets)


@pytest.mark.parametrize("line", [line for line in LINES if "quantile" not in line])
def test_options_of_the_command_line_exist(line, capsys, monkeypatch):
    from vizjax.cli import main

    words = WORDS.match(line)
    assert words
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", [*words[0].split(), "--help"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert all(option in text for option in re.findall(r"--[a-z0-9-]+", line)), text
