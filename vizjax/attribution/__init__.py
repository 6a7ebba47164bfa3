"""What the network looked at: maps of an image, as pure functions of a `ScoreFn`."""

from vizjax.attribution.cam import cam, grad_cam, grad_cam_plus_plus, layer_cam
from vizjax.attribution.entries import METHODS
from vizjax.attribution.expected_gradients import expected_gradients, expected_gradients_at
from vizjax.attribution.gradients import gradient, gradient_times_input, saliency
from vizjax.attribution.guided_grad_cam import guided_grad_cam
from vizjax.attribution.integrated_gradients import (
    completeness_error,
    integrated_gradients,
    integrated_gradients_and_error,
)
from vizjax.attribution.layer_saliency import layer_saliency
from vizjax.attribution.occlusion import occlusion, occlusion_probability
from vizjax.attribution.registry import Bound, bind
from vizjax.attribution.rise import rise
from vizjax.attribution.shapley import segment_shapley_values, shapley_values
from vizjax.attribution.smoothing import smooth, smooth_squared, variance
from vizjax.attribution.transforms import multicrop
