"""What each choice of the paper's procedure, and of the recipe `vizjax`, does to the boxes.

Question: is the paper's procedure limited by its map or by its cut, and which of the recipe's
numbers decide? For each choice the error, and the mean IoU, with that choice changed.

    vizjax run ablation --recipe paper
    vizjax run ablation --recipe vizjax

One field is changed at a time. The recipe was chosen on the photographs with an even number
(`tune`); `report`, the others, shows what is left of a choice.

Expected, on the 111 photographs: of the paper's procedure, error 29.7 %, mean IoU 0.60, what helps
is another map, SmoothGrad's (27.9, 0.65) or guided backprop's (28.8, 0.66); all else is worse or,
within the intervals, the same: quantiles (0.85: 40.5, 0.98: 36.0), Gaussians (1: 35.1, 8: 33.3),
smoothness (0: 35.1, 50: 38.7), one view (33.3), smoothing (33.3 to 36.0), CAM's map (36.9). Time:
12 minutes on one core.

Of the recipe `vizjax`, error 17.1 %, mean IoU 0.75 (`tune` 19.6 %, `report` 14.5 %), map and cut
need each other: the paper's cut on its map 35.1, a threshold 42.3, the paper's map under its cut
59.5. The layer matters (fire5: 23.4, fire9: 84.7, whose map is flat), and so do the
smoothness (5: 20.7, 50: 29.7) and, for the outline, colours (without: 50.5 at IoU 0.7, to 34.2);
one scale alone has 19.8. All else is within the intervals: 15.3 (one start) to 18.9 (fire7). Of
such changes the `tune` half chose four rounds: with two its error is the same, and its overlap
less. Time: 20 minutes on 2 cores with `--processes 2`.
"""

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from experiments.sources import HALVES, Source, inputs_of
from experiments.surveyed import figures, mean, require, share, surveyed, wrong
from vizjax.attribution import bind
from vizjax.errors import InputError
from vizjax.evidence import Averaged
from vizjax.localisation import SoftSeeds, above_share, localise
from vizjax.models import Network
from vizjax.procedures import Procedure, procedures
from vizjax.runs import Result, table


@dataclass(frozen=True)
class Config(Source):
    """What is varied, and on which photographs."""

    recipe: Literal["paper", "vizjax"] = "vizjax"
    """Whose choices."""
    only: tuple[str, ...] = ()
    """Only the variants whose names begin so."""


TINY = Config(recipe="paper", photos=1, processes=0, only=("paper", "smoothness 20"))


def of_the_paper(network: Network) -> dict[str, Procedure]:
    """The paper's procedure and its variants by name."""
    known = procedures(network)
    paper = known["paper"]

    def cut(**options) -> Procedure:
        return replace(paper, segment=functools.partial(localise, **options))

    def seen(**fields) -> Procedure:
        return replace(paper, evidence=replace(Averaged(), **fields))

    found = {"paper": paper}
    found |= {f"foreground {q}": cut(foreground=q) for q in (0.85, 0.9, 0.98)}
    found |= {f"background {q}": cut(background=q) for q in (0.15, 0.5)}
    found |= {f"components {n}": cut(components=n) for n in (1, 3, 8)}
    found |= {f"smoothness {g:g}": cut(smoothness=g) for g in (0.0, 1.0, 20.0, 50.0)}
    found |= {"views 1": seen(views=1)}
    found |= {f"smoothing {s:g}": seen(smoothing=s) for s in (2.0, 5.0, 10.0)}
    found |= {f"canvas {side}": seen(short_side=side) for side in (227, 320)}
    found |= {f"rule {rule}": seen(rule=rule) for rule in ("deconvnet", "guided")}
    found["method smoothgrad"] = seen(method=bind("smoothgrad", samples=25, chunk=None), views=1)
    for name in ("cam", "grad_cam"):
        found[f"method {name}"] = replace(known[name], segment=localise)
    return found


def of_vizjax(network: Network) -> dict[str, Procedure]:
    """The recipe `vizjax` and its variants by name."""
    known = procedures(network)
    whole = known["vizjax"]
    pyramid: Any = whole.evidence
    seeds = SoftSeeds()

    def seen(**fields) -> Procedure:
        return replace(whole, evidence=replace(pyramid, **fields))

    def cut(**fields) -> Procedure:
        return replace(whole, segment=replace(seeds, **fields))

    found = {"vizjax": whole}
    found |= {f"layer {name}": seen(layer=name) for name in ("fire5", "fire7", "fire9")}
    found |= {"squeezed and fitted alone": seen(scales=()), "without them": seen(whole=False)}
    found |= {"one scale alone": seen(whole=False, scales=(1.0,))}
    found |= {"smoothing 0": seen(smoothing=0.0), "smoothing 1/32": seen(smoothing=1 / 32)}
    found |= {f"width {v}": cut(width=v) for v in (0.1, 0.3)}
    found |= {f"trust {v:g}": cut(trust=v) for v in (0.5, 3.0)}
    found |= {f"smoothness {v:g}": cut(smoothness=v) for v in (5.0, 50.0)}
    found |= {f"components {v}": cut(components=v) for v in (3, 5, 12)}
    found |= {"starts 1": cut(starts=1)}
    found |= {f"rounds {v}": cut(rounds=v) for v in (1, 2)}
    found |= {"without border": cut(border=0.0), "without colours": cut(components=1, trust=1e3)}
    found["paper's cut"] = replace(whole, segment=localise)
    found["20 % of the maximum"] = replace(whole, segment=functools.partial(above_share, share=0.2))
    found["paper's map"] = replace(known["paper"], segment=seeds)
    return found


VARIANTS = {"paper": of_the_paper, "vizjax": of_vizjax}


def chosen(config: Config, network: Network) -> dict[str, Procedure]:
    """The variants that are asked for."""
    known = VARIANTS[config.recipe](network)
    found = {
        name: one
        for name, one in known.items()
        if not config.only or name.startswith(tuple(config.only))
    }
    if not found:
        raise InputError(
            f"`only` is {', '.join(config.only)}; expected how one of these begins: "
            f"{', '.join(known)}"
        )
    return found


def run(config: Config, work: Path) -> Result:
    """Survey the photographs with every variant.

    Args:
      config: what is varied.
      work: the folder of the survey's files; what is in it is not done again.
    """
    network, examples = config.loaded(), config.opened()
    names = list(chosen(config, network))
    records = surveyed(
        config,
        names,
        work,
        known=lambda network: chosen(config, network),
        network=network,
        examples=examples,
    )
    require(config, records, "iou", "boxes")
    lines = [
        {
            "variant": name,
            **{f"error, {h}": _mean(wrong(records[part], name)) for h, part in HALVES.items()},
            "error 0.3": _mean(wrong(records, name, threshold=0.3)),
            "error 0.7": _mean(wrong(records, name, threshold=0.7)),
            "IoU": _mean(figures(records, name, "iou")),
        }
        for name in names
    ]
    rows = [
        [
            name,
            *(share(wrong(records[part], name), config.seed) for part in HALVES.values()),
            f"{line['error 0.3']:.1%}",
            f"{line['error 0.7']:.1%}",
            mean(figures(records, name, "iou"), config.seed),
        ]
        for name, line in zip(names, lines, strict=True)
    ]
    header = ["variant", *(f"GT-known error, {half}" for half in HALVES), "IoU 0.3", "IoU 0.7"]
    title = f"{len(records)} photographs of {config.dataset}."
    summary = {f"error {line['variant']}": line["error, all"] for line in lines}
    return Result(
        [*lines, {"summary": True, "photographs": len(records), **summary}],
        arrays={"iou": np.stack([figures(records, name, "iou") for name in names])},
        tables={"variants": f"{title}\n\n{table([*header, 'mean IoU'], rows)}"},
        inputs=inputs_of(network, examples),
    )


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
