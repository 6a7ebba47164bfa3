"""How fast a training goes, and how long it will take."""

import contextlib
import time
from collections.abc import Iterator


class Clock:
    """Measures the steps of this process; evaluations and checkpoints apart from them.

    Attributes:
      speed: pictures a second, between the last two marks.
    """

    def __init__(self, step: int, batch: int):
        """Starts at a step, with `batch` pictures in each."""
        self._first = self._marked = step
        self._batch = batch
        self._start = self._last = time.monotonic()
        self._aside = 0.0
        self.speed = 0.0

    def mark(self, step: int) -> None:
        """Say that a step is done."""
        now = time.monotonic()
        spent = now - self._last - self._aside
        if step > self._marked and spent > 0:
            self.speed = (step - self._marked) * self._batch / spent
        self._marked, self._last, self._aside = step, now, 0.0

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """What is done within does not count as steps."""
        start = time.monotonic()
        try:
            yield
        finally:
            self._aside += time.monotonic() - start

    def left(self, steps: int) -> float:
        """Seconds until step `steps`, at the pace of all since the start."""
        done = self._marked - self._first
        spent = time.monotonic() - self._start
        return spent / done * (steps - self._marked) if done else float("inf")
