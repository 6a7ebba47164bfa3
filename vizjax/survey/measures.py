"""The figures of one case: what its map, mask and box have to do with the truth."""

from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from vizjax.data.images import resize, resize_mask
from vizjax.evaluation import (
    box_mask,
    energy_inside,
    iou,
    mask_iou,
    pixel_accuracy,
    pointing_hit,
    precision_recall_curve,
)
from vizjax.localisation import bounding_box
from vizjax.procedures import Segment
from vizjax.survey.cases import Case

RECALLS = tuple(round(0.05 * n, 2) for n in range(1, 21))
"""Where the precision-recall curve of a map is noted."""

DIGITS = 6
"""Of a figure in a file: what is beyond is rounding of float32."""


class Work(NamedTuple):
    """What is left to do for a case when the device is done with it; any process can.

    Attributes:
      case: the truth.
      canvas: the photograph at the maps' size.
      maps: each procedure's, by its name.
      segments: likewise, what makes a mask of the map.
      figures: what the device measured, by procedure.
      seed: of the segmentations.
    """

    case: Case
    canvas: Float[np.ndarray, "rows columns 3"]
    maps: dict[str, Float[np.ndarray, "rows columns"]]
    segments: dict[str, Segment]
    figures: dict[str, dict[str, float]]
    seed: int


def measured(work: Work) -> dict[str, Any]:
    """Segment a case's maps and hold them against the truth.

    Returns:
      What goes into the result's line: `name`, `label`, `target`, `rank`, and under `procedures`
      for each `box` (x0, y0, x1, y1 in the photograph's pixels, or None) and, as far as the truth
      allows, `iou` (with the nearest true box), `hit` (of the pointing game), `energy` (inside mask
      or boxes), `mask_iou`, `pixel_accuracy`, `average_precision` and `precision` (the largest at
      each of `RECALLS` or beyond). A true mask without a pixel that counts is no truth.
    """
    case, found = work.case, {}
    height, width = case.photo.shape[:2]
    counted = np.ones((height, width), bool) if case.ignored is None else ~case.ignored
    truth = None if case.mask is None else case.mask & counted
    truth = truth if truth is not None and truth.any() else None
    region = box_mask(case.boxes, height, width) if truth is None else truth
    for name, saliency_map in work.maps.items():
        place = work.segments[name](jax.random.key(work.seed), work.canvas, saliency_map)
        mask = resize_mask(place.mask, height, width)
        large = resize(np.ascontiguousarray(saliency_map, np.float32), height, width)
        box = bounding_box(mask)
        figures: dict[str, Any] = {"box": None if box is None else list(box)}
        if case.boxes:
            figures["iou"] = 0.0 if box is None else float(iou(box, case.boxes).max())
        if region.any():
            figures["hit"] = pointing_hit(large, region)
            figures["energy"] = energy_inside(large, region)
        if truth is not None:
            figures["mask_iou"] = mask_iou(mask & counted, truth)
            figures["pixel_accuracy"] = pixel_accuracy(mask[counted][None], truth[counted][None])
            curve = precision_recall_curve(large[counted], truth[counted])
            steps = -np.diff(curve.recall)
            figures["average_precision"] = float(steps @ curve.precision[:-1])
            figures["precision"] = [
                round(float(curve.precision[curve.recall >= recall].max()), DIGITS)
                for recall in RECALLS
            ]
        figures |= work.figures.get(name, {})
        found[name] = {k: round(v, DIGITS) if type(v) is float else v for k, v in figures.items()}
    head = {"name": case.name, "label": case.label, "target": case.target, "rank": case.rank}
    return head | {"procedures": found}
