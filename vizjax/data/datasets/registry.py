"""The datasets by name: how each is opened, and how it is got."""

import importlib
import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from vizjax.data.datasets.records import data_folder, prepared
from vizjax.data.examples import Dataset
from vizjax.data.photos import missing_photos, photos_folder
from vizjax.errors import InputError, unknown

_log = logging.getLogger(__name__)


class Known(NamedTuple):
    """A dataset that can be opened.

    Attributes:
      holds: what it is, in a few words.
      command: what fetches or prepares it, with the place of the folder as `{folder}`.
      opens: module and function that open it, imported when it is opened.
      note: what else must be done, if anything.
    """

    holds: str
    command: str
    opens: tuple[str, str]
    note: str = ""

    def hint(self, folder: Path) -> str:
        """How to get it into a folder, as the end of a sentence that says what is expected."""
        return f"`{self.command.format(folder=folder)}` first{self.note}"


def _tfds(name: str) -> str:
    return f"tfds build {name} --file_format=array_record --data_dir={{folder}}"


_BUILT = " (which needs TensorFlow; reading does not)"
_BY_HAND = (
    _BUILT + ", with ILSVRC2012_img_val.tar, and ILSVRC2012_img_train.tar if wanted, put into "
    "downloads/manual of that folder by hand: image-net.org gives them to those who register"
)

DATASETS = {
    "photos": Known(
        "120 photographs, boxes", "vizjax data fetch photos", ("photographs", "photos")
    ),
    "photos/masks": Known(
        "28 photographs of animals, masks and boxes",
        "vizjax data fetch photos",
        ("photographs", "masked"),
    ),
    "shapes": Known(
        "drawn on this computer, masks and boxes",
        "vizjax data prepare shapes --folder {folder}",
        ("drawn", "shapes"),
    ),
    "cifar10": Known(
        "CIFAR-10, small pictures, labels",
        "vizjax data prepare cifar10 --source BATCHES --folder {folder}",
        ("cifar", "cifar10"),
        ", BATCHES the folder of its binary version, cifar-10-binary.tar.gz, unpacked",
    ),
    "imagenet2012": Known(
        "ILSVRC 2012, labels; boxes from its own files",
        _tfds("imagenet2012"),
        ("ilsvrc", "imagenet2012"),
        _BY_HAND,
    ),
    "voc/2007": Known("PASCAL VOC 2007, boxes", _tfds("voc/2007"), ("pascal", "voc"), _BUILT),
    "voc/2012": Known("PASCAL VOC 2012, boxes", _tfds("voc/2012"), ("pascal", "voc"), _BUILT),
    "oxford_iiit_pet": Known(
        "37 breeds of cats and dogs, masks",
        _tfds("oxford_iiit_pet"),
        ("pets", "oxford_iiit_pet"),
        _BUILT,
    ),
    "caltech_birds2011": Known(
        "200 species of birds, masks and boxes",
        _tfds("caltech_birds2011"),
        ("birds", "caltech_birds2011"),
        _BUILT,
    ),
    "coco/2017": Known("COCO 2017, boxes", _tfds("coco/2017"), ("coco", "coco"), _BUILT),
}
"""The datasets that `dataset` opens."""


def dataset(
    name: str,
    *,
    split: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    boxes: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] = _log.info,
) -> Dataset:
    """Open a dataset with truth.

    The photographs of `photos` and `photos/masks` are fetched if need be. The others are read as
    TensorFlow Datasets has prepared them, in its format `array_record`, without TensorFlow.

    Args:
      name: one of `DATASETS`: photos, photos/masks, shapes, cifar10, imagenet2012, voc/2007,
        voc/2012, oxford_iiit_pet, caltech_birds2011, coco/2017.
      split: one of the dataset's, or a part of one such as `test[:100]`; by default the one to
        measure on, test or validation.
      folder: where the dataset is; by default the cache for the photographs, `$TFDS_DATA_DIR`,
        else `~/tensorflow_datasets`, for the others.
      boxes: of imagenet2012, the challenge's boxes, which TFDS does not have: a folder of its XML
        files, or a CSV file such as Kaggle's `LOC_val_solution.csv`.
      progress: told in a line before something is fetched.

    Returns:
      The examples, each read when it is asked for.

    Raises:
      InputError: the name or the split is unknown, or the dataset is not there (the message says
        the command that gets it), or its files are damaged.
    """
    known = DATASETS.get(name)
    if known is None:
        raise unknown("name", name, list(DATASETS))
    if boxes is not None and name != "imagenet2012":
        raise InputError(f"`boxes` is {boxes}; expected none for {name}, which has its own")
    module, function = known.opens
    opens: Callable[..., Any] = getattr(
        importlib.import_module(f"vizjax.data.datasets.{module}"), function
    )
    if module == "photographs":
        if split is not None:
            raise InputError(f"`split` is {split}; expected none: {name} has no splits")
        return opens(Path(folder) if folder else None, progress)
    where = data_folder(folder)
    if name.startswith("voc/"):
        opens = partial(opens, name.removeprefix("voc/"))
    if boxes is not None:
        opens = partial(opens, boxes=Path(boxes))
    return opens(split, where, known.hint(where))


def present(name: str, folder: Path | None = None) -> Path | None:
    """Where a dataset is, or None: without opening it, and without TFDS.

    Args:
      name: one of `DATASETS`.
      folder: where to look; by default where `dataset` would.

    Returns:
      The folder of the photographs if they are all there, or that of the prepared version.
    """
    if name.startswith("photos"):
        where = photos_folder(folder)
        return None if missing_photos(where) else where
    return prepared(name, data_folder(folder))
