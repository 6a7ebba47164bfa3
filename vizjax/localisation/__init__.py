"""Weakly supervised localisation: from a saliency map to a mask and a box (1312.6034, §3.2)."""

from vizjax.localisation.colour_models import (
    Mixture,
    fit_mixture,
    fit_mixtures,
    fitted_log_density,
    log_density,
)
from vizjax.localisation.graphcut import Edges, contrast_edges, cut, graph_cut
from vizjax.localisation.k_means import k_means_plus_plus
from vizjax.localisation.pipeline import (
    CAPTION,
    Localisation,
    compile_ahead,
    localise,
    localise_classes,
)
from vizjax.localisation.regions import bounding_box, largest_component
from vizjax.localisation.seeding import Seeds, pad, seeds
from vizjax.localisation.soft_seeds import SoftSeeds
from vizjax.localisation.thresholding import above_share, middle_box
