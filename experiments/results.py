"""The table of results: every procedure, every measure, with intervals, in the README.

Claim: see the README, which the second command fills.

    vizjax run results            # 40 minutes on one core
    python -m experiments.readme runs/results/… --readme README.md

GT-known, top-1 and top-5 localisation error, pointing, insertion and deletion are of the 111
photographs whose boxes are certain; mask IoU and pixel accuracy of the 28 with masks. The two
halves are the photographs with even numbers, on which the recipe `vizjax` was chosen, and with odd
numbers, on which it was not.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from experiments.sources import HALVES, Compared, inputs_of
from experiments.surveyed import (
    Record,
    compared,
    figures,
    mean,
    require,
    share,
    summary,
    surveyed,
    wrong,
)
from vizjax.procedures import procedures
from vizjax.runs import Result, table

HEADER = [
    "procedure", "GT-known error", "top-1", "top-5", "mask IoU", "pixel accuracy", "pointing",
    "insertion", "deletion",
]  # fmt: skip


@dataclass(frozen=True)
class Config(Compared):
    """What the table depends on."""

    procedures: tuple[str, ...] = ()
    """Of `vizjax.procedures`; all unless given."""
    masks: str = "photos/masks"
    """The dataset of the masks."""
    masks_split: str = ""
    """Of it; the one to measure on unless given."""
    masks_folder: Path | None = None
    """Where it is."""
    steps: int = 28
    """Of insertion and deletion."""

    def __post_init__(self):
        if self.procedures:
            super().__post_init__()

    def of_masks(self) -> "Config":
        """The same of the dataset of the masks."""
        return replace(
            self, dataset=self.masks, split=self.masks_split, folder=self.masks_folder, boxes=None
        )


TINY = Config(procedures=("paper", "middle"), best="paper", photos=1, processes=0, steps=2)


def run(config: Config, work: Path) -> Result:
    """Survey both datasets.

    Args:
      config: photographs, network and procedures.
      work: the folder of the surveys' files; what is in it is not done again.
    """
    network, examples, masks = config.loaded(), config.opened(), config.of_masks()
    outlined = masks.opened()
    names = list(config.procedures or procedures(network))
    boxed = surveyed(config, names, work, steps=config.steps, network=network, examples=examples)
    masked = surveyed(masks, names, work, network=network, examples=outlined)
    require(config, boxed, "iou", "boxes")
    require(masks, masked, "mask_iou", "masks")
    lines = [
        {
            "procedure": name,
            "error": float(wrong(boxed, name).mean()),
            "top-1": float(wrong(boxed, name, top=1).mean()),
            "top-5": float(wrong(boxed, name, top=5).mean()),
            **{
                key: float(figures(records, name, key).mean())
                for records, keys in (
                    (boxed, ("hit", "insertion", "deletion")),
                    (masked, ("mask_iou", "pixel_accuracy")),
                )
                for key in keys
            },
        }
        for name in names
    ]
    known = {name: one.summary for name, one in procedures(network).items()}
    return Result(
        [*lines, summary(lines, "error", "mask_iou", photographs=len(boxed))],
        tables={"results": text_of(config, names, known, boxed, masked)},
        inputs=inputs_of(network, examples, outlined),
    )


def text_of(
    config: Config,
    names: list[str],
    known: dict[str, str],
    boxed: list[Record],
    masked: list[Record],
) -> str:
    """The tables in Markdown.

    Args:
      config: for network and seed.
      names: of the procedures.
      known: what each is, in words.
      boxed: the survey of photographs with boxes.
      masked: that of photographs with masks.
    """
    rows = [[known[name], *cells_of(config, name, boxed, masked)] for name in names]
    errors = {
        half: {name: wrong(boxed[part], name) for name in names} for half, part in HALVES.items()
    }
    halves = [[known[n], *(share(errors[half][n], config.seed) for half in HALVES)] for n in names]
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
