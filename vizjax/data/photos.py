"""Real photographs: 120 for which this project drew true boxes, and 28 of animals with masks.

Two published packages carry the photographs without stating their licences, so they are fetched
into the cache when asked for and are no part of this project. Boxes and masks are: see
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


def annotated_photos(
    *, folder: Path | None = None, progress: Callable[[str], None] = _log.info
) -> list[AnnotatedPhoto]:
    """List the photographs with their boxes, fetched first if need be.

    Args:
      folder: where the photographs are, or are fetched to; by default the cache.
      progress: told in a line before something is fetched.

    Returns:
      120 photographs, 111 of them certain.

    Raises:
      InputError: as of `fetch_photos`.
    """
    return _listed("boxes.csv", fetch_photos(folder=folder, progress=progress))


def masked_photos(
    *, folder: Path | None = None, progress: Callable[[str], None] = _log.info
) -> list[AnnotatedPhoto]:
    """List the photographs of animals for which there are masks, `annotations/masks/N.png`.

    Args:
      folder: where the photographs are, or are fetched to; by default the cache.
      progress: told in a line before something is fetched.

    Returns:
      28 photographs. Where one is not certain, it is the kind of cat that is in doubt.

    Raises:
      InputError: as of `fetch_photos`.
    """
    return _listed("masks.csv", fetch_photos(folder=folder, progress=progress))


def fetch_photos(
    *, folder: Path | None = None, progress: Callable[[str], None] = _log.info
) -> Path:
    """Fetch the photographs that are missing; without a network once all are there.

    Args:
      folder: where to; by default a folder of the cache.
      progress: told in a line before something is fetched.

    Returns:
      The folder of the photographs, with the names that the annotations use.

    Raises:
      InputError: the packages are out of reach, or the folder cannot be written.
    """
    folder = photos_folder(folder)
    for requirement, sha256 in WHEELS.items():
        missing = {name for name in missing_photos(folder) if _package(requirement, name)}
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


def photos_folder(folder: Path | None = None) -> Path:
    """Where the photographs are, or will be: `folder`, else one of the cache."""
    return cache_folder() / "photos" if folder is None else folder


def missing_photos(folder: Path) -> set[str]:
    """The names of the photographs that a folder lacks, of 148."""
    names = {row["file"] for table in ("boxes.csv", "masks.csv") for row in _annotations(table)}
    return {name for name in names if not (folder / name).exists()}


def _package(requirement: str, name: str) -> bool:
    return name.startswith(f"{requirement.partition('==')[0]}/")


def _listed(table: str, folder: Path) -> list[AnnotatedPhoto]:
    photos = []
    for name, group in itertools.groupby(_annotations(table), key=lambda row: row["file"]):
        rows = list(group)
        boxes = tuple(Box(*(int(row[side]) for side in Box._fields)) for row in rows)
        crowds = tuple(row.get("group") == "1" for row in rows)
        certain = all(row["certain"] == "1" for row in rows)
        photos.append(AnnotatedPhoto(folder / name, int(rows[0]["label"]), boxes, crowds, certain))
    return photos


def _annotations(table: str = "boxes.csv") -> list[dict[str, str]]:
    file = importlib.resources.files("vizjax.data") / "annotations" / table
    return list(csv.DictReader(file.read_text("utf-8").splitlines()))
