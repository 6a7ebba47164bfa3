"""From what one photograph costs to what all of ImageNet does: the arithmetic, and its tables."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from vizjax.runs import table

DATASETS = {"validation": 50_000, "training": 1_281_167}
"""Photographs of ImageNet's two splits (ILSVRC 2012)."""

CLASSES, STEPS = 1000, 100
"""Class models of all of ImageNet's classes, by the paper's recipe."""

DEVICES = (1, 8, 64)


class Cost(NamedTuple):
    """What one unit of something costs.

    Attributes:
      what: is done.
      network: by or for which; empty where it plays no part.
      unit: of what the figures are.
      seconds: a unit, the median; 0 of what only takes room.
      batch: units at a time.
      megabytes: of the device's memory beside the parameters, for the batch; None where unknown.
      disk: bytes that a unit leaves.
      number: of units that a photograph takes.
    """

    what: str
    network: str
    unit: str
    seconds: float
    batch: int = 1
    megabytes: float | None = None
    disk: float = 0.0
    number: float = 1.0


class Task(NamedTuple):
    """A pass over a dataset, by the parts that its photographs' cost is made of.

    Attributes:
      title: for a table.
      device: of what the devices do.
      reading: of what the process does that feeds them.
      cutting: of what worker processes do.
      kept: of what lies on the disk in the end.
    """

    title: str
    device: tuple[str, ...]
    reading: tuple[str, ...]
    cutting: tuple[str, ...]
    kept: str


TASKS = (
    Task("search, three layers", ("search",), ("read, one view",), (), ""),
    Task(
        "maps, the paper's procedure",
        ("scores", "maps"),
        ("read", "ten views"),
        ("cut, paper",),
        "survey, paper",
    ),
    Task(
        "maps, the procedure `vizjax`",
        ("scores", "deep maps"),
        ("read", "ten views", "pyramid"),
        ("cut, vizjax",),
        "survey, paper",
    ),
    Task(
        "explain, five classes, pictures",
        ("scores", *["maps"] * 5),
        ("explain, five classes",),
        (),
        "explain, five classes",
    ),
)


def fastest(costs: Sequence[Cost], what: str, network: str) -> Cost:
    """The cost of something at the batch at which a unit takes least."""
    found = [c for c in costs if c.what == what and c.network in (network, "")]
    return min(found, key=lambda cost: cost.seconds)


def seconds_of(costs: Sequence[Cost], parts: Sequence[str], network: str) -> float:
    """What a photograph takes in all parts together."""
    found = [fastest(costs, what, network) for what in parts]
    return sum(cost.seconds * cost.number for cost in found)


def cost_table(costs: Sequence[Cost]) -> str:
    """What was measured, a row each."""
    rows = [
        [
            f"{cost.what}{f' ({cost.network})' if cost.network else ''}",
            cost.unit,
            f"{cost.batch}",
            f"{1000 * cost.seconds:.3g}" if cost.seconds else "",
            "" if cost.megabytes is None else f"{cost.megabytes:.0f}",
            f"{cost.disk / 1000:.1f}" if cost.disk else "",
        ]
        for cost in costs
    ]
    return table(["", "unit", "batch", "ms a unit", "MB a batch", "kB on disk a unit"], rows)


def scale_table(costs: Sequence[Cost], network: str, *, numbers: Sequence[int] = DEVICES) -> str:
    """What ImageNet takes on several devices, and what it takes to keep these busy.

    Hours are of the devices, were they never to wait; cores are those that read, and that cut, as
    fast as the devices make maps.

    Args:
      costs: of one device, one core and one result.
      network: which.
      numbers: of devices.
    """
    rows = []
    for task in TASKS:
        device, reading, cutting = (
            seconds_of(costs, parts, network) for parts in (task.device, task.reading, task.cutting)
        )
        disk = fastest(costs, task.kept, network).disk if task.kept else 0.0
        for split, photographs in DATASETS.items():
            for devices in numbers:
                cores = [f"{math.ceil(devices * part / device)}" for part in (reading, cutting)]
                room = size_of(photographs * disk)
                hours = lasting(photographs * device / devices)
                alone = lasting(photographs * max(device / devices, reading))
                rows.append([task.title, split, f"{devices}", hours, alone, *cores, room])
    step = fastest(costs, "class models", network)
    for devices in numbers:
        each = math.ceil(CLASSES / devices) * STEPS
        time = lasting(each * step.seconds)
        title = f"{CLASSES} class models × {STEPS} steps"
        room = size_of(CLASSES * step.disk)
        rows.append([title, "", f"{devices}", time, time, "0", "0", room])
    header = [
        "task", "split", "devices", "devices' time", "with one process that reads",
        "cores to read", "cores to cut", "on disk",
    ]  # fmt: skip
    return table(header, rows)


def lasting(seconds: float) -> str:
    """A time to read.

    >>> [lasting(seconds) for seconds in (0.04, 59.4, 3000, 86400 * 3)]
    ['0.04 s', '59 s', '50 min', '72 h']
    """
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            amount = seconds / size
            return f"{amount:.2g} {unit}" if amount < 10 else f"{amount:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1g} s"


def size_of(amount: float) -> str:
    """Bytes to read; nothing where there is no file a photograph.

    >>> [size_of(amount) for amount in (0, 9.35e6, 4.9e11, 1.25e13)]
    ['', '9.3 MB', '490 GB', '12 TB']
    """
    for power, unit in ((12, "TB"), (9, "GB"), (6, "MB"), (3, "kB")):
        if amount >= 10**power:
            found = amount / 10**power
            return f"{found:.2g} {unit}" if found < 10 else f"{found:.0f} {unit}"
    return f"{amount:.0f} B" if amount else ""
