"""`vizjax data`: fetch, prepare, list."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vizjax.data import dataset

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def tfds_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    return tmp_path / "tfds"


def test_prepare_and_list(vizjax, tfds_folder):
    outcome = vizjax("data", "list")
    assert (outcome.status, outcome.lines) == (0, [])
    assert f"  not here: `vizjax data prepare shapes --folder {tfds_folder}` first" in outcome.out
    assert f"`tfds build voc/2007 --file_format=array_record --data_dir={tfds_folder}`" in (
        outcome.out
    )
    assert "put into downloads/manual of that folder by hand" in outcome.out

    outcome = vizjax("data", "prepare", "shapes", "--train", 3, "--test", 2, "--seed", 5)
    there = tfds_folder / "shapes" / "1.0.0"
    assert (outcome.status, outcome.lines) == (0, [f"the shapes: {there}"])
    assert len(dataset("shapes", split="train")) == 3

    outcome = vizjax("data", "prepare", "shapes", "--train", 3, "--test", 2, "--seed", 5)
    assert (outcome.status, outcome.lines) == (0, [f"the shapes, as they were: {there}"])
    assert f"  in {there}\n" in vizjax("data", "list").out

    outcome = vizjax("data", "prepare", "shapes")
    assert outcome.status == 2
    (line,) = outcome.lines
    assert line.endswith("delete it, or choose another folder")


def test_list_of_another_folder(vizjax, tmp_path):
    assert f"--data_dir={tmp_path / 'x'}`" in vizjax("data", "list", "--folder", tmp_path / "x").out


def test_fetch(vizjax, tmp_path, monkeypatch):
    from vizjax.cli import data

    def fetch(*, folder, progress):
        progress("fetching foolbox==3.3.4 into a folder")
        return folder or tmp_path

    monkeypatch.setattr(data, "fetch_photos", fetch)
    outcome = vizjax("data", "fetch", "photos")
    assert outcome.status == 0
    expected = ["fetching foolbox==3.3.4 into a folder", f"the photographs: {tmp_path}"]
    assert outcome.lines == expected
    outcome = vizjax("data", "fetch", "photos", "--folder", tmp_path / "mine")
    assert outcome.lines[-1] == f"the photographs: {tmp_path / 'mine'}"


def test_fetch_out_of_reach_is_one_line(vizjax, monkeypatch, tmp_path):
    monkeypatch.setenv("VIZJAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    outcome = vizjax("data", "fetch", "photos")
    assert outcome.status == 2
    assert outcome.lines[0].startswith("fetching foolbox==3.3.4 into ")
    assert outcome.lines[1].startswith("vizjax: `foolbox==3.3.4` cannot be fetched: ")
    assert len(outcome.lines) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["data"],
        ["data", "fetch"],
        ["data", "fetch", "shapes"],
        ["data", "prepare", "photos"],
        ["data", "prepare", "shapes", "--train", "many"],
        ["data", "prepare", "shapes", "--train", "0"],
        ["data", "show"],
    ],
)
def test_bad_arguments_are_one_line(vizjax, arguments, tfds_folder):
    outcome = vizjax(*arguments)
    assert (outcome.status, len(outcome.lines)) == (2, 1)
    assert outcome.lines[0].startswith("vizjax: ")
    assert not tfds_folder.exists()


def test_help(vizjax):
    outcome = vizjax("data", "--help")
    assert (outcome.status, outcome.lines) == (0, [])
    assert all(word in outcome.out for word in ("fetch", "prepare", "list"))
    outcome = vizjax("data", "prepare", "--help")
    assert all(word in outcome.out for word in ("--folder", "--train", "--test", "--seed"))
    assert "None" not in outcome.out


def test_an_interruption_leaves_nothing_and_says_so_in_a_line(tfds_folder, tmp_path):
    code = "from vizjax.cli import main; main()"
    arguments = ["data", "prepare", "shapes", "--train", "100000"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    shapes = tfds_folder / "shapes"
    deadline = time.monotonic() + 60
    while not list(shapes.glob("incomplete*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(shapes.glob("incomplete*"))  # it draws
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines() == ["vizjax: interrupted; what was finished is kept"]
    assert list(shapes.iterdir()) == []
