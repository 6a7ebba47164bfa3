"""Networks by name."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from flax.traverse_util import unflatten_dict
from safetensors.numpy import load as load_safetensors

from vizjax.errors import unknown
from vizjax.models import matconvnet
from vizjax.models.labels import imagenet
from vizjax.models.network import Network
from vizjax.models.preprocessing import Preprocessing
from vizjax.models.squeezenet import SqueezeNet


def squeezenet1_1() -> Network:
    """SqueezeNet v1.1 trained on ImageNet, from the weights that ship with vizjax.

    Input: 227×227 cut out of a short side of 256; BGR in 0-255 minus (104, 117, 123).
    """
    file = resources.files("vizjax.models").joinpath("weights/squeezenet1_1.safetensors")
    flat = load_safetensors(file.read_bytes())
    params = unflatten_dict({name: jnp.asarray(array) for name, array in flat.items()}, sep="/")
    preprocessing = Preprocessing(
        mean=np.array([123.0, 117.0, 104.0], np.float32),
        size=(227, 227),
        short_side=256,
        channels="bgr",
    )
    return Network(
        SqueezeNet(), {"params": params}, preprocessing, imagenet(), name="squeezenet1_1"
    )


NETWORKS: dict[str, Callable[[], Network]] = {"squeezenet1_1": squeezenet1_1}
"""The networks that `load` knows by name."""


def load(name: str) -> Network:
    """The network called `name`, or the one in a MatConvNet file.

    Args:
      name: a name of `NETWORKS`, or the path of a `.mat` file such as `imagenet-vgg-f.mat`.

    Returns:
      The network with its parameters, preprocessing and labels.

    Raises:
      InputError: an unknown name, or a file that is not a network's.

    >>> load("squeezenet1_1").labels.name(285)
    'Egyptian cat'
    """
    if name in NETWORKS:
        return NETWORKS[name]()
    if Path(name).suffix == ".mat":
        return matconvnet.load(name)
    raise unknown("network", name, list(NETWORKS), "or the path of a MatConvNet `.mat` file")
