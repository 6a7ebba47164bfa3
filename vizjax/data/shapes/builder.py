"""The shapes as a dataset of TensorFlow Datasets, whose import takes a second: import this late."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from vizjax.data.datasets.records import prepared
from vizjax.data.datasets.writing import write
from vizjax.data.shapes.drawing import SIDE, draw
from vizjax.data.shapes.outlines import OUTLINES
from vizjax.errors import InputError

SPLITS = {"train": 0, "test": 1}
"""The splits' numbers, as `draw` takes them."""


class Shapes(tfds.core.GeneratorBasedBuilder):
    """Pictures of plane shapes on cluttered grounds, with exact masks and boxes."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Ten shapes on 128 × 128 pixels."}  # noqa: RUF012

    def __init__(
        self,
        *,
        train: int = 2000,
        test: int = 500,
        seed: int = 0,
        advance: Callable[[int], Any] = lambda done: None,
        **options: Any,
    ):
        self._sizes, self._seed, self._advance = {"train": train, "test": test}, seed, advance
        super().__init__(**options)

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=(SIDE, SIDE, 3), encoding_format="png"),
                "name": tfds.features.Text(),
                "label": tfds.features.ClassLabel(names=list(OUTLINES)),
                "objects": tfds.features.Sequence({"bbox": tfds.features.BBoxFeature()}),
                # 0 the ground, then the number of the shape.
                "segmentation_mask": tfds.features.Image(
                    shape=(SIDE, SIDE, 1), encoding_format="png"
                ),
            }
        )
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            features=features,
            supervised_keys=("image", "label"),
            disable_shuffling=True,  # picture i is record i
            metadata=tfds.core.MetadataDict(seed=self._seed, **self._sizes),
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[tuple[int, dict]]]:
        del dl_manager  # nothing is downloaded
        return {split: self._generate_examples(split) for split in SPLITS}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict]]:
        for index in range(self._sizes[split]):
            drawing = draw(self._seed, SPLITS[split], index)
            boxes = np.array(drawing.boxes) / SIDE
            yield (
                index,
                {
                    "image": _png(drawing.picture),
                    "name": f"{split}_{index:06d}",
                    "label": drawing.label,
                    "objects": [
                        {"bbox": tfds.features.BBox(ymin=y0, xmin=x0, ymax=y1, xmax=x1)}
                        for x0, y0, x1, y1 in boxes.tolist()
                    ],
                    "segmentation_mask": _png(drawing.numbers),
                },
            )
            self._advance(1)


def prepare_shapes(
    folder: Path,
    *,
    train: int = 2000,
    test: int = 500,
    seed: int = 0,
    advance: Callable[[int], Any] = lambda done: None,
) -> Path:
    """Draw the dataset and write it as TFDS does, whole or not at all.

    Args:
      folder: where TFDS's datasets are.
      train: how many pictures to train on, at least 1. A larger dataset of the same seed begins
        with the pictures of a smaller one.
      test: how many to test on, likewise.
      seed: of the pictures, not negative.
      advance: called with the number of pictures just drawn.

    Returns:
      The folder of the dataset. One that is there already, of the same numbers, is kept.

    Raises:
      InputError: a number is out of range, there is a dataset of other numbers, or the folder
        cannot be written.
    """
    for name, value, least in (("train", train, 1), ("test", test, 1), ("seed", seed, 0)):
        if value < least:
            raise InputError(f"`{name}` is {value}; expected at least {least}")
    wanted = {"seed": seed, "train": train, "test": test}
    if there := prepared("shapes", folder):
        found = tfds.builder_from_directory(there).info.metadata
        if found != wanted:
            raise InputError(
                f"`{there}` holds shapes of {_told(found)}, not {_told(wanted)}; delete it, or "
                "choose another folder"
            )
        return there
    return write(Shapes, folder, train=train, test=test, seed=seed, advance=advance)


def _told(numbers: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in dict(numbers or {}).items())


def _png(pixels: np.ndarray) -> io.BytesIO:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", compress_level=6)
    file.seek(0)
    return file
