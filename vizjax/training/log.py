"""Metrics of a training: lines of JSON, and events for TensorBoard."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from vizjax.data.files import atomic_write
from vizjax.errors import InputError

FILE = "metrics.jsonl"
EVENTS = "events"
"""The folder for `tensorboard --logdir`."""


def read_metrics(folder: Path) -> list[dict]:
    """The whole lines of a training's metrics; of one that was killed, the last may be none.

    Args:
      folder: the training's.
    """
    lines = []
    if (folder / FILE).exists():
        for text in (folder / FILE).read_text("utf-8").splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                lines.append(json.loads(text))
    return lines


class Log:
    """Where a training writes its metrics. They hold no times: the same run writes the same lines.

    TensorBoard's events have the speed as well.
    """

    def __init__(self, folder: Path, step: int):
        """Opens the metrics of a training that goes on at `step`; later lines are taken out."""
        from tensorboardX import SummaryWriter  # only needed here

        kept = [line for line in read_metrics(folder) if line["step"] <= step]
        kept = [line for line in kept if not line.get("summary")]
        with atomic_write(folder / FILE) as file:
            file.write("".join(map(_text, kept)).encode())
        self._file: TextIO = (folder / FILE).open("a", encoding="utf-8")
        self._events = SummaryWriter(str(folder / EVENTS), purge_step=step + 1)

    def write(self, step: int, values: Mapping[str, float | int | bool]) -> None:
        """Add a line.

        Args:
          step: after which step.
          values: what was measured.

        Raises:
          InputError: the disk is full.
        """
        try:
            self._file.write(_text({"step": step, **values}))
            self._file.flush()
        except OSError as error:
            raise InputError(
                f"`{self._file.name}` cannot be written: {error.strerror}; expected a disk that "
                "has room"
            ) from error

    def show(self, step: int, values: Mapping[str, float]) -> None:
        """Add points to TensorBoard's curves.

        Args:
          step: after which step.
          values: by the curves' names.
        """
        for name, value in values.items():
            self._events.add_scalar(name, value, step)

    def close(self) -> None:
        """Writes what is still held back; a full disk was complained of before."""
        for file in (self._file, self._events):
            with contextlib.suppress(OSError):
                file.close()


def _text(line: Mapping[str, float | int | bool]) -> str:
    return json.dumps(line) + "\n"
