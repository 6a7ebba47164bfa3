"""Insertion and deletion: how the score follows the pixels that a map calls important.

Claim: maps that show the class's pixels first bring it back sooner (insertion, larger is better)
and lose it sooner (deletion, smaller is better) than maps that do not look at the photograph.
(Petsiuk et al. 2018, arXiv 1806.07421; ResNet-50 on ImageNet: Grad-CAM .677 / .123, a sliding
window .662 / .142.) With them the stability of each method: sensitivity-max, and infidelity (Yeh et
al. 2019, arXiv 1901.09392).

    vizjax run faithfulness        # SqueezeNet, photographs with boxes

Expected, with SqueezeNet v1.1 on the 111 photographs whose boxes are certain:

| maps | insertion | deletion |
|---|--:|--:|
| vizjax | 0.608 (0.55–0.66) | 0.081 (0.07–0.10) |
| paper | 0.462 (0.40–0.52) | 0.065 (0.05–0.08) |
| smoothgrad | 0.535 (0.48–0.59) | 0.037 (0.03–0.05) |
| deconvnet | 0.498 (0.45–0.55) | 0.057 (0.05–0.07) |
| guided | 0.591 (0.53–0.65) | 0.043 (0.03–0.05) |
| occlusion | 0.610 (0.55–0.67) | 0.061 (0.05–0.07) |
| cam | 0.622 (0.56–0.68) | 0.066 (0.05–0.08) |
| grad_cam | 0.621 (0.56–0.68) | 0.066 (0.05–0.08) |
| middle | 0.521 (0.46–0.58) | 0.113 (0.09–0.14) |

The curves are of the centre view, in 28 steps: both are of the softmax posterior. A small deletion
alone is no praise: noise that a network has never seen destroys a class quickly, too.

Under changes of 5 grey levels, on 8 photographs:

| method | sensitivity-max | infidelity, best scale |
|---|--:|--:|
| gradient | 1.132 (1.04–1.23) | 1.756 (0.91–2.58) |
| SmoothGrad, 10 samples | 0.565 (0.54–0.60) | 1.847 (0.99–2.73) |
| guided backprop | 0.545 (0.48–0.61) | 1.837 (0.99–2.70) |
| DeconvNet | 0.622 (0.57–0.68) | 1.851 (0.99–2.73) |

A gradient moves by more than its own length. Time: 30 minutes on one core.
"""

import contextlib
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

from experiments.sources import Compared, inputs_of
from experiments.surveyed import Record, compared, figures, mean, summary, surveyed
from vizjax.attribution import bind
from vizjax.attribution.registry import Bound
from vizjax.cli.console import progress
from vizjax.data import Dataset, Example
from vizjax.errors import InputError
from vizjax.evaluation import gaussian, infidelity, sensitivity_max
from vizjax.models import Network
from vizjax.runs import Result, table

METHODS: dict[str, Bound] = {
    "gradient": bind("gradient"),
    "SmoothGrad, 10 samples": bind("smoothgrad", samples=10, chunk=None),
    "guided backprop": bind("guided_backprop"),
    "DeconvNet": bind("deconvnet"),
}
"""Those whose attributions are score per grey level, as infidelity asks for."""


@dataclass(frozen=True)
class Config(Compared):
    """What the areas depend on."""

    procedures: tuple[str, ...] = (
        "vizjax", "paper", "smoothgrad", "deconvnet", "guided", "occlusion", "cam", "grad_cam",
        "middle",
    )  # fmt: skip
    steps: int = 28
    """Of insertion and deletion, from nothing to the whole view."""
    stable: int = 8
    """Photographs on which the methods' stability is measured."""
    draws: int = 10
    """Perturbations of a photograph for sensitivity; infidelity takes ten times as many."""
    radius: float = 5.0
    """Of the largest change of a pixel (sensitivity-max), and the deviation (infidelity): 0-255."""

    def __post_init__(self):
        super().__post_init__()
        if self.steps < 1 or self.stable < 0 or self.draws < 1 or not self.radius > 0:
            raise InputError(
                f"`steps`, `stable`, `draws`, `radius` are {self.steps}, {self.stable}, "
                f"{self.draws}, {self.radius}; expected 1, 0 and 1 or more, and a positive radius"
            )


TINY = Config(
    procedures=("paper", "middle"), best="paper", photos=1, processes=0, steps=2, stable=1, draws=2
)


def stability(
    config: Config, network: Network, photos: Sequence, labels: Sequence[int]
) -> dict[str, dict[str, np.ndarray]]:
    """Sensitivity-max and infidelity of each method, one value a photograph."""
    found: dict[str, dict[str, list[float]]] = {}
    for name, method in METHODS.items():
        attribution = functools.partial(method, jax.random.key(config.seed))
        both = jax.jit(functools.partial(_both, attribution, config.draws, config.radius))
        for number, (photo, label) in enumerate(zip(photos, labels, strict=True)):
            key = jax.random.fold_in(jax.random.key(config.seed), number)
            sensitivity, unfaithful = both(key, network, network.prepare(photo), label)
            row = found.setdefault(name, {"sensitivity": [], "infidelity": []})
            row["sensitivity"].append(float(sensitivity))
            row["infidelity"].append(float(unfaithful))
    return {n: {k: np.array(v) for k, v in row.items()} for n, row in found.items()}


def _both(attribution, draws, radius, key, network, image, label):
    one, other = jax.random.split(key)
    sensitivity = sensitivity_max(
        one, attribution, network, image, label, radius=radius, samples=draws, chunk=None
    )
    perturb = gaussian(radius)
    found = infidelity(
        other,
        network,
        image,
        attribution(network, image, label),
        label,
        perturb=perturb,
        samples=10 * draws,
    )
    return sensitivity, found.scaled


def run(config: Config, work: Path) -> Result:
    """Survey the photographs, and measure the methods' stability on the first of them.

    Args:
      config: photographs, network and procedures.
      work: the folder of the survey's files; what is in it is not done again.
    """
    network, examples = config.loaded(), config.opened()
    records = surveyed(
        config, config.procedures, work, steps=config.steps, network=network, examples=examples
    )
    some = {r["name"]: r["cases"][0]["target"] for r in records[: config.stable]}
    chosen, found = _named(examples, list(some)), {}
    if chosen:
        with progress(1, "stability") as advance:
            photos = [one.photo for one in chosen]
            found = stability(config, network, photos, [some[one.name] for one in chosen])
            advance(1)
    return result_of(config, records, found, inputs_of(network, examples))


def result_of(
    config: Config,
    records: list[Record],
    stable: dict[str, dict[str, np.ndarray]],
    inputs: dict[str, str],
) -> Result:
    """The areas of a survey and the methods' stability, as lines, tables and arrays."""
    areas = {
        key: {name: figures(records, name, key) for name in config.procedures}
        for key in ("insertion", "deletion")
    }
    lines = [
        {"procedure": name, **{key: float(some[name].mean()) for key, some in areas.items()}}
        for name in config.procedures
    ]
    stabilities = [
        {"method": name, **{key: float(values.mean()) for key, values in row.items()}}
        for name, row in stable.items()
    ]
    title = f"Insertion and deletion on {len(records)} photographs of {config.dataset}."
    cells = table(["maps", "insertion", "deletion"], rows_of(config, records))
    tables = {
        "areas": f"{title}\n\n{cells}",
        "differences": compared(areas["insertion"], config.best, seed=config.seed, percent=False),
    }
    if stable:
        rows = [
            [name, mean(row["sensitivity"], config.seed), mean(row["infidelity"], config.seed)]
            for name, row in stable.items()
        ]
        title = (
            f"Stability on {min(config.stable, len(records))} photographs, changes of "
            f"{config.radius:g} grey levels."
        )
        cells = table(["method", "sensitivity-max", "infidelity, best scale"], rows)
        tables["stability"] = f"{title}\n\n{cells}"
    return Result(
        [*lines, *stabilities, summary(lines, *areas, photographs=len(records))],
        arrays={key: np.stack(list(some.values())) for key, some in areas.items()},
        tables=tables,
        inputs=inputs,
    )


def _named(examples: Dataset, names: list[str]) -> list[Example]:
    """The photographs of these names, read until all are found."""
    found = []
    for number in range(len(examples)):
        if len(found) == len(names):
            break
        with contextlib.suppress(InputError):  # the survey has said what is wrong with it
            if (one := examples[number]).name in names:
                found.append(one)
    return found


def rows_of(config: Config, records: list[Record]) -> list[list[str]]:
    """The areas of every procedure, as a table has them."""
    return [
        [
            name,
            mean(figures(records, name, "insertion"), config.seed),
            mean(figures(records, name, "deletion"), config.seed),
        ]
        for name in config.procedures
    ]
