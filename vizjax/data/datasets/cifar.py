"""CIFAR-10: small pictures of ten classes, one object each."""

from functools import partial
from pathlib import Path

from vizjax.data.datasets.classes import CIFAR10
from vizjax.data.datasets.records import Records, open_records
from vizjax.data.examples import Dataset, Example

NEEDED = ("image", "label", "id")


def cifar10(split: str | None, folder: Path | None, hint: str) -> Dataset:
    """Open CIFAR-10.

    Args:
      split: train or test (the default).
      folder: where TFDS's datasets are.
      hint: how to prepare it.

    Returns:
      The pictures, 32 × 32, each with its class. There are no boxes.

    Source: Krizhevsky 2009, *Learning Multiple Layers of Features from Tiny Images*.
    """
    records = open_records("cifar10", split or "test", folder, NEEDED, hint)
    classes = records.names("label", otherwise=tuple(CIFAR10))
    accepted = tuple(CIFAR10.get(name, ()) for name in classes)
    return Dataset("cifar10", classes, accepted, partial(_example, records), range(len(records)))


def _example(records: Records, index: int) -> Example:
    record = records[index]
    name = record["id"].decode()
    return Example(name, records.photo(record, name), (int(record["label"]),))
