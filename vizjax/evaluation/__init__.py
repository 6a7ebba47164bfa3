"""Maps and boxes held against the truth."""

from vizjax.evaluation.localisation_error import (
    centred_box,
    full_box,
    gt_known_error,
    iou,
    is_localised,
)
