"""The measures of `experiments.noise`: what a variant did to one photograph, and to all."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from experiments.noise_maps import Draws, Variant, named
from vizjax.evaluation import (
    Interval,
    bootstrap_interval,
    box_agreement,
    iou,
    mask_agreement,
    signal_to_noise,
)
from vizjax.localisation import Localisation
from vizjax.runs import table
from vizjax.types import Box

MEASURES = {
    "snr_signed": "SNR signed",
    "snr_map": "SNR of map",
    "seeds": "seeds",
    "masks": "masks",
    "boxes": "boxes",
    "truth": "IoU with truth",
}


class Finding(NamedTuple):
    """What one variant did to one photograph.

    Attributes:
      photo: the photograph's name.
      variant: how the maps were made.
      snr_signed: the signal-to-noise ratio of the signed gradient over the draws; None of one draw.
      snr_map: of the saliency maps.
      seeds: the mean IoU of the foreground seeds of two draws.
      masks: of the masks.
      boxes: of the boxes.
      truth: the mean IoU of a draw's box with the nearest true one; 0 without a box.
    """

    photo: str
    variant: Variant
    snr_signed: float | None
    snr_map: float | None
    seeds: float | None
    masks: float | None
    boxes: float | None
    truth: float


class Row(NamedTuple):
    """Means over the photographs, each with its 95 % interval; else as `Finding`."""

    variant: Variant
    snr_signed: Interval | None
    snr_map: Interval | None
    seeds: Interval | None
    masks: Interval | None
    boxes: Interval | None
    truth: Interval


def compared(draws: Draws, places: Sequence[Localisation], boxes: Sequence[Box]) -> dict[str, Any]:
    """The measures of one variant on one photograph, those of `MEASURES`."""
    found = [place.box for place in places]
    truth = [float(iou(box, boxes).max()) if box is not None and boxes else 0.0 for box in found]
    measured = dict.fromkeys(MEASURES) | {"truth": float(np.mean(truth))}
    if len(places) == 1:
        return measured
    count, height, _ = draws.maps.shape
    return measured | {
        "snr_signed": signal_to_noise(draws.signed.reshape(count, height, -1)).ratio,
        "snr_map": signal_to_noise(draws.maps).ratio,
        "seeds": mask_agreement(np.stack([place.seeds.foreground for place in places])),
        "masks": mask_agreement(np.stack([place.mask for place in places])),
        "boxes": box_agreement(found),
    }


def means(findings: Sequence[Finding], *, seed: int) -> list[Row]:
    """The means over the photographs with their intervals, one row a variant.

    Args:
      findings: of all variants on all photographs.
      seed: of the bootstrap.
    """
    rows = []
    for variant in dict.fromkeys(found.variant for found in findings):
        ours = [found for found in findings if found.variant == variant]
        intervals = []
        for measure in MEASURES:
            values = [getattr(found, measure) for found in ours]
            intervals.append(
                None
                if None in values
                else bootstrap_interval(np.array(values, np.float64), seed=seed)
            )
        rows.append(Row(variant, *intervals))
    return rows


def summary(rows: Sequence[Row]) -> str:
    """The rows as a table; a column that needs several draws is empty without noise."""
    lines = [
        [named(row.variant)]
        + ["" if (cell := getattr(row, m)) is None else f"{cell.value:.2f}" for m in MEASURES]
        + [f"{row.truth.low:.2f} – {row.truth.high:.2f}"]
        for row in rows
    ]
    return table(["map", *MEASURES.values(), "95 % interval"], lines)
