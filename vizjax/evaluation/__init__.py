"""Maps, masks and boxes held against the truth, and against what the network does."""

from vizjax.evaluation.bootstrap import (
    Comparison,
    Interval,
    bootstrap_interval,
    paired_comparison,
)
from vizjax.evaluation.faithfulness import FaithfulnessCurve, deletion, insertion, smeared
from vizjax.evaluation.localisation_error import (
    centred_box,
    full_box,
    gt_known_error,
    iou,
    is_localised,
)
from vizjax.evaluation.masks import (
    BestThreshold,
    PrecisionRecall,
    average_precision,
    best_threshold,
    box_mask,
    mask_iou,
    pixel_accuracy,
    precision_recall_curve,
)
from vizjax.evaluation.noise import (
    SignalToNoise,
    box_agreement,
    mask_agreement,
    signal_to_noise,
)
from vizjax.evaluation.pointing import (
    PointingAccuracy,
    energy_inside,
    pointing_accuracy,
    pointing_hit,
)
from vizjax.evaluation.robustness import (
    Infidelity,
    Perturbation,
    gaussian,
    infidelity,
    sensitivity_max,
)
from vizjax.evaluation.sanity import (
    Randomised,
    cascading,
    independent,
    permuted,
    randomisation_test,
)
from vizjax.evaluation.similarity import (
    Similarity,
    rank_correlation,
    similarity,
    structural_similarity,
)
from vizjax.evaluation.topk_localisation import LocalisationErrors, localisation_errors
