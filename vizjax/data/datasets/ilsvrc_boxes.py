"""The boxes of ILSVRC: the challenge's XML files, or the one table that Kaggle made of them.

Pixels are counted from 0, and the largest coordinate is the last pixel inside, as the challenge's
own measure of overlap has it: `[xmin, xmax + 1)`. Some boxes reach beyond the photograph, and
some were drawn on it at another size, which the XML file states.
"""

import csv
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from vizjax.data.datasets.boxes import whole_box
from vizjax.errors import InputError
from vizjax.types import Box

BoxesOf: TypeAlias = Callable[[str, int, int], Sequence[tuple[str, Box]]]
"""`(name, height, width) -> (WordNet id, box) …` of the photograph of that name and size."""


def xml_boxes(folder: Path) -> BoxesOf:
    """Boxes from a folder of files such as `ILSVRC2012_val_00000001.xml`.

    Args:
      folder: looked through with all that is in it.

    Returns:
      What to ask for a photograph's boxes; of one without a file there are none.

    Raises:
      InputError: there is no XML file; when asked, that one cannot be read.
    """
    files = {path.stem: path for path in folder.rglob("*.xml")}
    if not files:
        raise InputError(f"`boxes` is {folder}, which holds no XML file; expected ILSVRC's")

    def boxes(name: str, height: int, width: int) -> list[tuple[str, Box]]:
        return _parsed(files[name], height, width) if name in files else []

    return boxes


def _parsed(path: Path, height: int, width: int) -> list[tuple[str, Box]]:
    def number(element: ET.Element, tag: str) -> float:
        return float(element.findtext(tag, ""))

    try:
        root = ET.parse(path).getroot()
        rows, columns = number(root, "size/height"), number(root, "size/width")
        found = []
        for one in root.iter("object"):
            sides = [number(one, f"bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")]
            scale = (width / columns, height / rows)
            found.append((one.findtext("name", ""), _box(sides, height, width, scale)))
    except (OSError, ET.ParseError, ValueError, ZeroDivisionError) as error:
        raise InputError(
            f"`{path}` cannot be read: {error}; expected size and objects as ILSVRC writes them"
        ) from error
    return found


def csv_boxes(path: Path) -> BoxesOf:
    """Boxes from a table of `ImageId,PredictionString`, such as Kaggle's `LOC_val_solution.csv`.

    Args:
      path: the file. A row's string is `wnid xmin ymin xmax ymax`, once or more.

    Returns:
      What to ask for a photograph's boxes; of one without a row there are none.

    Raises:
      InputError: the file is no such table.
    """
    table: dict[str, list[tuple[str, list[float]]]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames is None:
                raise ValueError("it is empty")
            for row in rows:
                words = row["PredictionString"].split()
                groups = [words[start : start + 5] for start in range(0, len(words), 5)]
                table[row["ImageId"]] = [
                    (wnid, [float(side) for side in (x0, y0, x1, y1)])
                    for wnid, x0, y0, x1, y1 in groups
                ]
    except (OSError, KeyError, ValueError, AttributeError) as error:
        raise InputError(
            f"`{path}` cannot be read: {error}; expected columns ImageId "
            "and PredictionString, five words a box"
        ) from error

    def boxes(name: str, height: int, width: int) -> list[tuple[str, Box]]:
        return [(wnid, _box(sides, height, width)) for wnid, sides in table.get(name, [])]

    return boxes


def _box(
    sides: Sequence[float], height: int, width: int, scale: tuple[float, float] = (1.0, 1.0)
) -> Box:
    """Whole pixels within the photograph, at least one."""
    (xmin, ymin, xmax, ymax), (across, down) = sides, scale
    left, right = xmin * across, (xmax + 1) * across
    return whole_box(left, ymin * down, right, (ymax + 1) * down, height, width)
