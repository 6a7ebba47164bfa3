"""Images made by gradient ascent: what a class, a channel, a neuron or a direction looks like."""

from vizjax.ascent.class_models import ClassModels, class_models
from vizjax.ascent.feature_visualisation import Direction, Features, feature_visualisation
from vizjax.ascent.loop import Ascent, ascend
from vizjax.ascent.parameterisations import Fourier, Pixels
from vizjax.ascent.recipes import NATURAL, PAPER, Recipe
from vizjax.ascent.transforms import Blur, Compose, Jitter, ScaleRotate
