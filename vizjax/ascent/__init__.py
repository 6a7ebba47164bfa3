"""Images made by gradient ascent: what a class, a channel or a neuron looks like."""

from vizjax.ascent.class_models import NATURAL, PAPER, ClassModels, Recipe, class_models
from vizjax.ascent.loop import Ascent, ascend
from vizjax.ascent.parameterisations import Fourier, Pixels
from vizjax.ascent.transforms import Blur, Compose, Jitter, ScaleRotate
