"""The generated shapes, read back."""

from functools import partial
from pathlib import Path

import numpy as np

from vizjax.data.datasets.records import Records, open_records, pixels
from vizjax.data.examples import Dataset, Example, Instance
from vizjax.data.shapes.outlines import OUTLINES

NEEDED = ("image", "name", "label", "objects", "segmentation_mask")


def shapes(split: str | None, folder: Path | None, hint: str) -> Dataset:
    """Open the generated shapes.

    Args:
      split: train or test (the default).
      folder: where TFDS's datasets are.
      hint: how to prepare it.

    Returns:
      The pictures, with the exact boxes and mask of the shapes on them, which are all of one
      class. ImageNet has none of these classes.
    """
    records = open_records("shapes", split or "test", folder, NEEDED, hint)
    classes = records.names("label", otherwise=tuple(OUTLINES))
    accepted = tuple(() for _ in classes)
    return Dataset("shapes", classes, accepted, partial(_example, records), range(len(records)))


def _example(records: Records, index: int) -> Example:
    record = records[index]
    name, label = record["name"].decode(), int(record["label"])
    photo, number = records.photo(record, name), records.plane(record, name)
    boxes = (pixels(bbox, *photo.shape[:2]) for bbox in record["objects"]["bbox"])
    instances = tuple(Instance(label, box) for box in boxes)
    return Example(name, photo, (label,), instances, np.asarray(number > 0))
