"""Networks as the command line names them."""

from typing import Annotated, TypeAlias

import tyro

from vizjax.cli.console import say
from vizjax.cli.startup import programs_folder
from vizjax.errors import InputError
from vizjax.maps import shape_of_scores
from vizjax.models.network import Network
from vizjax.models.zoo import NETWORKS, load
from vizjax.programs import LIVE, Kept, Live

NetworkName: TypeAlias = Annotated[
    str,
    tyro.conf.arg(
        help=f"{', '.join(NETWORKS)}, or the path of a MatConvNet file such as imagenet-vgg-f.mat, "
        "or of a network that vizjax trained: a .safetensors file or the training's folder."
    ),
]
"""The option `--network`, with its help."""


def classifier(name: str, *, run: Live = LIVE) -> Network:
    """The network called `name`, fetched if need be, if it ends in scores of classes.

    Args:
      name: as the option names it.
      run: how compiled functions are run, such as `programs_of(name)`.

    Raises:
      InputError: as of `vizjax.load`, or it ends in a plane of activations.
    """
    network = load(name, progress=say)
    shape = shape_of_scores(network, run=run)
    if len(shape) != 1:
        raise InputError(
            f"`--network` is {name}, which ends in {' × '.join(map(str, shape))} activations; "
            "expected a network with one score a class: its layers can be searched, or explained "
            "in Python with `network.layer(name)`"
        )
    return network


def programs_of(name: str, rule: str = "gradient") -> Live:
    """What runs the programs of a network: kept ones, where its name says all of its structure."""
    folder = programs_folder() if name in NETWORKS else None
    return Kept(folder, f"{name} {rule}") if folder else LIVE
