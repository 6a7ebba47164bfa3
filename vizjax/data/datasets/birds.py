"""Caltech-UCSD Birds 200-2011: one bird of 200 species a photograph, with its outline."""

import importlib.resources
from functools import partial
from pathlib import Path

import numpy as np

from vizjax.data.datasets.classes import BIRDS
from vizjax.data.datasets.records import Records, open_records, pixels
from vizjax.data.examples import Dataset, Example, Instance

NEEDED = ("image", "image/filename", "label", "bbox", "segmentation_mask")


def caltech_birds2011(split: str | None, folder: Path | None, hint: str) -> Dataset:
    """Open the birds.

    Args:
      split: train or test (the default).
      folder: where TFDS's datasets are.
      hint: how to prepare it.

    Returns:
      The photographs, each with the bird's box and mask. The masks are votes of five people, from
      0 to 255: here a pixel is the bird's where most of them say so.

    Source: Wah et al. 2011, *The Caltech-UCSD Birds-200-2011 Dataset*.
    """
    records = open_records("caltech_birds2011", split or "test", folder, NEEDED, hint)
    classes = records.names("label", otherwise=species())
    accepted = tuple(BIRDS.get(name, ()) for name in classes)
    read = partial(_example, records)
    return Dataset("caltech_birds2011", classes, accepted, read, range(len(records)))


def species() -> tuple[str, ...]:
    """The names of the 200 classes in order: TFDS's files only number them."""
    file = importlib.resources.files("vizjax.data") / "annotations" / "caltech_birds2011.txt"
    return tuple(file.read_text("utf-8").split())


def _example(records: Records, index: int) -> Example:
    record = records[index]
    name, label = record["image/filename"].decode(), int(record["label"])
    photo, votes = records.photo(record, name), records.plane(record, name)
    box = pixels(record["bbox"], *photo.shape[:2])
    return Example(name, photo, (label,), (Instance(label, box),), np.asarray(votes > 127))
