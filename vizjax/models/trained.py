"""Networks that vizjax trained, each one file: parameters, preprocessing and class names.

The file is of safetensors: numbers under their paths (`params/conv1/kernel`), and one entry of text
that says which module they belong to. Nothing of it is run.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as save_safetensors

from vizjax.data.files import atomic_write
from vizjax.errors import InputError
from vizjax.models.convnet import ConvNet
from vizjax.models.labels import Labels, imagenet
from vizjax.models.network import Network
from vizjax.models.preprocessing import Preprocessing
from vizjax.models.pretrained import Pretrained

MODULES = {"ConvNet": ConvNet}
"""The modules that a file may name."""

FILE = "network.safetensors"
"""What the file is called in the folder of a training."""

_ENTRY = "vizjax"
_OF_PIXELS = ("mean", "scale")


def save_network(path: str | Path, network: Network) -> None:
    """Write a network as one file, whole or not at all.

    Args:
      path: the file, `….safetensors`.
      network: of a module of `MODULES` under the rule `gradient`.

    Raises:
      InputError: another module, or the file cannot be written.
    """
    module, preprocessing = network.module, network.preprocessing
    kind = type(module).__name__
    if MODULES.get(kind) is not type(module):
        raise InputError(f"`network` is a {kind}; expected one of: {', '.join(MODULES)}")
    description = {
        "name": network.name,
        "module": kind,
        "fields": {name: getattr(module, name) for name in _fields(type(module))},
        "size": preprocessing.size,
        "short_side": preprocessing.short_side,
        "channels": preprocessing.channels,
        "wnids": network.labels.wnids,
        "names": network.labels.names,
    }
    arrays = flatten_dict(network.variables, sep="/")
    arrays |= {f"preprocessing/{name}": getattr(preprocessing, name) for name in _OF_PIXELS}
    numbers = {name: np.asarray(value, np.float32, "C") for name, value in arrays.items()}
    content = save_safetensors(numbers, {_ENTRY: json.dumps(description)})
    with atomic_write(path) as file:
        file.write(content)


def load_network(path: str | Path) -> Network:
    """Read a network that `save_network` wrote.

    Args:
      path: the file, or a folder that holds one called `network.safetensors`.

    Returns:
      The network, with its preprocessing and labels.

    Raises:
      InputError: there is none, it is damaged, or it is another kind of file.
    """
    file = Path(path) / FILE if Path(path).is_dir() else Path(path)
    try:
        with safe_open(file, "numpy") as opened:
            text = (opened.metadata() or {})[_ENTRY]
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        description = json.loads(text)
        mean, scale = (arrays.pop(f"preprocessing/{name}") for name in _OF_PIXELS)
        return _network(description, mean, scale, arrays)
    except FileNotFoundError as error:
        raise InputError(
            f"`{file}` does not exist; expected a network that `vizjax train` wrote, or the folder "
            "of a training that has been evaluated once"
        ) from error
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        reason = f"no entry {error}" if isinstance(error, KeyError) else error
        raise InputError(
            f"`{file}` is no network: {reason}; expected a file that `vizjax train` wrote"
        ) from error


def _network(description: Any, mean: Any, scale: Any, arrays: dict[str, np.ndarray]) -> Network:
    module = MODULES[description["module"]](**description["fields"])
    preprocessing = Preprocessing(
        mean,
        scale,
        size=tuple(description["size"]),
        short_side=description["short_side"],
        channels=description["channels"],
    )
    wnids, names = tuple(description["wnids"]), tuple(map(tuple, description["names"]))
    known = imagenet()  # one object, for labels are compared by identity
    labels = known if wnids == known.wnids else Labels(wnids, names)
    published = Pretrained(module, preprocessing, None, (), labels)
    variables = unflatten_dict(jax.device_put(published.converted(arrays)), sep="/")
    return Network(module, variables, preprocessing, labels, name=description["name"])


def _fields(module: type) -> list[str]:
    """The fields that describe a module; its rectifier is the plain one."""
    inherited = {"parent", "name", "relu"}
    return [field.name for field in dataclasses.fields(module) if field.name not in inherited]
