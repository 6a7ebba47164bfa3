"""The table of results: every procedure, every measure, with intervals, in the README.

Claim: see the README, which this command fills.

    python -m experiments.results --readme README.md    # an hour and a half on 2 slow cores

GT-known, top-1 and top-5 localisation error, pointing, insertion and deletion are of the 111
photographs whose boxes are certain; mask IoU and pixel accuracy of the 28 with masks. The two
halves are the photographs with even numbers, on which the recipe `vizjax` was chosen, and with odd
numbers, on which it was not.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import tyro

from experiments.output import table
from experiments.surveyed import (
    HALVES,
    Record,
    Source,
    check_best,
    compared,
    figures,
    mean,
    require,
    share,
    surveyed,
    wrong,
)
from vizjax.cli.console import guarded
from vizjax.data.files import atomic_write
from vizjax.errors import InputError
from vizjax.models import load
from vizjax.procedures import procedures

BEGIN, END = "<!-- results -->", "<!-- end of results -->"
"""Between these lines of a document stands the table."""

HEADER = [
    "procedure", "GT-known error", "top-1", "top-5", "mask IoU", "pixel accuracy", "pointing",
    "insertion", "deletion",
]  # fmt: skip


@dataclass(frozen=True)
class Config(Source):
    """What the table depends on."""

    procedures: tuple[str, ...] = ()
    """Of `vizjax.procedures`; all unless given."""
    masks: str = "photos/masks"
    """The dataset of the masks."""
    steps: int = 28
    """Of insertion and deletion."""
    best: str = "vizjax"
    """The procedure that the others are compared with."""

    def __post_init__(self):
        super().__post_init__()
        if self.procedures:
            check_best(self.best, self.procedures)


TINY = Config(procedures=("paper", "middle"), best="paper", photos=1, workers=0, steps=2)


def run(config: Config, out: Path) -> str:
    """Survey both datasets; the tables in Markdown.

    Args:
      config: photographs, network and procedures.
      out: the folder of the surveys; what is in it is not done again.
    """
    network = load(config.network)
    known = procedures(network)
    names = list(config.procedures or known)
    boxed = surveyed(config, names, out, steps=config.steps, network=network)
    masks = replace(config, dataset=config.masks, split="", folder=None, boxes=None)
    masked = surveyed(masks, names, out, network=network)
    require(config, boxed, "iou", "boxes")
    require(masks, masked, "mask_iou", "masks")
    rows = [[known[name].summary, *cells_of(config, name, boxed, masked)] for name in names]
    errors = {
        half: {name: wrong(boxed[part], name) for name in names} for half, part in HALVES.items()
    }
    halves = [
        [known[n].summary, *(share(errors[half][n], config.seed) for half in HALVES)] for n in names
    ]
    overlaps = {name: figures(masked, name, "mask_iou") for name in names}
    less = {
        half: compared(errors[half], config.best, seed=config.seed, percent=True)
        for half in ("all", "report")
    }
    return "\n\n".join(
        [
            f"{config.network}, {len(boxed)} photographs with boxes, {len(masked)} with masks; in "
            "brackets 95 % intervals over the photographs:",
            table(HEADER, rows),
            "GT-known error of all photographs, of those that the recipe was chosen on, and of the "
            "others:",
            table(["procedure", *HALVES], halves),
            f"GT-known error of each less that of `{config.best}`, in points, on the same "
            "photographs (p: exact McNemar test):",
            less["all"],
            "On the half that the recipe was not chosen on:",
            less["report"],
            f"Mask IoU of each less that of `{config.best}`:",
            compared(overlaps, config.best, seed=config.seed, percent=False),
        ]
    )


def cells_of(config: Config, name: str, boxed: list[Record], masked: list[Record]) -> list[str]:
    """A procedure's row."""
    return [
        share(wrong(boxed, name), config.seed),
        share(wrong(boxed, name, top=1), config.seed),
        share(wrong(boxed, name, top=5), config.seed),
        mean(figures(masked, name, "mask_iou"), config.seed),
        mean(figures(masked, name, "pixel_accuracy"), config.seed),
        share(figures(boxed, name, "hit"), config.seed),
        mean(figures(boxed, name, "insertion"), config.seed),
        mean(figures(boxed, name, "deletion"), config.seed),
    ]


def fill(document: Path, text: str) -> None:
    """Put a text between the two marks of a document.

    Raises:
      InputError: the document cannot be read or lacks the marks.
    """
    try:
        old = document.read_bytes().decode()  # its line ends are kept
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"`--readme` is {document}: {reason}; expected a document") from error
    head, begun, rest = old.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not (begun and ended):
        raise InputError(
            f"`--readme` is {document}; expected a document with {BEGIN} and, behind it, {END}"
        )
    with atomic_write(document) as file:
        file.write(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}".encode())


def main(
    config: Annotated[Config, tyro.conf.arg(name="")],
    out: Path = Path("runs/results"),
    readme: Path | None = None,
) -> int:
    """Print the tables.

    Args:
      config: what they depend on.
      out: the folder for the surveys; interrupted, the same command goes on there.
      readme: a document to put the tables in.
    """
    text = run(config, out)
    print(text)
    if readme is not None:
        fill(readme, text)
    return 0


if __name__ == "__main__":
    sys.exit(guarded(lambda: tyro.cli(main)))
