"""The two sides of a row, each in a process of its own, one at work at a time.

So neither side's threads, allocator or memory touches the other's, and the peak of a process is
the row's.
"""

import contextlib
import multiprocessing
import os
import resource
import statistics
import time
import warnings
from collections.abc import Iterator
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


class Timing(NamedTuple):
    """What one side took.

    Attributes:
      seconds: one a round.
      first: of the first call, compilation included.
      start: of the imports and of building the network.
      peak: of the process's memory, in bytes.
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
      extra: what one side measured besides: the matrix product, the operations.
    """

    ours: Timing
    peer: Timing
    difference: float | None
    extra: dict[str, float]

    @property
    def ratio(self) -> float:
        """The peer's time by ours: medians."""
        return self.peer.median / self.ours.median


def measure(row: Row, network: str, folder: Path, *, rounds: int, tuned: bool = True) -> Outcome:
    """Compares the results, then times the two sides in turns.

    Args:
      row: which.
      network: on which network.
      folder: of the inputs.
      rounds: of timing, if the row has no number of its own.
      tuned: whether both sides get the allocator's settings, and ours `vizjax.cpu.tune`.

    Raises:
      AssertionError: the results differ by more than the row's tolerance.
    """
    with contextlib.ExitStack() as stack:
        sides = [
            stack.enter_context(_worker(side, row.name, network, folder, tuned))
            for side in ("ours", "peers")
        ]
        starts = [side.recv() for side in sides]
        found = [_asked(side, "check") for side in sides]
        difference = _difference(*(result for _, result in found))
        if row.tolerance is not None and not (
            difference is not None and difference <= row.tolerance
        ):
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
            for side, seconds, (first, _), start in zip(sides, times, found, starts, strict=True)
        )
        extra = {}
        if row.name == "saliency_64":
            extra = {"matmul": _asked(sides[0], "matmul")[0], "flops": _asked(sides[1], "flops")[1]}
    return Outcome(ours, peer, difference, extra)


def _difference(ours: Any, peers: Any) -> float | None:
    if ours is None:
        return None
    if ours.dtype == bool:
        return float(np.mean(ours != peers))
    return float(np.linalg.norm(ours - peers) / np.linalg.norm(peers))


def _asked(side: Connection, *question: Any) -> tuple[float, Any]:
    side.send(question)
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
    start = time.perf_counter()
    module = _side(side, tuned)
    inputs = load_inputs(folder / f"{network}.npz")
    run = module.SIDES[row](network, inputs)
    pipe.send(time.perf_counter() - start)
    with contextlib.suppress(EOFError):
        while True:
            question, *arguments = pipe.recv()
            try:
                pipe.send(_answer(module, run, network, inputs, question, *arguments))
            except Exception as error:  # the process that asked shall say it
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
        return 0.0, _peak()
    if question == "flops":
        return 0.0, float(module.flops(network, inputs))
    if question == "matmul":
        product = module.matmul()
        return min(_timed(product)[0] for _ in range(10)), None
    if question == "check":
        seconds, result = _timed(run.check if isinstance(run, Checked) else run)
        return seconds, result
    seconds, _ = _timed(run, *arguments) if _takes_number(run) else _timed(run)
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


def _timed(run: Any, *arguments: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run(*arguments)
    result = None if result is None else np.asarray(result)  # waits, and fetches from a GPU
    return time.perf_counter() - start, result
