"""A dataset of five drawn photographs and procedures for them, importable by worker processes."""

import functools
import os
import signal
from typing import NoReturn

import numpy as np

from vizjax.data.examples import Dataset, Example, Instance
from vizjax.errors import InputError
from vizjax.evidence import Averaged, Middle
from vizjax.localisation import SoftSeeds, above_share, middle_box
from vizjax.procedures import Procedure
from vizjax.types import Box

CLASSES = ("ball", "brick", "cloud")
COUNTERPARTS = ((0, 3), (2,), ())
"""Of ImageNet's classes two are a ball, one is a brick, and none a cloud."""

SIZES = ((24, 36), (40, 22), (30, 30), (26, 50), (33, 21))
BOXES = tuple(Box(width // 4, 5, width // 2, 17) for _, width in SIZES)
SHOWN = ((0,), (0, 1), (2,), (1,), (0,))
"""The classes of each photograph: the second has two, the third one that no network knows."""


def example(number, *, damaged=(), uncertain=(), masked=True):
    """The photograph of that number: noise, a box of another colour in it, and the truth."""
    if number in damaged:
        raise InputError(f"`{number}.jpg` cannot be read: it is damaged")
    (height, width), box = SIZES[number], BOXES[number]
    photo = np.random.default_rng(number).integers(0, 120, (height, width, 3), np.uint8)
    mask = np.zeros((height, width), bool)
    mask[box.y0 : box.y1, box.x0 : box.x1] = True
    photo[mask] += np.array([130, 20, 0], np.uint8)
    instances = tuple(Instance(label, box) for label in SHOWN[number])
    return Example(
        f"{number}.jpg",
        photo,
        SHOWN[number],
        instances,
        mask if masked else None,
        number not in uncertain,
    )


def dataset(**options):
    """The five photographs; of the options see `example`."""
    read = functools.partial(example, **options)
    return Dataset("drawn", CLASSES, COUNTERPARTS, read, range(len(SIZES)))


def die(key, canvas, saliency_map) -> NoReturn:
    """A segmentation that its process does not survive, as if memory had run out."""
    os._exit(9)


def killed(key, canvas, saliency_map) -> NoReturn:
    """A segmentation in which everything is killed."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


PROCEDURES = {
    "share": Procedure("", Averaged(views=1, chunk=2), functools.partial(above_share, share=0.3)),
    "cut": Procedure("", Averaged(views=1, chunk=2), SoftSeeds(components=1, rounds=1)),
    "middle": Procedure("", Middle(), middle_box),
    "die": Procedure("", Middle(), die),
    "killed": Procedure("", Middle(), killed),
}
