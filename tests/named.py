"""The tiny network with names for its classes, as the experiments on classes ask for them."""

import dataclasses

import tiny

from vizjax.models import Labels

NAMES = ("lemon", "dalmatian", "ostrich", "kit fox", "goose", "cup", "zebra")


def network(seed=0):
    """On 16×12 pixels, to seven classes."""
    labels = Labels(names=tuple((name,) for name in NAMES))
    return dataclasses.replace(tiny.network(seed), labels=labels)
