"""Networks as the command line names them."""

from typing import Annotated, TypeAlias

import tyro

from vizjax.cli.console import say
from vizjax.errors import InputError
from vizjax.maps import shape_of_scores
from vizjax.models.network import Network
from vizjax.models.zoo import NETWORKS, load

NetworkName: TypeAlias = Annotated[
    str,
    tyro.conf.arg(
        help=f"{', '.join(NETWORKS)}, or the path of a MatConvNet file such as imagenet-vgg-f.mat."
    ),
]
"""The option `--network`, with its help."""


def classifier(name: str) -> Network:
    """The network called `name`, fetched if need be, if it ends in scores of classes.

    Raises:
      InputError: as of `vizjax.load`, or it ends in a plane of activations.
    """
    network = load(name, progress=say)
    shape = shape_of_scores(network)
    if len(shape) != 1:
        raise InputError(
            f"`--network` is {name}, which ends in {' × '.join(map(str, shape))} activations; "
            "expected a network with one score a class: its layers can be searched, or explained "
            "in Python with `network.layer(name)`"
        )
    return network
