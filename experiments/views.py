"""Ten views against one (Simonyan et al. 2013, section 3.1).

Claim: maps averaged over ten views, four corners and the centre with their reflections, are better
than the centre's alone: steadier when the photograph moves by a few pixels, and nearer the object.

    vizjax run views [--dataset voc/2007] [--photos 100]

The centre view does not see the photograph's rim, ten views see all of it. What averaging does by
itself is told by a third procedure: ten views' map with the rim blackened.

Expected: steadier by far, nearer the object hardly. Of 120 photographs, the 111 beyond doubt:

| | box wrong | IoU | pointing | energy inside | insertion | deletion |
|---|--:|--:|--:|--:|--:|--:|
| one view | 0.333 | 0.595 | 0.910 | 0.708 | 0.436 | 0.058 |
| ten views | 0.297 | 0.604 | 0.901 | 0.643 | 0.462 | 0.065 |
| ten views, rim black | 0.297 | 0.615 | 0.946 | 0.704 | 0.462 | 0.065 |

Of ten views' differences to one, those of energy and insertion are beyond chance (p < 0.001); with
the rim blackened, that of IoU too (p 0.04). When the photograph moves by 5 pixels, the map's rank
correlation with the one before is 0.25 with one view and 0.39 with ten. Time: 8 minutes on 2 cores,
15 on one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Plot

from experiments import sheet
from experiments.photographs import photographs, rounded
from experiments.sheet import Cell, Row
from experiments.sources import Source, inputs_of
from experiments.views_moved import seen, stability
from vizjax.cli.console import progress
from vizjax.data import assemble, canvas, centre_view, extract, ten_views
from vizjax.errors import InputError
from vizjax.evaluation import bootstrap_interval, paired_comparison
from vizjax.evidence import Averaged, CanvasMap
from vizjax.localisation import localise
from vizjax.maps import scores_and_maps, size_of
from vizjax.models import Network
from vizjax.pictures import heat, to_pixels
from vizjax.procedures import Procedure
from vizjax.runs import Figure, Result, table
from vizjax.survey import Plan, survey

SHOWN = ("chelsea", "coffee")
"""The photographs of the figure; scikit-image's, not among those measured."""

MEASURES = {
    "error": "box wrong",
    "iou": "IoU",
    "hit": "pointing",
    "energy": "energy inside",
    "insertion": "insertion",
    "deletion": "deletion",
}
"""What is measured of a procedure, as the table calls it."""


@dataclass(frozen=True)
class Config(Source):
    """Which photographs, and how stability is measured."""

    steps: int = 28
    """Of insertion and deletion."""
    moved: int = 24
    """Photographs, evenly spread, whose maps are made again after a shift."""
    shift: int = 5
    """That shift, in pixels of the canvas, down and to the right."""

    def __post_init__(self):
        super().__post_init__()
        for name in ("moved", "steps", "shift"):
            if getattr(self, name) < 1:
                raise InputError(f"`{name}` is {getattr(self, name)}; expected 1 or more")


TINY = Config(photos=2, processes=0, moved=1, steps=2)


@dataclass(frozen=True)
class Inside:
    """Ten views' map, 0 where the centre view does not see."""

    averaged: Averaged

    def __call__(
        self, key: Any, network: Network, photos: Sequence[np.ndarray], labels: Sequence[int]
    ) -> list[CanvasMap]:
        """The maps, black at the rim."""
        maps = self.averaged(key, network, photos, labels)
        return [np.where(seen(network, one.shape), one, 0) for one in maps]


PROCEDURES = {
    "one": Procedure("one view", Averaged(views=1), localise),
    "ten": Procedure("ten views", Averaged(views=10), localise),
    "inside": Procedure("ten views, rim black", Inside(Averaged(views=10)), localise),
}


def run(config: Config, work: Path) -> Result:
    """Surveys the photographs by each procedure, and moves some of them."""
    network, examples = config.loaded(), config.opened()
    plan = Plan(tuple(PROCEDURES), steps=config.steps, batch=config.batch, seed=config.seed)
    with progress(len(examples), "photographs") as advance:
        records = survey(
            network,
            examples,
            plan,
            work / "views.jsonl",
            known=PROCEDURES,
            workers=config.processes,
            advance=advance,
        )
    cases = [(number, case) for number, r in enumerate(records) for case in r.get("cases", [])]
    cases = [(number, case) for number, case in cases if "iou" in case["procedures"]["one"]]
    if not cases:
        raise InputError(f"`dataset` is {config.dataset}; expected one with boxes")
    found = {name: figures_of([case for _, case in cases], name) for name in PROCEDURES}
    steady = stability(network, examples, cases, moved=config.moved, shift=config.shift)
    metrics: list[dict[str, Any]] = []
    rows = []
    for name, values in found.items():
        means = {key: bootstrap_interval(v, seed=config.seed) for key, v in values.items()}
        metrics.append(
            {"procedure": name, "photos": len(cases)}
            | {key: rounded(interval.value) for key, interval in means.items()}
        )
        cells = (f"{i.value:.3f} ({i.low:.2f}–{i.high:.2f})" for i in means.values())
        rows.append([PROCEDURES[name].summary, *cells])
    differences, summary = [], {"summary": True, "photos": len(cases)}
    for key in MEASURES:
        cells = [MEASURES[key]]
        for name in ("ten", "inside"):
            pair = paired_comparison(found[name][key], found["one"][key], seed=config.seed)
            summary[f"{name}_{key}"] = rounded(pair.difference)
            interval = f"{pair.low:+.3f} to {pair.high:+.3f}"
            cells.append(f"{pair.difference:+.3f} ({interval}), p {pair.p_value:.3f}")
        differences.append(cells)
    for count, values in steady.items():
        interval = bootstrap_interval(values, seed=config.seed)
        metrics.append({"views": count, "stability": rounded(interval.value)})
        summary[f"stability_{count}"] = rounded(interval.value)
    metrics.append(summary)
    shown = photographs(SHOWN)
    figures = {
        "maps": Figure.of_plot(_maps(network, shown), _maps_caption(network)),
        "measures": Figure.of_plot(
            _measures(config, found, steady), _measures_caption(config, network, len(cases))
        ),
    }
    tables = {
        "procedures": table(["means", *MEASURES.values()], rows),
        "differences": table(["less one view", "ten views", "ten views, rim black"], differences),
    }
    arrays = {f"{name}_iou": values["iou"] for name, values in found.items()}
    arrays |= {f"stability_{count}": values for count, values in steady.items()}
    return Result(metrics, arrays, figures, tables, inputs_of(network, examples))


def figures_of(cases: Sequence[dict[str, Any]], name: str) -> dict[str, np.ndarray]:
    """Every measure of a procedure, one value a case."""
    ours = [case["procedures"][name] for case in cases]
    values = {
        key: np.array([float(one[key]) for one in ours]) for key in MEASURES if key != "error"
    }
    return {"error": (values["iou"] < 0.5).astype(float), **values}


def _maps(network: Network, photos: dict[str, np.ndarray]) -> Plot:
    rows = []
    for photo in photos.values():
        size = size_of(network)
        image = canvas(photo, network.preprocessing.short_side or max(size))
        height, width, _ = image.shape
        views = ten_views(height, width, size)
        _, _, (maps,) = scores_and_maps(network, extract(image, views), 1)
        centre = centre_view(height, width, size)
        both = [(maps[4:5], centre), (maps, views)]
        cells = [Cell(to_pixels(image))]
        cells += [Cell(heat(assemble(np.asarray(m), v, *image.shape[:2]))) for m, v in both]
        rows.append(Row(cells))
    return sheet.sheet(sheet.headed(rows, ("photograph", "one view", "ten views")))


def _measures(
    config: Config, found: dict[str, dict[str, np.ndarray]], steady: dict[int, np.ndarray]
) -> Plot:
    figure, (above, below) = sheet.chart(9, panels=2)
    thresholds = np.linspace(0, 1, 101)
    for number, (name, values) in enumerate(found.items()):
        reached = (values["iou"][:, None] >= thresholds).mean(axis=0)
        style = "--" if name == "inside" else "-"
        label = PROCEDURES[name].summary
        above.plot(thresholds, reached, style, lw=2.5, color=sheet.COLOURS[number], label=label)
    above.axvline(0.5, color="black", lw=1, ls=":")
    above.set_ylim(0, 1.02)
    above.legend(fontsize=sheet.SMALL, frameon=False)
    sheet.named(
        above, title="photographs whose box is so good", x="IoU with the true box, at least"
    )
    intervals = [bootstrap_interval(v, seed=config.seed) for v in steady.values()]
    value, low, high = np.array(intervals).T
    below.errorbar(
        range(len(steady)), value, (value - low, high - value), fmt="o-", lw=2.5, ms=8, capsize=6,
        color=sheet.COLOURS[0],
    )  # fmt: skip
    below.set_xticks(range(len(steady)), [str(count) for count in steady])
    below.set_ylim(0, 1)
    sheet.named(
        below,
        title=f"how alike maps stay after a shift of {config.shift} pixels",
        x="views",
        y="rank correlation",
    )
    return figure


def _maps_caption(network: Network) -> str:
    height, width = size_of(network)
    return (
        f"Saliency maps of {network.name} for the class of the highest score, from the centre view "
        f"of {height}×{width} alone and averaged over ten views of a short side of "
        f"{network.preprocessing.short_side} pixels: four corners, the centre, and their "
        "reflections. Black is 0 or not seen, white the 99.5 % quantile. Nothing is optimised."
    )


def _measures_caption(config: Config, network: Network, photos: int) -> str:
    return (
        f"{network.name} on {photos} photographs of {config.dataset}. Above: the share of them "
        "whose box, by the paper's seeds and graph cut from the true class's map, has at least "
        "that IoU with a true box; 0.5 counts as right. Below: Spearman's correlation of a "
        f"photograph's map with that of the same photograph {config.shift} pixels further, where "
        f"the centre view sees both, mean of {config.moved} photographs, 95 % bootstrap intervals; "
        "1 view: the centre, 2: with its reflection, 5: all upright ones. Nothing is optimised; "
        f"seed {config.seed}."
    )
