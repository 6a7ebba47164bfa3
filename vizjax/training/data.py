"""A classification dataset of TFDS as squares of one size, read without TensorFlow."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int32, UInt8, UInt32

from vizjax.data.datasets.records import Records, data_folder, open_records
from vizjax.data.datasets.registry import DATASETS
from vizjax.data.images import canvas
from vizjax.errors import InputError
from vizjax.models.labels import Labels, imagenet

NEEDED = ("image", "label")

MEMORY = 2 << 30
"""Bytes of pictures that are kept in memory; a dataset that is larger is read again and again."""

_CHUNK = 256


class Batch(NamedTuple):
    """Pictures of a step, or a part of one.

    Attributes:
      image: RGB squares, 0-255.
      label: their classes.
      position: how many pictures come before it in the whole training: what its random changes
        depend on, beside the seed.
    """

    image: UInt8[np.ndarray, "batch side side 3"] | Any
    label: Int32[np.ndarray, "batch"] | Any
    position: UInt32[np.ndarray, "batch"] | Any


@dataclass(frozen=True)
class Split:
    """A split's pictures as squares: `split[index]` is one, and its label.

    Attributes:
      records: the split, as TFDS keeps it.
      side: of the squares, in pixels.
      classes: how many there are.
    """

    records: Records
    side: int
    classes: int

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[tuple[np.ndarray, int]]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> tuple[UInt8[np.ndarray, "side side 3"], int]:
        """The middle of a picture whose short side is brought to `side`, and its class.

        Raises:
          InputError: the record is damaged, or has no label.
        """
        return self.example(index, self.records[index])

    def example(self, index: int, record: Any) -> tuple[UInt8[np.ndarray, "side side 3"], int]:
        """The same, of a record that has been read.

        Args:
          index: its number.
          record: what `records` has there.

        Raises:
          InputError: likewise.
        """
        label = int(record["label"])
        if not 0 <= label < self.classes:
            raise InputError(
                f"`{self.records.split}` of {self.records.folder} has the label {label} at record "
                f"{index}; expected 0 to {self.classes - 1}: name a split that has labels"
            )
        return square(self.records.photo(record, f"record {index}"), self.side), label


class Data(NamedTuple):
    """What a network is trained and evaluated on.

    Attributes:
      name: the dataset's, with its splits.
      labels: its classes.
      train: what it learns from.
      test: what it is evaluated on.
    """

    name: str
    labels: Labels
    train: Split
    test: Split


def open_data(
    name: str,
    side: int,
    *,
    train: str = "train",
    test: str = "",
    folder: str | Path | None = None,
) -> Data:
    """Open a classification dataset that TFDS has prepared.

    Args:
      name: the dataset's, with its configuration: `cifar10`, `imagenette/320px-v2`.
      side: height and width to which all pictures are brought, in pixels.
      train: the split to learn from, or a part of one: `train[:45000]`.
      test: the split to evaluate on; by default `test`, or else `validation`; of imagenet2012,
        whose test split has no labels, `validation`.
      folder: where TFDS's datasets are; none for its own.

    Raises:
      InputError: the dataset is not there or has no images with one label each; the message says
        the command that gets it.
    """
    where = data_folder(folder)
    command = f"tfds build {name} --file_format=array_record --data_dir={where}"
    hint = DATASETS[name].hint(where) if name in DATASETS else f"`{command}` first"

    def opened(split):
        return open_records(name, split, folder, NEEDED, hint)

    learnt = opened(train)
    numbered = tuple(map(str, range(learnt.features["label"].num_classes)))
    names = learnt.names("label", otherwise=numbered)
    measured = opened(test or ("validation" if name == "imagenet2012" else _evaluated(learnt)))
    splits = (Split(records, side, len(names)) for records in (learnt, measured))
    told = f"{name}, {train} and {measured.split}"
    return Data(told, _labels(names), *splits)


def square(photo: np.ndarray, side: int) -> UInt8[np.ndarray, "side side 3"]:
    """The middle of a photograph, its short side brought to `side` (Krizhevsky et al. 2012, §2)."""
    if photo.shape[:2] != (side, side):
        whole = canvas(photo, side)
        y, x = ((length - side) // 2 for length in whole.shape[:2])
        photo = np.rint(whole[y : y + side, x : x + side]).astype(np.uint8)
    return photo


class Pictures(NamedTuple):
    """All of a split, decoded.

    Attributes:
      image: `(pictures, side, side, 3)`, RGB, 0-255.
      label: their classes.
    """

    image: UInt8[np.ndarray, "pictures side side 3"]
    label: Int32[np.ndarray, "pictures"]


def decoded(
    split: Split,
    indices: Any = None,
    *,
    advance: Callable[[int], Any] = lambda done: None,
) -> Pictures:
    """Pictures of a split, decoded by all cores.

    Args:
      split: which.
      indices: of the pictures; all by default.
      advance: called with the number of pictures just decoded.
    """
    wanted = np.arange(len(split)) if indices is None else np.asarray(indices)
    image = np.empty((len(wanted), split.side, split.side, 3), np.uint8)
    label = np.empty(len(wanted), np.int32)

    def fill(start):
        part = wanted[start : start + _CHUNK].tolist()
        for place, (index, record) in enumerate(
            zip(part, split.records.several(part), strict=True), start
        ):
            image[place], label[place] = split.example(index, record)
        return len(part)

    with ThreadPoolExecutor() as threads:  # decoding leaves Python's lock
        for done in threads.map(fill, range(0, len(wanted), _CHUNK)):
            advance(done)
    return Pictures(image, label)


def fits(split: Split) -> bool:
    """Whether a split may be kept in memory."""
    return len(split) * split.side**2 * 3 <= MEMORY


def _evaluated(records: Records) -> str:
    import tensorflow_datasets as tfds

    splits = tfds.builder_from_directory(records.folder).info.splits
    return next((name for name in ("test", "validation") if name in splits), "train")


def _labels(names: tuple[str, ...]) -> Labels:
    known = imagenet()
    if names == known.wnids:
        return known
    return Labels(names=tuple((name,) for name in names))
