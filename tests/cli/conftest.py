"""A whole network in a file that compiles in a blink, and the command line run in this process."""

import gc
import os
import re
import sys
from typing import NamedTuple

import matconvnet_files as files
import numpy as np
import pytest
from PIL import Image

from vizjax.demo import CLASSES

SIZE = 24, 28
NAMES = (*CLASSES, "crane", "crane", "red wolf, maned wolf")


def write_network(path, scale=1.0):
    """The demo's classes and two cranes, the demo's layers; a photograph's short side is 32."""
    rng = np.random.default_rng(0)
    layers = [
        files.conv(rng, "fire3", 3, 3, channels=3, features=4, stride=2),
        files.relu("relu3"),
        files.pool("fire5", 3, stride=2),
        files.conv(rng, "fire9", 3, 3, channels=4, features=6, pad=1),
        files.relu("relu9"),
        files.conv(rng, "fc", 5, 6, channels=6, features=len(NAMES)),
    ]
    layers[0]["weights"][0] *= np.float32(scale / 50)
    return files.write(
        path,
        layers,
        normalization={
            "imageSize": np.array([*SIZE, 3.0]),
            "averageImage": np.full((*SIZE, 3), 110.0),
            "border": np.array([8.0, 4.0]),
        },
        classes={
            "name": files.cell([f"n{10000000 + index}" for index in range(len(NAMES))]),
            "description": files.cell(list(NAMES)),
        },
    )


@pytest.fixture
def huge_network_file(tmp_path):
    """Parameters that are finite and scores that are not."""
    return write_network(tmp_path / "huge.mat", scale=3e38)


@pytest.fixture(scope="session")
def network_file(tmp_path_factory):
    return write_network(tmp_path_factory.mktemp("network") / "tiny.mat")


@pytest.fixture(scope="session")
def pixels():
    """A photograph of 40 × 60 pixels: a bright disc on a dark, noisy ground."""
    y, x = np.mgrid[:40, :60]
    ground = np.random.default_rng(1).integers(20, 90, (40, 60, 3))
    disc = (y - 17) ** 2 + (x - 40) ** 2 < 110
    return np.where(disc[..., None], [240, 180, 40], ground).astype(np.uint8)


@pytest.fixture
def photo(tmp_path, pixels):
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def not_the_person_s_cache(cache, monkeypatch):
    """What the commands leave, in processes of their own too."""
    monkeypatch.setenv("VIZJAX_CACHE", str(cache))


class Outcome(NamedTuple):
    status: int
    out: str
    lines: list[str]


@pytest.fixture
def vizjax(monkeypatch, capsys):
    """Runs `vizjax …` in this process."""
    from vizjax.cli import console, main

    monkeypatch.setattr(os, "_exit", sys.exit)  # of an interrupted command
    monkeypatch.setattr(console, "prepare", lambda: None)  # for this process is prepared already
    monkeypatch.setattr(gc, "freeze", lambda: None)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["vizjax", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        # The progress, which only a slow machine reports, is none of the lines.
        lines = [one for one in err.splitlines() if not re.search(r": \d+ of \d+, \d+ s$", one)]
        return Outcome(int(stop.value.code or 0), out, lines)

    return run


@pytest.fixture
def explain(vizjax, network_file, tmp_path):
    """Runs `vizjax explain` into `out` with the small network."""

    def run(*arguments, top=1, views=1):
        options = ["--out", tmp_path / "out", "--network", network_file, "--views", views]
        return vizjax("explain", *options, "--top", top, *arguments)

    return run


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"
