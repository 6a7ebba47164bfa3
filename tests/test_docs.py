"""What the README says is so: its code runs, its names exist, its commands parse."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
CODE = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_code_runs_from_top_to_bottom():
    assert len(CODE) == 5
    names: dict = {}
    for block in CODE:
        exec(compile(block, "README.md", "exec"), names)
    assert names["saliency_map"].shape == (32, 48)
    assert names["guided"].shape == (227, 227, 3)
    assert names["neuron"].shape == (227, 227)
    assert names["scores"].shape == (10,)
    assert [site.kind for site in names["found"]] == ["relu"]
    assert names["camera"].shape == names["rise_map"].shape == (96, 96)
    assert names["noisy_mean"].shape == names["attribution"].shape == (96, 96, 3)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(vizjax\.[A-Za-z_.]+)", README))))
def test_names_exist(name):
    module, _, attribute = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        assert hasattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:vizjax|tests|experiments)/[^` ]+)`", README)))
)
def test_files_exist(path):
    assert (ROOT / path).exists()


def test_make_targets_exist():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = set(re.findall(r"make ([a-z-]+)", README)) - {"and"}
    assert named <= set(targets)


@pytest.mark.parametrize("command", ["explain", "compare", "class-model", "search", "demo"])
def test_options_of_the_command_line_exist(command, capsys, monkeypatch):
    from vizjax.cli import main

    monkeypatch.setattr("sys.argv", ["vizjax", command, "--help"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 0
    text = capsys.readouterr().out
    line = next(line for line in README.splitlines() if line.startswith(f"    vizjax {command}"))
    options = re.findall(r"--[a-z0-9-]+", line)
    assert options
    assert all(option in text for option in options)
