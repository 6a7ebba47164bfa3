"""Photographs for both libraries at once. Without torch and captum nothing here can be read."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from jax.tree_util import Partial
from peers.torch_squeezenet import to_torch, twin_of

from experiments.bench.peers.twins import Twin
from vizjax.data import demo_photos
from vizjax.data.images import canvas
from vizjax.models import Network

torch.set_num_threads(2)

PHOTOS = ("chelsea", "coffee", "rocket")
SIZE = (163, 202)
"""Height ≠ width, and two of the three max-poolings have to round up."""


class Case(NamedTuple):
    """One photograph, the class of its highest score, and the network in both libraries.

    Attributes:
      network: vizjax's.
      score_fn: the same, compiled once for all methods.
      image: `(height, width, 3)`, RGB in 0-255.
      label: the class.
      twin: PyTorch's network.
      batch: the image, `(1, 3, height, width)`, ready to be derived by.
      target: the class.
    """

    network: Network
    score_fn: Partial
    image: jax.Array
    label: jax.Array
    twin: Twin
    batch: torch.Tensor
    target: int


@jax.jit
def scores(network, image):
    return network(image)


@pytest.fixture(scope="module", params=PHOTOS)
def case(request, squeezenet):
    """All in float64, so that rounding decides nothing.

    The gradient jumps where a window's maximum moves or a rectifier's input changes sign. On a
    photograph a few of these decisions hang on the last bits of float32, which no two libraries
    round alike (test_captum_single.py shows it). Of the many points on the way of integrated
    gradients some always do: in float32 the maps differ by 1e-3 to 1e-2.
    """
    pixels = canvas(demo_photos()[request.param], SIZE[0])[:, : SIZE[1]].astype(np.float64)
    preprocessing = dataclasses.replace(squeezenet.preprocessing, size=None)
    with jax.enable_x64(True):
        network = dataclasses.replace(squeezenet, preprocessing=preprocessing)
        network = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), network)
        twin = twin_of(network).double()
        batch = to_torch(pixels).requires_grad_()
        target = int(twin(batch).argmax())
        image, label = jnp.asarray(pixels), jnp.asarray(target)
        yield Case(network, Partial(scores, network), image, label, twin, batch, target)
