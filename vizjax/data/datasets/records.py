"""Datasets that TensorFlow Datasets has prepared, read example by example without TensorFlow.

TFDS reads its `array_record` files without TensorFlow (`as_data_source`). A folder is opened by
what lies in it, not by the code that TFDS has for the name: some of that code needs TensorFlow
(COCO's), and the folder may hold another version than the code would make.
"""

import io
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vizjax.data.datasets.boxes import whole_box
from vizjax.data.images import FORMATS, rgb
from vizjax.errors import InputError, unknown
from vizjax.types import Box, Photo

VERSION = re.compile(r"\d+\.\d+\.\d+")


def data_folder(folder: str | os.PathLike[str] | None = None) -> Path:
    """Say where prepared datasets are.

    Args:
      folder: a folder, or none for the one that TFDS uses.

    Returns:
      `folder`, else `$TFDS_DATA_DIR`, else `~/tensorflow_datasets`. It may not exist.
    """
    return Path(folder or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def prepared(name: str, folder: Path) -> Path | None:
    """Find a prepared dataset; TFDS itself is not needed for that.

    Args:
      name: the dataset's, with its configuration: `voc/2007`.
      folder: where the datasets are.

    Returns:
      The folder of the newest version, `voc/2007/5.0.0`, or None. A preparation that was
      interrupted does not count: TFDS names the folder only when it is whole.
    """
    try:
        versions = [
            path
            for path in (folder / name).iterdir()
            if VERSION.fullmatch(path.name) and (path / "dataset_info.json").is_file()
        ]
    except OSError:
        return None
    return max(versions, key=lambda path: [int(n) for n in path.name.split(".")], default=None)


@dataclass(frozen=True, eq=False)
class Records:
    """The records of a split: features by name; images as their encoded bytes.

    Attributes:
      folder: of the dataset's version.
      split: the split's name.
      features: TFDS's description of what a record holds.
      source: TFDS's random access to the records.
    """

    folder: Path
    split: str
    features: Any
    source: Any

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: Any) -> Any:
        try:
            return self.source[index]
        except IndexError:
            raise
        except Exception as error:  # array_record's own kinds, for files cut short or missing
            raise InputError(
                f"record {index} of `{self.folder}`, split {self.split}, cannot be read: "
                f"{_line(error)}; expected whole files: delete the folder and prepare it anew"
            ) from error

    def several(self, indices: Sequence[int]) -> list[Any]:
        """Several records at once, in a third of the time that they take one by one.

        Args:
          indices: of the records.

        Raises:
          InputError: one of them is damaged.
        """
        try:
            return list(self.source.__getitems__(list(indices)))
        except Exception:
            return [self[index] for index in indices]  # says which

    def photo(self, record: Mapping[str, Any], name: str) -> Photo:
        """The record's photograph, RGB, 0-255.

        Args:
          record: of this split.
          name: what to call it if it is damaged.

        Raises:
          InputError: it is no whole image.
        """
        return decode(record["image"], f"{self.folder}: {name}", "RGB")

    def plane(self, record: Mapping[str, Any], name: str) -> np.ndarray:
        """The record's segmentation mask as stored, uint8, (height, width).

        Args:
          record: of this split.
          name: what to call it if it is damaged.

        Raises:
          InputError: it is no whole image.
        """
        return decode(record["segmentation_mask"], f"{self.folder}: {name}, its mask", "L")

    def names(self, *path: str, otherwise: Sequence[str]) -> tuple[str, ...]:
        """The names of the classes of a feature.

        Args:
          path: of the feature, such as `"objects", "label"`.
          otherwise: the names, where the files number the classes only.
        """
        feature = self.features
        for part in path:
            feature = feature[part]
        named = tuple(feature.names)
        return tuple(otherwise) if named == tuple(map(str, range(len(named)))) else named


def open_records(
    name: str, split: str, folder: str | os.PathLike[str] | None, needed: Sequence[str], hint: str
) -> Records:
    """Open a split of a prepared dataset.

    Args:
      name: the dataset's, with its configuration.
      split: one of its splits, or a part of one as TFDS writes it: `test[:100]`.
      folder: where the datasets are; none for TFDS's own.
      needed: the features that are read.
      hint: the command that prepares the dataset.

    Returns:
      The records.

    Raises:
      InputError: it is not prepared, or in another format, or lacks the split or a feature.
    """
    where = data_folder(folder)
    path = prepared(name, where)
    if path is None:
        raise InputError(f"`{name}` is not prepared in {where}; expected {hint}")
    import tensorflow_datasets as tfds  # seconds, and only needed here

    try:
        builder = tfds.builder_from_directory(path)
        source_of: Any = builder.as_data_source
        features: Any = builder.info.features
    except Exception as error:
        raise InputError(
            f"`{path}` cannot be opened: {_line(error)}; expected a dataset as TFDS 4 writes it: "
            "delete the folder and prepare it anew"
        ) from error
    if missing := [feature for feature in needed if feature not in features]:
        raise InputError(
            f"`{path}` has no {', '.join(missing)}; expected the features of {name}: "
            f"{', '.join(needed)}"
        )
    if builder.info.file_format is None or builder.info.file_format.value != "array_record":
        form = getattr(builder.info.file_format, "value", "none")
        raise InputError(
            f"`{path}` is in the format {form}; expected array_record, which alone is read without "
            f"TensorFlow: move the folder away, then {hint}"
        )
    if not split or split.partition("[")[0] not in builder.info.splits:
        raise unknown("split", split, sorted(builder.info.splits))
    encoded: Any = tfds.decode.SkipDecoding()  # to be decoded as every other photograph is
    decoders = {key: encoded for key in ("image", "segmentation_mask") if key in needed}
    try:
        source = source_of(split, decoders=decoders)
    except ImportError as error:
        raise InputError(
            f"`{name}` cannot be read: {_line(error)}; expected the package array_record, which "
            "exists for Linux and for Macs with Apple's processors"
        ) from error
    except Exception as error:
        raise InputError(
            f"`split` is {split}, which cannot be opened in {path}: {_line(error)}; expected a "
            f"part of {', '.join(sorted(builder.info.splits))}, and whole files"
        ) from error
    return Records(path, split, features, source)


def decode(encoded: bytes, name: str, mode: str) -> np.ndarray:
    """Decode an image: as `read_photo` does for the mode RGB, one plane as it is for L.

    Args:
      encoded: the file's bytes.
      name: what to call it if it is damaged.
      mode: RGB or L.

    Returns:
      uint8, (height, width, 3) or (height, width).

    Raises:
      InputError: it is no whole image.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, as in `read_photo`
            with Image.open(io.BytesIO(encoded), formats=FORMATS) as image:
                return rgb(image) if mode == "RGB" else np.array(image.convert("L"))
    except Exception as error:  # Pillow's decoders raise of every kind on damaged data
        reason = (
            "it is no image" if isinstance(error, Image.UnidentifiedImageError) else _line(error)
        )
        raise InputError(
            f"`{name}` cannot be decoded: {reason}; expected a whole image of one of the kinds "
            f"{', '.join(FORMATS)}: prepare the dataset anew"
        ) from error


def pixels(bbox: np.ndarray, height: int, width: int, *, first: int = 0) -> Box:
    """A box of TFDS, in pixels.

    Args:
      bbox: (ymin, xmin, ymax, xmax), as fractions of height and width.
      height: the photograph's, in pixels.
      width: likewise.
      first: the number of the first pixel. 1 means PASCAL's convention: pixels are counted from 1
        and `xmax` is the last one inside, which makes `[xmin - 1, xmax)`; TFDS divides these
        numbers by height and width as they are.

    Returns:
      The box, rounded to whole pixels, within the photograph, at least one pixel large.

    >>> pixels(np.array([0.25, 0.1, 0.75, 0.5]), 40, 100, first=1)
    Box(x0=9, y0=9, x1=50, y1=30)
    """
    ymin, xmin, ymax, xmax = (float(side) for side in bbox)
    x0, y0 = xmin * width - first, ymin * height - first
    return whole_box(x0, y0, xmax * width, ymax * height, height, width)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
