"""The two sides of a row, each in a process of its own, one at work at a time.

So neither side's threads, allocator or memory touches the other's, and the peak of a process is
the row's.
"""

import collections
import contextlib
import itertools
import multiprocessing
import os
import resource
import statistics
import time
import warnings
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.bench.inputs import Checked, load_inputs
from experiments.bench.rows import Row

ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "2147483647",
    "MALLOC_TRIM_THRESHOLD_": "2147483647",
    "MALLOC_TOP_PAD_": "104857600",
    "MALLOC_ARENA_MAX": "1",
}
"""glibc keeps what is freed, on both sides: what `vizjax.cpu.tune` asks for."""

Sides = Sequence[Connection]
"""The processes of a row: ours, then the peer's."""


class Timing(NamedTuple):
    """What one side took.

    Attributes:
      seconds: one a round.
      first: of the first call, compilation included.
      start: of the imports and of building the network.
      peak: of the process's memory, or of the GPU's where there is one, in bytes.
    """

    seconds: list[float]
    first: float
    start: float
    peak: int

    @property
    def median(self) -> float:
        """Of the rounds, in seconds."""
        return statistics.median(self.seconds)


class Outcome(NamedTuple):
    """Both sides of a row, and how far their results are apart.

    Attributes:
      difference: `‖ours − peer's‖ / ‖peer's‖`; of masks, the share of pixels; None where nothing
        is compared.
      extra: of our side besides: the seconds of a matrix product, and its operations in the row.
    """

    ours: Timing
    peer: Timing
    difference: float | None
    extra: dict[str, float]

    @property
    def ratio(self) -> float:
        """The peer's time by ours: medians."""
        return self.peer.median / self.ours.median


def started(
    chosen: Sequence[tuple[str, Row]], folder: Path, *, ahead: int = 0, tuned: bool = True
) -> Iterator[tuple[str, Row, Sides]]:
    """Each row with its two processes, which end when the next row is asked for.

    Args:
      chosen: network and row, in the order in which they are measured.
      folder: of the inputs.
      ahead: rows whose processes start while another row is measured: it saves the imports' time,
        on a machine with cores to spare.
      tuned: whether both sides get the allocator's settings, and ours `vizjax.cpu.tune`.
    """
    remaining, waiting = iter(chosen), collections.deque()
    with contextlib.ExitStack() as unfinished:
        while True:
            for network, row in itertools.islice(remaining, ahead + 1 - len(waiting)):
                stack = unfinished.enter_context(contextlib.ExitStack())
                sides = [
                    stack.enter_context(_worker(side, row.name, network, folder, tuned))
                    for side in ("ours", "peers")
                ]
                waiting.append((stack, (network, row, sides)))
            if not waiting:
                return
            stack, found = waiting.popleft()
            with stack:
                yield found


def measure(row: Row, network: str, sides: Sides, *, rounds: int) -> Outcome:
    """Compares the results, then times the two sides in turns.

    The results are compared in whole float32; the times are of each library's default, which on a
    GPU multiplies with fewer digits.

    Args:
      row: which.
      network: on which network.
      sides: as of `started`.
      rounds: of timing, if the row has no number of its own.

    Raises:
      AssertionError: the results differ by more than the row's tolerance.
    """
    starts = [_said(side) for side in sides]
    firsts = [_asked(side, "time", 0)[0] for side in sides]
    found = [_asked(side, "check")[1] for side in sides]
    difference = _difference(*found)
    if row.tolerance is not None and not (difference is not None and difference <= row.tolerance):
        raise AssertionError(
            f"{network}, {row.what}: the results differ by {difference} in their norm; "
            f"expected at most {row.tolerance:g}"
        )
    times: list[list[float]] = [[], []]
    for number in range(row.rounds or rounds):
        for side, seconds in zip(sides, times, strict=True):
            seconds.append(_asked(side, "time", number)[0])
    # The peaks before anything else is measured, which would raise them.
    ours, peer = (
        Timing(seconds, first, start, _asked(side, "peak")[1])
        for side, seconds, first, start in zip(sides, times, firsts, starts, strict=True)
    )
    extra = {}
    if row.name == "saliency_64":
        extra = {"matmul": _asked(sides[0], "matmul")[0], "flops": _asked(sides[0], "flops")[1]}
    return Outcome(ours, peer, difference, extra)


def _difference(ours: Any, peers: Any) -> float | None:
    if ours is None:
        return None
    if ours.dtype == bool:
        return float(np.mean(ours != peers))
    return float(np.linalg.norm(ours - peers) / np.linalg.norm(peers))


def _asked(side: Connection, *question: Any) -> tuple[float, Any]:
    side.send(question)
    return _said(side)


def _said(side: Connection) -> Any:
    answer = side.recv()
    if isinstance(answer, Exception):
        raise answer
    return answer


@contextlib.contextmanager
def _worker(side: str, row: str, network: str, folder: Path, tuned: bool) -> Iterator[Connection]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    old = {name: os.environ.get(name) for name in ALLOCATOR}
    if tuned:
        os.environ.update(ALLOCATOR)
    try:
        process = context.Process(
            target=_work, args=(there, side, row, network, folder, tuned), daemon=True
        )
        process.start()
    finally:
        for name, value in old.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    there.close()
    try:
        yield here
    finally:
        here.close()
        process.join(timeout=30)
        process.kill()


def _work(pipe: Connection, side: str, row: str, network: str, folder: Path, tuned: bool) -> None:
    """What a process does: builds its side, then answers until the pipe closes."""
    with contextlib.suppress(EOFError):
        try:
            start = time.perf_counter()
            module = _side(side, tuned)
            inputs = load_inputs(folder / f"{network}.npz")
            run = module.SIDES[row](network, inputs)
            pipe.send(time.perf_counter() - start)
        except Exception as error:  # the process that asked shall say it
            pipe.send(error)
            return
        while True:
            question, *arguments = pipe.recv()
            try:
                pipe.send(_answer(module, run, network, inputs, question, *arguments))
            except Exception as error:
                pipe.send(error)


def _side(side: str, tuned: bool) -> Any:
    if side == "ours":
        if tuned:
            from vizjax import cpu

            cpu.tune()
        from experiments.bench import ours

        return ours
    from experiments.bench.peers import sides

    warnings.simplefilter("ignore")  # Captum tells of its hooks at every call
    return sides


def _answer(
    module: Any, run: Any, network: str, inputs: Any, question: str, *arguments: Any
) -> tuple[float, Any]:
    """Seconds, and a result."""
    if question == "peak":
        return 0.0, module.device_peak() or _peak()
    if question == "flops":
        return 0.0, float(module.flops(network, inputs))
    if question == "matmul":
        product = module.matmul()
        return min(_timed(module, product) for _ in range(10)), None
    if question == "check":
        with module.exact():
            result = (run.check if isinstance(run, Checked) else run)()
        return 0.0, None if result is None else module.fetched(result)
    seconds = _timed(module, run, *arguments) if _takes_number(run) else _timed(module, run)
    return seconds, None


def _peak() -> int:
    """The most memory that this process held, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # `ru_maxrss` begins with what the parent had
        lines = (line.split() for line in status.read_text().splitlines())
        return 1024 * next(int(words[1]) for words in lines if words[0] == "VmHWM:")
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _takes_number(run: Any) -> bool:
    return bool(getattr(getattr(run, "run", run), "__defaults__", None))


def _timed(module: Any, run: Any, *arguments: Any) -> float:
    start = time.perf_counter()
    module.wait(run(*arguments))
    return time.perf_counter() - start
