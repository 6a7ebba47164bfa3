"""What lies in the folder of a training: what is trained, of what data, and the network."""

import dataclasses
import json
from pathlib import Path

import jax
import numpy as np

from vizjax.data.files import atomic_write
from vizjax.errors import InputError
from vizjax.models.network import Network
from vizjax.models.preprocessing import Preprocessing
from vizjax.training.config import Resolved
from vizjax.training.data import Data, Pictures
from vizjax.training.statistics import LOOKED_AT, Statistics, looked_at, statistics
from vizjax.training.step import State


def claim(folder: Path, data: Data, config: Resolved) -> None:
    """Write into a new folder what is trained in it; refuse one of another training.

    Args:
      folder: the training's.
      data: its dataset.
      config: all else that the result depends on.

    Raises:
      InputError: the folder is another training's, or cannot be written.
    """
    path = folder / "config.json"
    ours = {"data": data.name, **dataclasses.asdict(config)}
    wanted = json.loads(json.dumps(ours))
    if not path.exists():
        if jax.process_index() == 0:
            with atomic_write(path) as file:
                file.write((json.dumps(ours, indent=2) + "\n").encode())
        return
    there = json.loads(path.read_text("utf-8"))
    if there != wanted:
        differing = [name for name in wanted if there.get(name) != wanted[name]]
        told = ", ".join(f"{n} {there.get(n)} there, {wanted[n]} now" for n in differing)
        raise InputError(
            f"`out` is {folder}, which holds another training: {told}; expected the same, to go on "
            "with it, or another folder"
        )


def known_statistics(folder: Path, data: Data, kept: Pictures | None) -> Statistics:
    """The statistics of the training set, computed once.

    Args:
      folder: the training's, where they are kept.
      data: its dataset.
      kept: the whole training set, if it is in memory.
    """
    path = folder / "statistics.npz"
    if path.exists():
        with np.load(path) as file:
            return Statistics(*(file[name] for name in Statistics._fields))
    if kept is not None and len(data.train) <= LOOKED_AT:
        known = statistics(kept.image)
    else:
        known = statistics(looked_at(data.train))
    if jax.process_index() == 0:
        with atomic_write(path) as file:
            np.savez(file, allow_pickle=False, **known._asdict())
    return known


def trained(data: Data, config: Resolved, known: Statistics, state: State) -> Network:
    """A network of the parameters as they are.

    Args:
      data: names its classes.
      config: its geometry.
      known: of the training set.
      state: the training's.
    """
    corner = (config.side - config.size) // 2
    middle = slice(corner, corner + config.size)
    preprocessing = Preprocessing(
        np.asarray(known.mean[middle, middle]),
        np.asarray(known.scale),
        size=(config.size, config.size),
        short_side=config.side,
    )
    variables = {"params": jax.device_get(state.params)}
    name = f"ConvNet on {data.name.split(',')[0]}"
    module = config.module(len(data.labels))
    return Network(module, variables, preprocessing, data.labels, name=name)
