"""Networks published for MatConvNet: a `.mat` file of the SimpleNN format to a `Network`.

The net of the paper's kind that was published, `imagenet-vgg-f.mat` (Chatfield et al. 2014), is
one of them. The format is that of `vl_simplenn` (Vedaldi & Lenc 2015, arXiv 1412.4564) in all its
ages, read by field name and with its defaults: `classes` and `normalization` beside `layers` or
in `meta`, all of it in `net` or not, parameters as `weights` or as `filters` and `biases`.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vizjax.errors import InputError
from vizjax.models import matlab, simplenn
from vizjax.models.chain import Chain
from vizjax.models.labels import Labels
from vizjax.models.matlab import Struct, listed, times
from vizjax.models.network import Network
from vizjax.models.preprocessing import Preprocessing


def load(path: str | Path) -> Network:
    """The network in a MatConvNet file, with its mean image, input size and classes.

    An image is RGB in 0-255, as in MatConvNet. A photograph's short side is the input's size
    divided by `cropSize`, or plus `border`; its aspect is kept, whatever `keepAspect` says.
    Average pooling leaves padding out of the mean, as MatConvNet's does.

    Args:
      path: a MATLAB v5 file (`save -v7` or older) with a SimpleNN net, such as
        `imagenet-vgg-f.mat`.

    Returns:
      A network whose module is a `Chain` under the file's own layer names (a missing name is
      `layer3`, a second `conv1` is `conv1_2`), whose scores are unnormalised (a last softmax is
      left out) and whose labels are in the file's order.

    Raises:
      InputError: the file is missing or of another kind, has a layer that vizjax has not, or
        contradicts itself; the message names the layer.
    """
    path = Path(path)
    try:
        net = _net(matlab.variables(path))
        size = _size(net.normalization)
        chain, params, classes = simplenn.chain(net.layers, size)
        preprocessing = _preprocessing(net.normalization, size)
        labels = _labels(net.classes, classes)
    except InputError as error:
        raise InputError(f"`path` is {path}: {error}") from error
    return Network(chain, {"params": params}, preprocessing, labels, name=path.stem)


class _Net(NamedTuple):
    layers: list[Struct]
    normalization: Struct
    classes: Struct


def _net(variables: Mapping[str, Any]) -> _Net:
    """The parts of a net, wherever the age of the file puts them."""
    net = matlab.fields(variables.get("net")) or variables
    layers = net.get("layers")
    if layers is None:
        names = ", ".join(name for name in variables if not name.startswith("__"))
        raise InputError(f"it holds {names or 'nothing'}; expected `layers`, or `net` with them")
    if {"inputs", "outputs"} <= set(layers.dtype.names or ()):
        raise InputError("it is a DagNN net; expected a SimpleNN net, whose `layers` are a cell")
    if layers.dtype != object:
        raise InputError("its `layers` are no cell; expected a SimpleNN net")
    meta = {**net, **matlab.fields(net.get("meta"))}

    def part(name: str) -> Struct:
        return Struct(matlab.fields(meta.get(name)), f"its `{name}`")

    layers = list(_named(map(matlab.fields, layers.ravel())))
    return _Net(layers, part("normalization"), part("classes"))


def _named(layers: Iterable[Mapping[str, Any]]) -> Iterator[Struct]:
    """The layers with a `name` each, unlike any other's and any attribute's of the chain."""
    taken = {*dir(Chain), *Chain.__dataclass_fields__}
    for position, fields in enumerate(layers, start=1):
        wanted = matlab.text(fields.get("name")) or f"layer{position}"
        candidates = itertools.chain([wanted], (f"{wanted}_{n}" for n in itertools.count(2)))
        name = next(name for name in candidates if name not in taken)
        taken.add(name)
        yield Struct({**fields, "name": np.array(name)}, f"its layer {name}")


def _size(normalization: Struct) -> tuple[int, int]:
    """Height and width of the input in pixels."""
    size = normalization.array("imageSize").ravel().astype(int)
    if size.size < 2 or (size[2:3] != 3).any():
        raise normalization.error(f"has `imageSize` = {listed(size)}; expected [height width 3]")
    return int(size[0]), int(size[1])


def _preprocessing(normalization: Struct, size: tuple[int, int]) -> Preprocessing:
    mean = normalization.array("averageImage", 0.0)
    if mean.size in (1, 3):
        mean = mean.ravel()
    elif mean.shape != (*size, 3):
        raise normalization.error(
            f"has an `averageImage` of {times(mean.shape)}; expected {times(size)} × 3, or one "
            "number a channel"
        )
    sides = np.array(size)
    border = normalization.integers("border", 0, count=2, least=0)
    crop = normalization.array("cropSize", sides / (sides + border)).ravel()
    if crop.size > 2 or (crop <= 0).any() or (crop > 1).any():
        raise normalization.error(f"has `cropSize` = {listed(crop)}; expected 1 or 2 in (0, 1]")
    short_side = round(float((sides / crop).max()))
    return Preprocessing(np.asarray(mean, np.float32), size=size, short_side=short_side)


def _labels(classes: Struct, count: int) -> Labels:
    """The classes in the file's order: `name` is usually the wnid, `description` the names."""
    ids, descriptions = (
        matlab.strings(classes.fields.get(field, ())) for field in ("name", "description")
    )
    wnids = ids if all(re.fullmatch(r"n\d{8}", name) for name in ids) else ()
    names = descriptions or ids
    for found in (wnids, names):
        if found and len(found) != count:
            raise classes.error(f"name {len(found)} classes; expected {count}, one a score")
    return Labels(wnids, tuple(tuple(part.strip() for part in name.split(",")) for name in names))
