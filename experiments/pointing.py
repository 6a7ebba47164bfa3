"""The pointing game: how often a map's maximum lies on the object.

Claim: maps of deep layers, and gradients averaged over noise, point at the object about as often as
the middle of the photograph does, raw gradients and DeconvNet less often, where objects fill most
of the photograph; elsewhere the middle falls behind. (Zhang et al. 2016, arXiv 1608.00507; on VOC
2007 with VGG-16 TorchRay has 76.3 % for the gradient, 86.6 % for Grad-CAM, 69.6 % for the middle.)

    vizjax run pointing                            # photographs with boxes
    vizjax run pointing --dataset voc/2007 --processes 8 --batch 16

Expected, with SqueezeNet v1.1 on the 111 photographs whose boxes are certain:

| maps | micro | classes | energy inside |
|---|--:|--:|--:|
| vizjax | 97.3% (94–100) | 97.2% | 0.678 (0.64–0.71) |
| paper | 90.1% (84–95) | 89.9% | 0.643 (0.60–0.68) |
| smoothgrad | 97.3% (94–100) | 97.2% | 0.746 (0.71–0.78) |
| deconvnet | 82.0% (75–89) | 83.0% | 0.621 (0.58–0.66) |
| guided | 91.9% (86–96) | 91.7% | 0.777 (0.74–0.81) |
| cam | 97.3% (94–100) | 97.2% | 0.731 (0.70–0.76) |
| grad_cam | 97.3% (94–100) | 97.2% | 0.730 (0.69–0.76) |
| middle | 95.5% (91–99) | 95.4% | 0.626 (0.58–0.67) |

A hit is a maximum within 15 pixels of a true box. Micro: over all pairs of photograph and class.
Classes: the mean of the classes' own accuracies. Energy: the share of the map inside the boxes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.sources import Compared, inputs_of
from experiments.surveyed import (
    Record,
    compared,
    figures,
    mean,
    require,
    share,
    summary,
    surveyed,
)
from vizjax.evaluation import pointing_accuracy
from vizjax.runs import Result, table


@dataclass(frozen=True)
class Config(Compared):
    """What the accuracies depend on."""

    procedures: tuple[str, ...] = (
        "vizjax", "paper", "smoothgrad", "deconvnet", "guided", "cam", "grad_cam", "middle",
    )  # fmt: skip


TINY = Config(procedures=("paper", "middle"), best="paper", photos=2, processes=0)


class Row(NamedTuple):
    """How often the maximum of one procedure's maps lies on the object.

    Attributes:
      procedure: its name.
      hits: one boolean for every pair of photograph and class.
      classes: the mean of the classes' own accuracies.
      energy: the share of the map inside the boxes, one a pair.
    """

    procedure: str
    hits: np.ndarray
    classes: float
    energy: np.ndarray


def run(config: Config, work: Path) -> Result:
    """Survey the photographs and count the hits.

    Args:
      config: photographs, network and procedures.
      work: the folder of the survey's files; what is in it is not done again.

    Raises:
      InputError: as of `surveyed`, or the photographs have no boxes.
    """
    network, examples = config.loaded(), config.opened()
    records = surveyed(config, config.procedures, work, network=network, examples=examples)
    require(config, records, "hit", "boxes")
    return result_of(config, records, inputs_of(network, examples))


def rows_of(config: Config, records: list[Record]) -> list[Row]:
    """The hits of every procedure."""
    rows = []
    for name in config.procedures:
        hits = figures(records, name, "hit").astype(bool)
        classes = [
            case["label"]
            for record in records
            for case in record["cases"]
            if "hit" in case["procedures"][name]
        ]
        accuracy = pointing_accuracy(hits, classes)
        rows.append(Row(name, hits, accuracy.mean_of_classes, figures(records, name, "energy")))
    return rows


def result_of(config: Config, records: list[Record], inputs: dict[str, str]) -> Result:
    """The accuracies of a survey, as lines, tables, and one boolean a pair."""
    rows = rows_of(config, records)
    lines = [
        {
            "procedure": row.procedure,
            "micro": float(row.hits.mean()),
            "classes": float(row.classes),
            "energy": float(row.energy.mean()),
        }
        for row in rows
    ]
    cells = [
        [
            row.procedure,
            share(row.hits, config.seed),
            f"{row.classes:.1%}",
            mean(row.energy, config.seed),
        ]
        for row in rows
    ]
    title = f"The pointing game on {len(records)} photographs of {config.dataset}."
    hits = {row.procedure: row.hits for row in rows}
    return Result(
        [*lines, summary(lines, "micro", "energy", photographs=len(records))],
        arrays={"hit": np.stack(list(hits.values()))},
        tables={
            "accuracy": (
                f"{title}\n\n{table(['maps', 'micro', 'classes', 'energy inside'], cells)}"
            ),
            "differences": compared(hits, config.best, seed=config.seed, percent=True),
        },
        inputs=inputs,
    )
