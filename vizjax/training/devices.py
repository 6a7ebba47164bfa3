"""One program on all devices of all hosts: batches are spread over them, parameters repeated."""

from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from vizjax.errors import InputError

AXIS = "batch"


def all_devices() -> Mesh:
    """The devices of all hosts, in a row."""
    return Mesh(np.array(jax.devices()), (AXIS,), axis_types=(AxisType.Auto,))


def spread(mesh: Mesh) -> NamedSharding:
    """The sharding of what has one row a picture."""
    return NamedSharding(mesh, PartitionSpec(AXIS))


def everywhere(mesh: Mesh) -> NamedSharding:
    """The sharding of what every device has whole."""
    return NamedSharding(mesh, PartitionSpec())


def put(tree: Any, sharding: NamedSharding) -> Any:
    """The arrays of this host as those of all hosts.

    Args:
      tree: rows of this host's pictures; or what every device gets whole, equal on all hosts.
      sharding: `spread` or `everywhere`.
    """
    return jax.tree.map(
        lambda leaf: jax.make_array_from_process_local_data(sharding, np.asarray(leaf)), tree
    )


def check_batch(batch: int, accumulate: int, mesh: Mesh) -> None:
    """Refuse a batch that cannot be divided evenly.

    Raises:
      InputError: the devices do not divide a part of the batch.
    """
    if (batch // accumulate) % mesh.size:
        parts = "" if accumulate == 1 else f" in {accumulate} parts"
        raise InputError(
            f"`batch` is {batch}{parts} on {mesh.size} devices; expected a multiple of "
            f"{mesh.size * accumulate}"
        )
