"""What an image classifier has learnt and what it looked at.

The methods of Simonyan, Vedaldi & Zisserman, *Deep Inside Convolutional Networks* (2013), as pure
functions of one type, a score function from an image to unnormalised scores:

    import vizjax
    network = vizjax.load("squeezenet1_1")
    image = network.prepare(vizjax.read_photo("cat.jpg"))
    saliency_map = vizjax.saliency(network, image, network.labels.index("tabby"))

Each name is imported when it is first used: the command line prepares its process before JAX is.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vizjax import ascent, attribution, cpu, data, models, ops, rules, training
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

_NAMES = {
    "ascent": "NATURAL PAPER Direction Recipe ascend class_models feature_visualisation",
    "attribution": "METHODS bind gradient multicrop saliency",
    "cpu": "",
    "data": "",
    "data.images": "read_photo",
    "errors": "InputError",
    "layered": "Composed",
    "models": "ConvNet Network Preprocessing load",
    "ops": "",
    "rules": "RULES rectifier",
    "training": "",
    "types": "Box Image Label SaliencyMap ScoreFn Scores",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return importlib.import_module(f"vizjax.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'vizjax' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"vizjax.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_NAMES})
