"""Weights from a TensorFlow.js model: a manifest in JSON, and binary shards beside it.

Each group of the manifest lists its files, whose bytes follow one another, and its arrays in the
order in which they lie there.
"""

import itertools
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from vizjax.errors import InputError


def read(model: bytes, shard: Callable[[str], bytes]) -> dict[str, np.ndarray]:
    """The arrays of a model by name, `conv1/kernel`.

    Args:
      model: the bytes of `model.json`.
      shard: from a file's name, as the manifest has it, to its bytes.

    Returns:
      Float32 arrays, kernels as height, width, input, output.

    Raises:
      InputError: the manifest is none, an array is not float32, or the shards are shorter or
        longer than the arrays.
    """
    try:
        groups = [
            (group["paths"], [_array(weight) for weight in group["weights"]])
            for group in json.loads(model)["weightsManifest"]
        ]
    except InputError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "it has no `weightsManifest` that can be read; expected the `model.json` of a "
            "TensorFlow.js model"
        ) from error
    arrays: dict[str, np.ndarray] = {}
    for paths, weights in groups:
        content = np.frombuffer(b"".join(map(shard, paths)), np.uint8)
        ends = list(itertools.accumulate(4 * math.prod(shape) for _, shape in weights))
        if content.size != (ends or [0])[-1]:
            raise InputError(
                f"its shards hold {content.size} bytes; expected {(ends or [0])[-1]}, for the "
                f"{len(weights)} arrays that are listed"
            )
        for (name, shape), part in zip(weights, np.split(content, ends[:-1]), strict=False):
            arrays[name] = part.view("<f4").reshape(shape)
    return arrays


def _array(weight: dict[str, Any]) -> tuple[str, tuple[int, ...]]:
    """Name and shape of an array of the manifest."""
    name, shape, dtype = str(weight["name"]), tuple(map(int, weight["shape"])), weight["dtype"]
    if dtype != "float32" or "quantization" in weight:
        raise InputError(f"its `{name}` is quantised, or {dtype}; expected plain float32")
    return name, shape
