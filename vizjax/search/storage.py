"""A search on disk: one file, replaced whole, that knows what was searched."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialise

from vizjax.data.files import atomic_write
from vizjax.errors import InputError
from vizjax.search.stream import TopK
from vizjax.search.topk import Hits


def save(path: str | os.PathLike[str], found: TopK, *, searched: Mapping[str, Any]) -> None:
    """Writes what a search has found so far, whole or not at all; the same bytes each time.

    Args:
      path: a `.safetensors` file.
      found: after any chunk of `top_activations`.
      searched: what the search depends on, in terms of JSON: the names of network and layers, k,
        the dataset, and `digest` of what is too long to write down.

    Raises:
      InputError: the file cannot be written.
    """
    # One entry: the order of several would not be the same each time.
    description = {"searched": dict(searched), "layers": list(found.hits), "seen": found.seen}
    content = serialise(dict(arrays_of(found)), metadata={"search": json.dumps(description)})
    with atomic_write(path) as file:
        file.write(content)


def load(path: str | os.PathLike[str], *, searched: Mapping[str, Any]) -> TopK:
    """Reads what `save` wrote, to go on from there.

    Args:
      path: the file.
      searched: what the search to go on with depends on.

    Returns:
      What had been found, for the `state` of `top_activations`.

    Raises:
      InputError: the file is of a search of something else, or not one of a search.
    """
    path = Path(path)
    try:
        with safe_open(path, framework="numpy") as file:
            description = json.loads(file.metadata()["search"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            found = found_of(arrays, description["layers"], description["seen"])
        before = description["searched"]
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"`{path}` cannot be read as a search: {reason}; delete it to search anew"
        ) from error
    now = json.loads(json.dumps(dict(searched)))
    for name in [*now, *before]:
        if before.get(name) != now.get(name):
            raise InputError(
                f"`{path}` is of another search: its {name} is {before.get(name)}, not "
                f"{now.get(name)}; choose another file, or delete it to search anew"
            )
    return found


def arrays_of(found: TopK) -> dict[str, np.ndarray]:
    """The lists of a search, and what it passed over, as arrays by name."""
    hits = {
        f"{layer}/{name}": np.asarray(array)
        for layer, one in found.hits.items()
        for name, array in one._asdict().items()
    }
    return hits | {"skipped": np.array(found.skipped, np.int64)}


def found_of(arrays: Mapping[str, np.ndarray], layers: Sequence[str], seen: int) -> TopK:
    """The inverse of `arrays_of`, in the order of `layers`."""
    hits = {
        layer: Hits(*(jnp.asarray(arrays[f"{layer}/{name}"]) for name in Hits._fields))
        for layer in layers
    }
    return TopK(hits, seen, tuple(arrays["skipped"].tolist()))


def digest(tree: Any) -> str:
    """A fingerprint of arrays, numbers and texts: such as a network's parameters or file names.

    Args:
      tree: a pytree of them.

    Returns:
      The first 16 hexadecimal digits of the SHA-256 of all leaves, with their shapes and types.

    >>> digest(["a.png", 1]) == digest(["a.png", 1]) != digest(["a.png", 2])
    True
    """
    total = hashlib.sha256()
    for leaf in jax.tree.leaves(tree):
        array = np.asarray(leaf)
        total.update(f"{array.dtype} {array.shape} ".encode())
        total.update(array.tobytes())
    return total.hexdigest()[:16]
