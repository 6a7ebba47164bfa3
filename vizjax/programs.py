"""How compiled functions are run, and programs on disk that need not be traced again.

JAX's compilation cache keeps what XLA has made of a program, but the program itself is traced and
lowered in every process: of a network, that takes longer than its maps. `Kept` keeps the lowered
program (StableHLO, by `jax.export`) beside it. A command that starts anew for every photograph
gains by it; in a notebook JAX's own memory does the same.
"""

import functools
import hashlib
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from vizjax.data.files import atomic_write
from vizjax.errors import InputError

PACKAGE = Path(__file__).parent
DIGEST = hashlib.sha256().digest_size
"""How many bytes of a file come before the program, to tell whether it is whole."""


@dataclass(frozen=True)
class Live:
    """Runs a compiled function as JAX does: traced once a process."""

    def __call__(self, function: Any, *args: Any, static: tuple = ()) -> Any:
        """`function(*args, *static)`.

        Args:
          function: of `jax.jit`, of the package, its last arguments static.
          args: pytrees of arrays.
          static: the static arguments: numbers, strings and what prints all that it holds.
        """
        return function(*args, *static)

    def shape(self, function: Any, *args: Any, static: tuple = ()) -> Any:
        """The shapes of the result, as `jax.eval_shape` has them."""
        return function.eval_shape(*args, *static)


LIVE = Live()


@dataclass(frozen=True)
class Kept(Live):
    """Runs programs from a folder, and leaves there those that it had to trace.

    A program is found again only by the same function, structure and shapes of the arguments,
    static arguments, files of the package, versions of what traces it, and settings of JAX. The
    structure counts as it prints itself; what it keeps silent about, such as which of several
    functions of one name a network calls, `identity` has to name. A folder that cannot be used is
    no failure.

    Attributes:
      folder: where programs lie; nobody else may write there, for they are executed.
      identity: names what is static in the arguments, such as a shipped network and its rule.
    """

    folder: Path
    identity: str

    def __call__(self, function: Any, *args: Any, static: tuple = ()) -> Any:
        """`function(*args, *static)`, traced once a folder; a result of NamedTuples is not kept."""
        return self._program(function, args, static)[0](*jax.tree.leaves(args))

    def shape(self, function: Any, *args: Any, static: tuple = ()) -> Any:
        """The shapes of the result."""
        return self._program(function, args, static)[1]

    def _program(self, function: Any, args: tuple, static: tuple) -> tuple[Callable, Any]:
        leaves, tree = jax.tree.flatten(args)
        shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
        return _program(self.folder, self.identity, function, static, tree, shapes)


@functools.lru_cache(256)
def _program(
    folder: Path, identity: str, function: Any, static: tuple, tree: Any, shapes: tuple
) -> tuple[Callable, Any]:
    """A program of flat arguments, and the shapes of its result."""
    name = f"{function.__module__}.{function.__qualname__}"
    what = repr((identity, name, static, tree, shapes, _surroundings()))
    path = folder / f"{hashlib.sha256(what.encode()).hexdigest()}.stablehlo"
    exported = _read(path)
    if exported is None:

        def flat(*leaves):
            return function(*jax.tree.unflatten(tree, leaves), *static)

        arguments = [jax.ShapeDtypeStruct(*one) for one in shapes]
        exported = jax.export.export(jax.jit(flat))(*arguments)
        _write(path, exported)
    return jax.jit(exported.call), jax.tree.unflatten(exported.out_tree, exported.out_avals)


def _read(path: Path) -> jax.export.Exported | None:
    """What `_write` left, if it is whole: of some that is not, JAX would end the process."""
    try:
        content = path.read_bytes()
        digest, program = content[:DIGEST], content[DIGEST:]
        if hashlib.sha256(program).digest() != digest:
            return None
        return jax.export.deserialize(bytearray(program))
    except Exception:  # there is none, or another JAX wrote it: the reader has no error of its own
        return None


def _write(path: Path, exported: jax.export.Exported) -> None:
    try:
        program = exported.serialize()
        with atomic_write(path) as file:
            file.write(hashlib.sha256(program).digest() + program)
    except (InputError, ValueError):  # a full disk, a NamedTuple: it is traced again next time
        return


@functools.cache
def _surroundings() -> str:
    """What else a program depends on: the package's files, versions, JAX's settings and devices."""
    stats = [(str(path), path.stat()) for path in sorted(PACKAGE.rglob("*.py"))]
    files = [(path, status.st_size, status.st_mtime_ns) for path, status in stats]
    versions = [importlib.metadata.version(package) for package in ("jax", "jaxlib", "flax")]
    settings = sorted((name, repr(value)) for name, value in jax.config.values.items())
    return repr((files, versions, settings, jax.default_backend(), jax.device_count()))
