"""Agreement of masks with true masks, pixel by pixel.

Claim: masks of the recipe `vizjax` agree with the outlines of animals drawn by hand better than the
paper's and than a class activation map above a share of its maximum.

    python -m experiments.masks                       # 28 photographs with masks
    python -m experiments.masks --dataset oxford_iiit_pet --workers 8

Expected, with SqueezeNet v1.1 on the 28 photographs with masks (5 minutes on 2 slow cores); in
brackets the 95 % interval:

| masks | IoU | pixel accuracy | average precision | energy inside |
|---|--:|--:|--:|--:|
| vizjax | 0.758 (0.67–0.83) | 0.946 (0.92–0.96) | 0.831 (0.80–0.86) | 0.379 (0.32–0.44) |
| paper | 0.464 (0.38–0.55) | 0.780 (0.73–0.83) | 0.631 (0.58–0.69) | 0.367 (0.31–0.42) |
| cam | 0.491 (0.43–0.55) | 0.842 (0.79–0.88) | 0.715 (0.66–0.77) | 0.419 (0.36–0.47) |
| grad_cam | 0.469 (0.41–0.53) | 0.793 (0.73–0.85) | 0.716 (0.66–0.77) | 0.415 (0.36–0.47) |
| middle | 0.308 (0.25–0.37) | 0.633 (0.61–0.66) | 0.552 (0.46–0.64) | 0.277 (0.22–0.34) |
| whole | 0.202 (0.16–0.25) | 0.202 (0.16–0.25) | 0.552 (0.46–0.64) | 0.277 (0.22–0.34) |

The intervals of the differences to `vizjax` in IoU are all below -0.17.

A precision-recall curve needs no threshold: it is of the map itself, before anything is cut.
"""

import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from experiments.output import table
from experiments.surveyed import (
    Record,
    Source,
    check_best,
    compared,
    figures,
    mean,
    require,
    surveyed,
)
from vizjax.cli.console import guarded
from vizjax.data.files import atomic_write
from vizjax.survey import RECALLS


@dataclass(frozen=True)
class Config(Source):
    """What the agreement depends on."""

    dataset: str = "photos/masks"
    procedures: tuple[str, ...] = ("vizjax", "paper", "cam", "grad_cam", "middle", "whole")
    """Of `vizjax.procedures`."""
    best: str = "vizjax"
    """The procedure that the others are compared with."""

    def __post_init__(self):
        super().__post_init__()
        check_best(self.best, self.procedures)


TINY = Config(procedures=("paper", "middle"), best="paper", photos=1, workers=0)

MEASURES = ("mask_iou", "pixel_accuracy", "average_precision", "energy")


def run(config: Config, out: Path, **given) -> list[Record]:
    """Survey the photographs.

    Args:
      config: photographs, network and procedures.
      out: the folder of the survey's file; what is in it is not done again.
      **given: `network` and `examples` instead of the configuration's.

    Raises:
      InputError: as of `surveyed`, or the photographs have no masks.
    """
    records = surveyed(config, config.procedures, out, **given)
    require(config, records, "mask_iou", "masks")
    return records


def figure(config: Config, records: list[Record]) -> Any:
    """Precision against recall, the mean over the photographs."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(6, 4.4), layout="constrained")
    axes = drawn.subplots()
    curves: dict[tuple[float, ...], list[str]] = {}
    for name in config.procedures:
        mean_of_all = figures(records, name, "precision").mean(axis=0)
        curves.setdefault(tuple(mean_of_all), []).append(name)
    for curve, names in curves.items():  # one for procedures of one map
        axes.plot(RECALLS, curve, marker=".", label=", ".join(names))
    axes.set(xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    axes.legend(frameon=False, fontsize=8)
    caption = (
        f"Pixels of {len(records)} photographs of {config.dataset}, {config.network}; precision at "
        "a recall is the largest at that recall or a higher one."
    )
    drawn.supxlabel(textwrap.fill(caption, 90), fontsize=7)
    return drawn


def main(config: Annotated[Config, tyro.conf.arg(name="")], out: Path = Path("runs/masks")) -> int:
    """Print the table, draw the curves.

    Args:
      config: what the agreement depends on.
      out: the folder for survey and figure; interrupted, the same command goes on there.
    """
    records = run(config, out)
    rows = [
        [name, *(mean(figures(records, name, key), config.seed) for key in MEASURES)]
        for name in config.procedures
    ]
    print(f"Agreement with the masks of {len(records)} photographs of {config.dataset}.\n")
    print(table(["masks", "IoU", "pixel accuracy", "average precision", "energy inside"], rows))
    overlaps = {name: figures(records, name, "mask_iou") for name in config.procedures}
    print(f"\n{compared(overlaps, config.best, seed=config.seed, percent=False)}")
    with atomic_write(out / "precision_recall.png") as file:
        figure(config, records).savefig(file, dpi=130)
    return 0


if __name__ == "__main__":
    sys.exit(guarded(lambda: tyro.cli(main)))
