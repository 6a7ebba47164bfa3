"""Photographs with truth and a network: the options that experiments on them share."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vizjax.cli.console import say
from vizjax.data import Dataset, dataset
from vizjax.errors import InputError
from vizjax.models import Network, load
from vizjax.runs import EXECUTION, checksum

HALVES = {"all": slice(None), "tune": slice(0, None, 2), "report": slice(1, None, 2)}
"""The photographs in order: those with an even number may choose a recipe, the others judge it."""


@dataclass(frozen=True)
class Source:
    """Which photographs, which network, and how to go through them."""

    dataset: str = "photos"
    """Any that `vizjax data list` names."""
    split: str = ""
    """Of the dataset; the one to measure on unless given. `test[:100]` is a part of one."""
    folder: Path | None = None
    """Where the dataset is."""
    boxes: Path | None = None
    """The challenge's boxes, for imagenet2012."""
    network: str = "squeezenet1_1"
    """A name, or the path of a MatConvNet file."""
    photos: int = 0
    """So many of the photographs; 0 for all."""
    processes: int = field(default=1, metadata=EXECUTION)
    """That cut while the device makes maps; the result does not depend on it."""
    batch: int = 1
    """Photographs whose maps are made together."""
    seed: int = 0
    """Of the colour models' start, of random methods, and of the bootstrap."""

    def __post_init__(self):
        if self.photos < 0 or self.processes < 0 or self.batch < 1:
            raise InputError(
                f"`photos`, `processes`, `batch` are {self.photos}, {self.processes}, "
                f"{self.batch}; expected 0 or more, 0 or more, and 1 or more"
            )

    def opened(self) -> Dataset:
        """The dataset, or the part that was asked for."""
        found = dataset(
            self.dataset,
            split=self.split or None,
            folder=self.folder,
            boxes=self.boxes,
            progress=say,
        )
        return found[: self.photos] if self.photos else found

    def loaded(self) -> Network:
        """The network."""
        return load(self.network, progress=say)


@dataclass(frozen=True)
class Compared(Source):
    """Several procedures, of which one is held against the others."""

    procedures: tuple[str, ...] = ("vizjax", "paper", "cam", "grad_cam", "middle", "whole")
    """Of `vizjax.procedures`."""
    best: str = "vizjax"
    """The procedure that the others are compared with."""

    def __post_init__(self):
        super().__post_init__()
        if self.best not in self.procedures:
            raise InputError(
                f"`best` is {self.best}; expected one of `procedures`: {', '.join(self.procedures)}"
            )


def inputs_of(network: Network, *datasets: Dataset) -> dict[str, str]:
    """The checksums of a network's parameters, and of the photographs and truth of datasets."""
    return {network.name: checksum(network)} | {one.name: _of_photographs(one) for one in datasets}


def _of_photographs(examples: Dataset) -> str:
    found = hashlib.sha256()
    for number in range(len(examples)):
        try:
            one = examples[number]
        except InputError as error:  # the survey says what is wrong with it
            found.update(str(error).encode())
            continue
        truth = (one.name, one.photo.shape, one.labels, one.instances, one.certain)
        found.update(repr(truth).encode(errors="replace"))
        found.update(np.ascontiguousarray(one.photo).tobytes())
        found.update(b"" if one.mask is None else np.packbits(one.mask).tobytes())
    return found.hexdigest()
