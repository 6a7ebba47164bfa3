"""The pointing game: how often a map's maximum lies on the object.

Claim: maps of deep layers, and gradients averaged over noise, point at the object about as often as
the middle of the photograph does, raw gradients and DeconvNet less often, where objects fill most
of the photograph; elsewhere the middle falls behind. (Zhang et al. 2016, arXiv 1608.00507; on VOC
2007 with VGG-16 TorchRay has 76.3 % for the gradient, 86.6 % for Grad-CAM, 69.6 % for the middle.)

    python -m experiments.pointing                            # photographs with boxes
    python -m experiments.pointing --dataset voc/2007 --workers 8 --batch 16

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

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

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
    share,
    surveyed,
)
from vizjax.cli.console import guarded
from vizjax.evaluation import pointing_accuracy


@dataclass(frozen=True)
class Config(Source):
    """What the accuracies depend on."""

    procedures: tuple[str, ...] = (
        "vizjax", "paper", "smoothgrad", "deconvnet", "guided", "cam", "grad_cam", "middle",
    )  # fmt: skip
    """Of `vizjax.procedures`."""
    best: str = "vizjax"
    """The procedure that the others are compared with."""

    def __post_init__(self):
        super().__post_init__()
        check_best(self.best, self.procedures)


TINY = Config(procedures=("paper", "middle"), best="paper", photos=2, workers=0)


def main(
    config: Annotated[Config, tyro.conf.arg(name="")], out: Path = Path("runs/pointing")
) -> int:
    """Print the table of accuracies.

    Args:
      config: what the accuracies depend on.
      out: the folder for the survey; interrupted, the same command goes on there.
    """
    records = surveyed(config, config.procedures, out)
    require(config, records, "hit", "boxes")
    print(f"The pointing game on {len(records)} photographs of {config.dataset}.\n")
    print(table(["maps", "micro", "classes", "energy inside"], rows_of(config, records)))
    hits = {name: figures(records, name, "hit") for name in config.procedures}
    print(f"\n{compared(hits, config.best, seed=config.seed, percent=True)}")
    return 0


def rows_of(config: Config, records: list[Record]) -> list[list[str]]:
    """The accuracies of every procedure, as a table has them."""
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
        energy = mean(figures(records, name, "energy"), config.seed)
        rows.append([name, share(hits, config.seed), f"{accuracy.mean_of_classes:.1%}", energy])
    return rows


if __name__ == "__main__":
    sys.exit(guarded(lambda: tyro.cli(main)))
