"""The photographs that a command is given: files, and what is in folders."""

import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import ExifTags, Image

from vizjax.cli.console import complain
from vizjax.data.images import FORMATS
from vizjax.errors import InputError

SUFFIXES = {
    ".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".ppm", ".pgm", ".pbm",
    ".pnm",
}  # fmt: skip
"""What is taken for a photograph within a folder."""


def photo_files(paths: tuple[Path, ...], failures: list[int]) -> Iterator[Path]:
    """The photographs in the order in which they are searched: folders in that of their names."""
    for path in paths:
        if not path.is_dir():
            yield path  # what it lacks is said when it is read
            continue
        inside = [p for p in sorted(path.rglob("*")) if p.suffix.lower() in SUFFIXES]
        if not inside:
            error = InputError(f"`{path}` holds no photograph; expected files such as photo.jpg")
            failures.append(complain(error))
        yield from inside


def bytes_of(path: Path) -> int:
    """The size of a file; -1 where there is none."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):  # ValueError: a NUL within the name
        return -1


def size_of(path: Path) -> tuple[int, int]:
    """Height and width of a photograph as `read_photo` reads it, from the head of its file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in `read_photo`, which has read the file
        with Image.open(path, formats=FORMATS) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
            width, height = image.size
    return (width, height) if turned else (height, width)


def folder_names(paths: tuple[Path, ...]) -> Iterator[str]:
    """A folder name a photograph: its stem, with a number where two would share it.

    >>> list(folder_names((Path("a.png"), Path("b/a.jpg"), Path("a_2.png"), Path("A.tiff"))))
    ['a', 'a_2', 'a_2_2', 'A_3']
    """
    taken = {"", ".", ".."}  # the stem of `...png` is `..`
    for path in paths:
        numbered = (f"{path.stem}_{number}" for number in itertools.count(2))
        candidates = itertools.chain([path.stem], numbered)
        name = next(name for name in candidates if name.casefold() not in taken)
        taken.add(name.casefold())  # on some disks `a` and `A` are one folder
        yield name
