"""COCO 2017: everyday scenes of 80 classes, every object boxed."""

from functools import partial
from pathlib import Path

from vizjax.data.datasets.classes import COCO
from vizjax.data.datasets.records import Records, open_records, pixels
from vizjax.data.examples import Dataset, Example, Instance

NEEDED = ("image", "image/filename", "objects")


def coco(split: str | None, folder: Path | None, hint: str) -> Dataset:
    """Open COCO 2017.

    Args:
      split: train, validation (the default) or test, which has no annotations.
      folder: where TFDS's datasets are.
      hint: how to prepare it.

    Returns:
      The photographs, each with the classes and boxes of its objects.

    Source: Lin et al. 2014, *Microsoft COCO: Common Objects in Context* (arXiv 1405.0312).
    """
    records = open_records("coco/2017", split or "validation", folder, NEEDED, hint)
    classes = records.names("objects", "label", otherwise=tuple(COCO))
    accepted = tuple(COCO.get(name, ()) for name in classes)
    return Dataset("coco/2017", classes, accepted, partial(_example, records), range(len(records)))


def _example(records: Records, index: int) -> Example:
    record = records[index]
    name = record["image/filename"].decode()
    photo = records.photo(record, name)
    objects = record["objects"]
    instances = tuple(
        Instance(int(label), pixels(bbox, *photo.shape[:2]), crowd=bool(crowd))
        for label, bbox, crowd in zip(
            objects["label"], objects["bbox"], objects["is_crowd"], strict=True
        )
    )
    labels = tuple(sorted({instance.label for instance in instances}))
    return Example(name, photo, labels, instances)
