"""The losses of the steps since the last line of metrics."""

from collections.abc import Sequence

import jax
import numpy as np

from vizjax.training.step import Losses


class Ledger:
    """Loss and error of each step, left on the devices until asked for: no step waits for one."""

    def __init__(self, entries: Sequence[Sequence[float]] = ()):
        """Goes on from the entries that a checkpoint kept."""
        self._entries = [list(one) for one in entries]
        self._held: list[Losses] = []

    def add(self, losses: Losses) -> None:
        """Another step's."""
        self._held.append(losses)

    def entries(self) -> list[list[float]]:
        """Loss and error of each step, fetched from the devices.

        Raises:
          FloatingPointError: one is not a number.
        """
        self._entries += [[float(one.loss), float(one.error)] for one in jax.device_get(self._held)]
        self._held.clear()
        if not np.isfinite(self._entries).all():
            raise FloatingPointError("a loss is not a number")
        return self._entries

    def close(self) -> tuple[float, float]:
        """The means over the steps; what comes next is a line of its own.

        Raises:
          FloatingPointError: as of `entries`.
        """
        loss, error = np.mean(self.entries(), axis=0).tolist()
        self._entries = []
        return loss, error
