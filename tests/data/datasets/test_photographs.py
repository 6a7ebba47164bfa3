"""The annotated photographs as datasets; the photographs themselves are stand-ins here."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.io import imread

from vizjax.data import dataset, photos
from vizjax.data.datasets.boxes import tight_box
from vizjax.data.datasets.registry import present
from vizjax.data.examples import Instance
from vizjax.types import Box

MASKS = Path(photos.__file__).parent / "annotations" / "masks"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A stand-in for every photograph, of the size of its mask if it has one."""
    where = tmp_path_factory.mktemp("photos")
    for name in photos.missing_photos(where):
        path, size = where / name, (60, 40)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.name == "segmentation":
            with Image.open(MASKS / f"{path.stem}.png") as mask:
                size = mask.size
        Image.new("RGB", size, (len(path.stem), 0, 0)).save(path)
    return where


def no_download(*arguments, **options):
    pytest.fail("something was fetched")


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setattr(photos, "download", no_download)


def test_photographs_with_boxes(folder):
    data = dataset("photos", folder=folder)
    assert (len(data), len(data.classes)) == (120, 1000)
    examples = list(data)
    assert sum(len(example.instances) for example in examples) == 192
    assert sum(example.certain for example in examples) == 111
    assert sum(one.crowd for example in examples for one in example.instances) == 7
    first = examples[0]
    assert first.name == "foolbox/imagenet_00_243.jpg"
    assert first.labels == (243,)
    assert first.instances == (Instance(243, Box(120, 0, 311, 457)),)
    assert first.photo.shape == (40, 60, 3)
    assert first.mask is None
    assert data.classes[243] == "bull mastiff"
    assert data.accepted(243) == (243,)


def test_photographs_with_masks(folder):
    data = dataset("photos/masks", folder=folder)
    examples = {example.name: example for example in data}
    assert len(data) == len(examples) == 28
    assert all(example.certain for example in examples.values())
    for name, example in examples.items():
        stored = imread(MASKS / f"{Path(name).stem}.png")
        assert set(np.unique(stored)) == {0, 255}
        assert example.mask is not None
        np.testing.assert_array_equal(example.mask, stored == 255)
        assert example.photo.shape[:2] == example.mask.shape
        # All that the mask covers is in a box. (Of the flock, they differ by a pixel.)
        outer, boxes = tight_box(example.mask), np.array([one.box for one in example.instances])
        assert outer is not None
        union = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
        assert np.abs(np.subtract(union, outer)).max() <= (len(boxes) > 2)
    assert len(examples["ai_benchmark/segmentation/8.jpg"].instances) == 18


def test_a_cat_may_be_any_of_three(folder):
    data = dataset("photos/masks", folder=folder)
    for label in (281, 282, 285):
        assert data.accepted(label) == (281, 282, 285)
    assert data.accepted(348) == (348,)
    assert data.accepted(283) == (283,)
    assert {label for example in data for label in example.labels} == {281, 282, 285, 348}


def test_every_mask_is_listed():
    with (MASKS.parent / "masks.csv").open() as file:
        listed = {Path(row["file"]).stem for row in csv.DictReader(file)}
    assert {path.stem for path in MASKS.iterdir()} == listed


def test_whether_they_are_there(folder, tmp_path):
    assert present("photos", folder) == present("photos/masks", folder) == folder
    assert present("photos", tmp_path) is None


@pytest.mark.slow
def test_the_real_photographs(monkeypatch):
    monkeypatch.undo()
    for name in ("photos", "photos/masks"):
        for example in dataset(name):
            height, width, _ = example.photo.shape
            assert example.mask is None or example.mask.shape == (height, width)
            for one in example.instances:
                assert 0 <= one.box.x0 < one.box.x1 <= width
                assert 0 <= one.box.y0 < one.box.y1 <= height
