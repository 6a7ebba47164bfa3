"""Checkpoints: the last and the best state of a training, kept by Orbax."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy as policies

from vizjax.errors import InputError
from vizjax.training.step import State


class Restored(NamedTuple):
    """A checkpoint.

    Attributes:
      state: the training's.
      record: what was written beside it.
    """

    state: State
    record: dict[str, Any]


class Checkpoints:
    """The checkpoints of a training; each takes its name only once it is whole.

    Orbax keeps the two last and the one of the least error. A new one is whole before an old one is
    deleted: where the disk is full, what was there stays.
    """

    def __init__(self, folder: Path):
        """Opens a folder of checkpoints, made if need be; removes what was left half written."""
        logging.getLogger("absl").setLevel(logging.WARNING)  # Orbax tells of every file
        best = policies.BestN(get_metric_fn=_error, reverse=True, n=1)
        options = ocp.CheckpointManagerOptions(
            best_fn=_error,
            best_mode="min",
            preservation_policy=policies.AnyPreservationPolicy([policies.LatestN(2), best]),
            enable_async_checkpointing=False,  # the state's memory is the next step's
            cleanup_tmp_directories=True,
        )
        self._folder = folder.resolve()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._manager = ocp.CheckpointManager(self._folder, options=options)
        except OSError as error:
            raise InputError(
                f"`{folder}` cannot be used: {error.strerror or error}; expected a writable folder"
            ) from error

    @property
    def last(self) -> int | None:
        """The step of the last checkpoint."""
        return self._manager.latest_step()

    def save(self, state: State, record: Mapping[str, Any], error: float) -> None:
        """Keep a state.

        Args:
          state: the training's.
          record: what else is needed to go on, as JSON has it.
          error: what the best has least of.

        Raises:
          InputError: it cannot be written; the checkpoints before it are as they were.
        """
        step = int(state.step)
        if step in self._manager.all_steps():
            return
        try:
            self._manager.save(
                step,
                args=ocp.args.Composite(
                    state=ocp.args.StandardSave(state._asdict()),
                    record=ocp.args.JsonSave(dict(record)),
                ),
                metrics={"error": error},
            )
            self._manager.wait_until_finished()
        except (OSError, ValueError, RuntimeError) as failure:
            raise InputError(
                f"`{self._folder}`: the checkpoint of step {step} cannot be written: "
                f"{' '.join(str(failure).split())[:300]}; expected a writable folder with room. "
                f"The last good checkpoint is that of step {self.last}"
            ) from failure

    def restore(self, like: State) -> Restored | None:
        """The last checkpoint, if there is one.

        Args:
          like: a state of the same shapes, on the devices where the restored one shall be.

        Raises:
          InputError: it is damaged, or of another network.
        """
        if self.last is None:
            return None
        shapes = jax.tree.map(ocp.utils.to_shape_dtype_struct, like._asdict())
        try:
            found: Any = self._manager.restore(
                self.last,
                args=ocp.args.Composite(
                    state=ocp.args.StandardRestore(shapes), record=ocp.args.JsonRestore()
                ),
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise InputError(
                f"`{self._folder / str(self.last)}` cannot be restored: "
                f"{' '.join(str(error).split())[:300]}; delete it to go on from the one before"
            ) from error
        return Restored(State(**found["state"]), found["record"])

    def close(self) -> None:
        """Waits for Orbax's threads."""
        self._manager.close()


def _error(metrics: Any) -> float:
    return metrics["error"]
