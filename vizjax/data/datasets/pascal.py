"""PASCAL VOC 2007 and 2012: photographs of 20 classes, every object boxed."""

from functools import partial
from pathlib import Path

from vizjax.data.datasets.classes import PASCAL
from vizjax.data.datasets.records import Records, open_records, pixels
from vizjax.data.examples import Dataset, Example, Instance

NEEDED = ("image", "image/filename", "labels", "objects")


def voc(year: str, split: str | None, folder: Path | None, hint: str) -> Dataset:
    """Open a year of VOC.

    Args:
      year: 2007 or 2012.
      split: train, validation or test; by default test of 2007, validation of 2012, whose test
        set has no annotations.
      folder: where TFDS's datasets are.
      hint: how to prepare it.

    Returns:
      The photographs, each with the classes and boxes of its objects.

    Source: Everingham et al. 2010, *The PASCAL Visual Object Classes (VOC) Challenge*.
    """
    split = split or {"2007": "test", "2012": "validation"}[year]
    records = open_records(f"voc/{year}", split, folder, NEEDED, hint)
    classes = records.names("objects", "label", otherwise=tuple(PASCAL))
    accepted = tuple(PASCAL.get(name, ()) for name in classes)
    read = partial(_example, records)
    return Dataset(f"voc/{year}", classes, accepted, read, range(len(records)))


def _example(records: Records, index: int) -> Example:
    record = records[index]
    name = record["image/filename"].decode()
    photo = records.photo(record, name)
    objects = record["objects"]
    instances = tuple(
        Instance(int(label), pixels(bbox, *photo.shape[:2], first=1), difficult=bool(difficult))
        for label, bbox, difficult in zip(
            objects["label"], objects["bbox"], objects["is_difficult"], strict=True
        )
    )
    return Example(name, photo, tuple(int(label) for label in record["labels"]), instances)
