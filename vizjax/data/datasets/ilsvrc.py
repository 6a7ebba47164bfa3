"""ILSVRC 2012, ImageNet's thousand classes: labels from TFDS, boxes from the challenge's files."""

from functools import cache, partial
from importlib import resources
from pathlib import Path

from vizjax.data.datasets.ilsvrc_boxes import BoxesOf, csv_boxes, xml_boxes
from vizjax.data.datasets.records import Records, open_records
from vizjax.data.examples import Dataset, Example, Instance
from vizjax.errors import InputError

NEEDED = ("image", "label", "file_name")


def imagenet2012(
    split: str | None, folder: Path | None, hint: str, boxes: Path | None = None
) -> Dataset:
    """Open ILSVRC 2012.

    Args:
      split: validation (the default), train or test, which has no labels.
      folder: where TFDS's datasets are.
      hint: how to prepare it.
      boxes: the boxes, which TFDS does not have: a folder of the challenge's XML files, looked
        through with all that is in it, or a CSV file such as Kaggle's `LOC_val_solution.csv`. By
        default there are none.

    Returns:
      The photographs, each with its class, and the boxes of that class.

    Source: Russakovsky et al. 2015, *ImageNet Large Scale Visual Recognition Challenge*.
    """
    records = open_records("imagenet2012", split or "validation", folder, NEEDED, hint)
    wnids, names = _imagenet()
    labels = records.names("label", otherwise=wnids)
    if labels != wnids:
        raise InputError(
            f"`{records.folder}` has other classes than ILSVRC 2012, or in another order; "
            f"expected {wnids[0]} to {wnids[-1]}"
        )
    index_of = {wnid: index for index, wnid in enumerate(wnids)}
    boxes_of = None if boxes is None else _reader(boxes)
    read = partial(_example, records, boxes_of, index_of)
    accepted = tuple((index,) for index in range(len(wnids)))
    return Dataset("imagenet2012", names, accepted, read, range(len(records)))


def imagenet_names() -> tuple[str, ...]:
    """The usual names of the 1000 classes in their standard order, which is that of the wnids."""
    return _imagenet()[1]


@cache
def _imagenet() -> tuple[tuple[str, ...], tuple[str, ...]]:
    text = resources.files("vizjax") / "models" / "weights" / "imagenet_classes.txt"
    lines = [line.partition(" ") for line in text.read_text("utf-8").splitlines() if line.strip()]
    names = tuple(names.split(",")[0].strip() for _, _, names in lines)
    return tuple(wnid for wnid, _, _ in lines), names


def _reader(path: Path) -> BoxesOf:
    if path.is_dir():
        return xml_boxes(path)
    if path.is_file():
        return csv_boxes(path)
    raise InputError(
        f"`boxes` is {path}, which is not there; expected a folder of ILSVRC's XML files or a CSV "
        "file such as LOC_val_solution.csv"
    )


def _example(
    records: Records, boxes_of: BoxesOf | None, index_of: dict[str, int], index: int
) -> Example:
    record = records[index]
    name, label = record["file_name"].decode(), int(record["label"])
    photo = records.photo(record, name)
    found = boxes_of(Path(name).stem, *photo.shape[:2]) if boxes_of else ()
    instances = tuple(Instance(index_of[w], box) for w, box in found if w in index_of)
    return Example(name, photo, () if label < 0 else (label,), instances)
