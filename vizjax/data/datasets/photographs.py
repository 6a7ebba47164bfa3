"""The annotated photographs as datasets: 120 with boxes, and 28 animals with masks."""

import importlib.resources
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from vizjax.data.datasets.ilsvrc import imagenet_names
from vizjax.data.examples import Dataset, Example, Instance
from vizjax.data.images import read_photo
from vizjax.data.photos import AnnotatedPhoto, annotated_photos, masked_photos, photos_folder
from vizjax.types import Mask

CATS = (281, 282, 285)
"""Tabby, tiger cat, Egyptian cat: which of them a cat is, nobody could say by eye."""


def photos(folder: Path | None, progress: Callable[[str], None]) -> Dataset:
    """The 120 photographs with true boxes.

    Args:
      folder: where the photographs are, or are fetched to; by default the cache.
      progress: told in a line before something is fetched.

    Returns:
      The photographs; measure on the 111 that are `certain`.
    """
    listed = annotated_photos(folder=folder, progress=progress)
    accepted = tuple((index,) for index in range(1000))
    return _dataset("photos", photos_folder(folder), listed, accepted, lambda photo: None)


def masked(folder: Path | None, progress: Callable[[str], None]) -> Dataset:
    """The 28 photographs of animals, 27 of cats and one of a flock of sheep, with true masks.

    Args:
      folder: where the photographs are, or are fetched to; by default the cache.
      progress: told in a line before something is fetched.

    Returns:
      The photographs. The label of most cats is a toss-up between tabby, tiger cat and Egyptian
      cat: any of these counts as the others, so every photograph is `certain`.
    """
    listed = [one._replace(certain=True) for one in masked_photos(folder=folder, progress=progress)]
    accepted = tuple(CATS if index in CATS else (index,) for index in range(1000))
    return _dataset("photos/masks", photos_folder(folder), listed, accepted, _mask)


def _dataset(
    name: str,
    folder: Path,
    listed: Sequence[AnnotatedPhoto],
    accepted: tuple[tuple[int, ...], ...],
    mask: Callable[[AnnotatedPhoto], Mask | None],
) -> Dataset:
    def read(index: int) -> Example:
        one = listed[index]
        instances = tuple(
            Instance(one.label, box, crowd=crowd)
            for box, crowd in zip(one.boxes, one.group, strict=True)
        )
        file = one.path.relative_to(folder).as_posix()  # as the annotations have it
        photo = read_photo(one.path)
        return Example(file, photo, (one.label,), instances, mask(one), one.certain)

    return Dataset(name, imagenet_names(), accepted, read, range(len(listed)))


def _mask(one: AnnotatedPhoto) -> Mask:
    masks = importlib.resources.files("vizjax.data") / "annotations" / "masks"
    encoded = (masks / f"{one.path.stem}.png").read_bytes()
    with Image.open(io.BytesIO(encoded), formats=("PNG",)) as image:
        return np.asarray(np.array(image) > 127)
