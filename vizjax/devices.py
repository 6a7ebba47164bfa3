"""Several devices share a batch, and several processes a dataset.

The devices of one process each take an equal part of a batch's rows (`jax.sharding`), and each runs
on its part the program that a device alone would run: what lies in rows is divided, all else is on
every device. Where there is one device, nothing here is called.

The processes of `jax.distributed`, on one machine or many, each take a stretch of what there is to
do, work through it as if they were alone, and put the parts together in the order of their numbers.
"""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.core import Tracer
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from vizjax.errors import InputError

ROWS = "rows"
"""The axis of a mesh along which the rows of a batch are divided."""

IN_ROWS = P(ROWS)
"""How an array lies of which each device has its own rows; what all have is `P()`."""

ENVIRONMENT = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")
"""What `jax.distributed.initialize` has to know where no cluster's manager tells it."""


def mesh(*, most: int | None = None) -> Mesh | None:
    """The devices of this process, `most` at most; None where one does all the work.

    Who names a device (`with jax.default_device(…)`) gets that one alone.
    """
    named: Any = getattr(jax.config, "jax_default_device")  # noqa: B009
    if not isinstance(named, str | None):
        return None
    devices = jax.local_devices(backend=named)[:most]
    return Mesh(np.array(devices), (ROWS,)) if len(devices) > 1 else None


def mesh_of(tree: Any) -> Mesh | None:
    """The mesh on which the arrays of a tree lie in rows, if they do."""
    for leaf in jax.tree.leaves(tree):
        sharding = getattr(leaf, "sharding", None)  # what is traced has none
        if isinstance(sharding, NamedSharding) and isinstance(sharding.mesh, Mesh):
            return sharding.mesh if ROWS in sharding.spec else None
    return None


def traced(tree: Any) -> bool:
    """Whether a tree is of a function that JAX is tracing: its caller chooses the devices."""
    return any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(tree))


def replicated(tree: Any, mesh: Mesh) -> Any:
    """Every array of a tree on every device, but for what is there already, in rows or whole."""

    def place(leaf):
        sharding = getattr(leaf, "sharding", None)
        if isinstance(sharding, NamedSharding) and sharding.mesh == mesh:
            return leaf
        return jax.device_put(leaf, NamedSharding(mesh, P()))

    return jax.tree.map(place, tree)


def in_rows(tree: Any, mesh: Mesh) -> Any:
    """Arrays divided along their first axis, which is filled up with the last row.

    Args:
      tree: of arrays with one length, at least 1.
      mesh: of the devices; each gets as many rows as any other.
    """

    def place(rows):
        length = -(-len(rows) // mesh.size) * mesh.size
        if length > len(rows):
            rows = rows[np.minimum(np.arange(length), len(rows) - 1)]
        return jax.device_put(rows, NamedSharding(mesh, IN_ROWS))

    return jax.tree.map(place, tree)


def specs_of(tree: Any) -> Any:
    """How each array of a tree lies on its mesh."""
    return jax.tree.map(lambda leaf: leaf.sharding.spec, tree)


def on_each(
    function: Callable, *args: Any, mesh: Mesh, static: tuple = (), out: Any = IN_ROWS
) -> Any:
    """`function(*args, *static)` on each device, of its own rows.

    Args:
      function: of a module, so that it compiles once.
      args: pytrees of arrays; what does not lie in rows is replicated.
      mesh: of the devices.
      static: the last arguments, hashable.
      out: how the results lie; one for all of them, or a tree.
    """
    placed = replicated(args, mesh)
    return _on_each(function, static, mesh, tuple(jax.tree.leaves(specs_of(placed))), out, *placed)


@functools.partial(jax.jit, static_argnums=(0, 1, 2, 3, 4))
def _on_each(function, static, mesh, specs, out, *args):
    return jax.shard_map(
        lambda *args: function(*args, *static),
        mesh=mesh,
        in_specs=jax.tree.unflatten(jax.tree.structure(args), specs),
        out_specs=out,
        check_vma=False,  # it knows no rules of gradients with a backward pass of their own
    )(*args)


def rows_of(tree: Any, count: int, *, axis: int = 0) -> Any:
    """The first `count` rows, along an axis, of arrays that several devices have, on one."""
    keep = (slice(None),) * axis + (slice(count),)
    return jax.tree.map(lambda x: jax.numpy.asarray(np.asarray(x)[keep]), tree)


@dataclass(frozen=True)
class Processes:
    """One of the processes that share work.

    Attributes:
      number: which of them this one is, from 0.
      count: how many there are.
    """

    number: int = 0
    count: int = 1

    def stretch(self, length: int, *, step: int = 1) -> range:
        """The part of `range(length)` that is this process's, of about the same length as any.

        Args:
          length: how much there is.
          step: every part begins at a multiple of it, so that chunks hold what they would hold if
            there were one process.

        >>> [list(Processes(number, 3).stretch(7, step=2)) for number in range(3)]
        [[0, 1], [2, 3], [4, 5, 6]]
        """
        steps = -(-length // step)
        ends = (steps * n // self.count * step for n in (self.number, self.number + 1))
        return range(*(min(end, length) for end in ends))

    def gathered(
        self, work: Callable[[], Mapping[str, np.ndarray]]
    ) -> list[Mapping[str, np.ndarray]]:
        """What every process has found, in the order of their numbers; the same on each.

        All have to call it. What one may raise is raised by all, so that none waits for another
        in vain.

        Args:
          work: makes this process's part: arrays by name, of any shapes.

        Raises:
          InputError: that of the first process whose `work` raises one.
        """
        if self.count == 1:
            return [work()]
        from safetensors.numpy import load, save

        error = None
        try:
            content = save({name: np.asarray(one, order="C") for name, one in work().items()})
        except InputError as raised:
            error, content = raised, str(raised).encode(errors="replace")
        found = _exchanged(content, error is not None)
        if error is not None:
            raise error
        for number, (one, failed) in enumerate(found):
            if failed:
                raise InputError(f"process {number} stopped: {one.decode()}")
        return [load(one) for one, _ in found]


def _exchanged(content: bytes, failed: bool) -> list[tuple[bytes, bool]]:
    """What every process sends, in the order of their numbers: arrays of one length travel."""
    from jax.experimental.multihost_utils import process_allgather

    try:
        heads = process_allgather(np.array([len(content), failed], np.int32))
        padded = np.frombuffer(content.ljust(max(heads[:, 0])), np.uint8)
        rows = process_allgather(padded)
    except jax.errors.JaxRuntimeError as error:
        raise InputError(
            f"`distributed`: another process does not answer ({error}); expected all to get here; "
            "what is done is kept: start all of them again with the same commands"
        ) from error
    sent = zip(rows, heads, strict=True)
    return [(row[:length].tobytes(), bool(failed)) for row, (length, failed) in sent]


ALONE = Processes()


@contextlib.contextmanager
def connected(distributed: bool = True) -> Iterator[Processes]:
    """Joins the processes of `jax.distributed`, and leaves when all are done.

    Call it before the first computation. Where and how many they are JAX asks of Slurm, Open MPI,
    Kubernetes or a TPU's runtime; elsewhere the environment says it (`ENVIRONMENT`).

    Args:
      distributed: False for a process that is alone.

    Yields:
      Which of them this one is.

    Raises:
      InputError: nothing says where the others are, or they cannot be reached.
    """
    if not distributed:
        yield ALONE
        return
    address, count, number = (os.environ.get(name) for name in ENVIRONMENT)
    for name, value in zip(ENVIRONMENT, (None, count, number), strict=True):
        if not (value or "0").isdecimal():
            raise InputError(f"`{name}` is {value}; expected a number")
    if count and number and int(number) >= int(count):
        _, many, which = ENVIRONMENT
        raise InputError(f"`{which}` is {number} with `{many}` {count}; expected one below, from 0")
    try:
        jax.distributed.initialize(
            address or None, int(count) if count else None, int(number) if number else None
        )
        processes = Processes(jax.process_index(), jax.process_count())
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"`distributed`: the other processes cannot be joined ({error}); expected Slurm, Open "
            f"MPI or Kubernetes, or in the environment {', '.join(ENVIRONMENT)}: of the first "
            "process host:port, how many there are, and which this one is, from 0"
        ) from error
    try:
        yield processes
    except InputError:
        jax.distributed.shutdown()
        raise
    jax.distributed.shutdown()
