"""What the network looked at: maps of an image, as pure functions of a `ScoreFn`."""

from vizjax.attribution.gradients import gradient, saliency
from vizjax.attribution.transforms import multicrop
