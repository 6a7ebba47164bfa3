"""Agreement of masks with true masks, pixel by pixel.

Claim: masks of the recipe `vizjax` agree with the outlines of animals drawn by hand better than the
paper's and than a class activation map above a share of its maximum.

    vizjax run masks                       # 28 photographs with masks
    vizjax run masks --dataset oxford_iiit_pet --processes 8

Expected, with SqueezeNet v1.1 on the 28 photographs with masks (2 minutes on 2 cores); in
brackets the 95 % interval:

| masks | IoU | pixel accuracy | average precision | energy inside |
|---|--:|--:|--:|--:|
| vizjax | 0.758 (0.67–0.83) | 0.946 (0.92–0.96) | 0.831 (0.80–0.86) | 0.379 (0.32–0.44) |
| paper | 0.455 (0.37–0.54) | 0.772 (0.72–0.82) | 0.631 (0.58–0.69) | 0.367 (0.31–0.42) |
| cam | 0.491 (0.43–0.55) | 0.842 (0.79–0.88) | 0.715 (0.66–0.77) | 0.419 (0.36–0.47) |
| grad_cam | 0.469 (0.41–0.53) | 0.793 (0.73–0.85) | 0.716 (0.66–0.77) | 0.415 (0.36–0.47) |
| middle | 0.308 (0.25–0.37) | 0.633 (0.61–0.66) | 0.552 (0.46–0.64) | 0.277 (0.22–0.34) |
| whole | 0.202 (0.16–0.25) | 0.202 (0.16–0.25) | 0.552 (0.46–0.64) | 0.277 (0.22–0.34) |

The intervals of the differences to `vizjax` in IoU are all below -0.17.

A precision-recall curve needs no threshold: it is of the map itself, before anything is cut.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.sources import Compared, inputs_of
from experiments.surveyed import Record, compared, figures, mean, require, summary, surveyed
from vizjax.runs import Figure, Result, table
from vizjax.survey import RECALLS


@dataclass(frozen=True)
class Config(Compared):
    """What the agreement depends on."""

    dataset: str = "photos/masks"


TINY = Config(procedures=("paper", "middle"), best="paper", photos=1, processes=0)

MEASURES = ("mask_iou", "pixel_accuracy", "average_precision", "energy")


def run(config: Config, work: Path) -> Result:
    """Survey the photographs and hold the masks against the true ones.

    Args:
      config: photographs, network and procedures.
      work: the folder of the survey's files; what is in it is not done again.

    Raises:
      InputError: as of `surveyed`, or the photographs have no masks.
    """
    network, examples = config.loaded(), config.opened()
    records = surveyed(config, config.procedures, work, network=network, examples=examples)
    require(config, records, "mask_iou", "masks")
    return result_of(config, records, inputs_of(network, examples))


def result_of(config: Config, records: list[Record], inputs: dict[str, str]) -> Result:
    """The agreement of a survey, as lines, tables, curves, and one IoU a photograph."""
    values = {
        name: {key: figures(records, name, key) for key in MEASURES} for name in config.procedures
    }
    lines = [
        {"procedure": name, **{key: float(some.mean()) for key, some in one.items()}}
        for name, one in values.items()
    ]
    rows = [
        [name, *(mean(some, config.seed) for some in one.values())] for name, one in values.items()
    ]
    title = f"Agreement with the masks of {len(records)} photographs of {config.dataset}."
    header = ["masks", "IoU", "pixel accuracy", "average precision", "energy inside"]
    overlaps = {name: one["mask_iou"] for name, one in values.items()}
    drawn, caption = figure(config, records)
    return Result(
        [*lines, summary(lines, "mask_iou", photographs=len(records))],
        arrays={"mask_iou": np.stack(list(overlaps.values()))},
        figures={"precision_recall": Figure.of_plot(drawn, caption)},
        tables={
            "agreement": f"{title}\n\n{table(header, rows)}",
            "differences": compared(overlaps, config.best, seed=config.seed, percent=False),
        },
        inputs=inputs,
    )


def figure(config: Config, records: list[Record]) -> tuple[Any, str]:
    """Precision against recall, the mean over the photographs; and what to say of it."""
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
    return drawn, caption
