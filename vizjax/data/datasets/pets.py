"""The Oxford-IIIT pets: cats and dogs of 37 breeds, each with its outline."""

from functools import partial
from pathlib import Path

import numpy as np

from vizjax.data.datasets.boxes import tight_box
from vizjax.data.datasets.classes import PETS
from vizjax.data.datasets.records import Records, open_records
from vizjax.data.examples import Dataset, Example, Instance

NEEDED = ("image", "label", "file_name", "segmentation_mask")

FOREGROUND, BORDER = 1, 3
"""Of the trimaps; 2 is the background."""


def oxford_iiit_pet(split: str | None, folder: Path | None, hint: str) -> Dataset:
    """Open the Oxford-IIIT pets.

    Args:
      split: train or test (the default).
      folder: where TFDS's datasets are.
      hint: how to prepare it.

    Returns:
      The photographs. `mask` is the animal without its uncertain border, which is `ignored`; the
      box is that of the mask. The head's box that newer versions have is not read: it says less
      than where the animal is, and only a part of the photographs have one.

    Source: Parkhi et al. 2012, *Cats and Dogs*.
    """
    records = open_records("oxford_iiit_pet", split or "test", folder, NEEDED, hint)
    classes = records.names("label", otherwise=tuple(PETS))
    accepted = tuple(PETS.get(name, ()) for name in classes)
    read = partial(_example, records)
    return Dataset("oxford_iiit_pet", classes, accepted, read, range(len(records)))


def _example(records: Records, index: int) -> Example:
    record = records[index]
    name, label = record["file_name"].decode(), int(record["label"])
    photo, trimap = records.photo(record, name), records.plane(record, name)
    mask, border = np.asarray(trimap == FOREGROUND), np.asarray(trimap == BORDER)
    box = tight_box(mask)
    instances = () if box is None else (Instance(label, box),)
    return Example(name, photo, (label,), instances, mask, ignored=border)
