"""Two photographs that need no fetching, as the datasets that the experiments ask for."""

import dataclasses

import numpy as np
import pytest

from experiments import sources
from vizjax.data import Dataset, Example, Instance, demo_photos, read_photo, write_png
from vizjax.types import Box

CATS, ESPRESSO = (281, 282, 285), 967

CAT = Box(0, 0, 400, 300)
"""Drawn by eye, as are the others; of chelsea, without its last column: then both have one size."""
CUP = Box(77, 18, 480, 389)
"""With saucer and spoon."""


@pytest.fixture(scope="session")
def two_photos(tmp_path_factory):
    """Chelsea the cat, and a cup of coffee, in files, each with a box and a mask of that box."""
    folder, photos = tmp_path_factory.mktemp("two"), demo_photos()
    write_png(folder / "chelsea.png", photos["chelsea"][:, :450])
    write_png(folder / "coffee.png", photos["coffee"])
    listed = (("chelsea.png", CATS[2], (CAT,)), ("coffee.png", ESPRESSO, (CUP, Box(0, 0, 9, 9))))

    def read(number):
        name, label, boxes = listed[number]
        photo = read_photo(folder / name)
        mask = np.zeros(photo.shape[:2], bool)
        mask[boxes[0].y0 : boxes[0].y1, boxes[0].x0 : boxes[0].x1] = True
        return Example(name, photo, (label,), tuple(Instance(label, b) for b in boxes), mask)

    accepted = tuple(CATS if index in CATS else (index,) for index in range(1000))
    names = tuple(f"class {index}" for index in range(1000))
    return Dataset("photos", names, accepted, read, range(len(listed)))


@pytest.fixture
def offline(monkeypatch, two_photos):
    """The experiments' datasets are these two photographs; nothing is fetched."""

    def opened(name, *, split, folder, boxes, progress):
        assert name in ("photos", "photos/masks")
        assert split is folder is boxes is None
        return dataclasses.replace(two_photos, name=name)

    monkeypatch.setattr(sources, "dataset", opened)


@pytest.fixture(scope="session")
def out(tmp_path_factory):
    """One folder: experiments that ask for the same survey share its file."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def squeezed(monkeypatch, squeezenet):
    """The network is loaded once."""
    monkeypatch.setattr(sources, "load", lambda name, progress: squeezenet)
