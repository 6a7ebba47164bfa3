"""What an image classifier has learnt and what it looked at.

The methods of Simonyan, Vedaldi & Zisserman, *Deep Inside Convolutional Networks* (2013), as pure
functions of one type, a score function from an image to unnormalised scores:

    import vizjax
    network = vizjax.load("squeezenet1_1")
    image = network.prepare(vizjax.read_photo("cat.jpg"))
    saliency_map = vizjax.saliency(network, image, network.labels.index("tabby"))
"""

from vizjax import attribution, rules
from vizjax.ascent import (
    NATURAL,
    PAPER,
    Direction,
    Recipe,
    ascend,
    class_models,
    feature_visualisation,
)
from vizjax.attribution import METHODS, bind, gradient, multicrop, saliency
from vizjax.data.images import read_photo
from vizjax.errors import InputError
from vizjax.layered import Composed
from vizjax.models import ConvNet, Network, Preprocessing, load
from vizjax.rules import RULES, rectifier
from vizjax.types import Box, Image, Label, SaliencyMap, ScoreFn, Scores

__version__ = "0.1.0"
