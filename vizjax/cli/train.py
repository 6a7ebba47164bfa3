"""`vizjax train`: the paper's network on a dataset."""

import contextlib
import dataclasses
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vizjax.cli.console import INTERRUPTED, output_folder, say
from vizjax.cli.data import TFDS_FOLDER
from vizjax.cli.processes import Distributed
from vizjax.devices import connected
from vizjax.runs import digest
from vizjax.training import Config, Outcome, Progress, open_data, train


@dataclass(frozen=True)
class Train:
    """Train the paper's network on a classification dataset that TFDS has prepared.

    Interrupted or killed, the same command goes on from the last checkpoint, to the same numbers.
    """

    dataset: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="DATASET")]
    """Such as imagenet2012, imagenette/320px-v2, cifar10 or shapes."""
    config: Annotated[Config, tyro.conf.arg(name="")] = dataclasses.field(default_factory=Config)
    out: Annotated[
        Path | None,
        tyro.conf.arg(metavar="FOLDER", help_behavior_hint="(default: runs/train/HASH)"),
    ] = None
    """The folder for checkpoints, metrics and the network."""
    train: str = "train"
    """The split to learn from, or a part of one such as train[:45000]."""
    test: Annotated[str, tyro.conf.arg(help_behavior_hint="(default: test, else validation)")] = ""
    """The split to evaluate on."""
    folder: Annotated[Path | None, TFDS_FOLDER] = None
    """Where TFDS's datasets are."""
    workers: int = 0
    """Processes that read a dataset too large for memory; 0 for threads."""
    distributed: Distributed = False


def run(options: Train) -> int:
    """Trains, and says how far it is; of several processes the first says it."""
    with connected(options.distributed) as processes:
        return _run(options, say if processes.number == 0 else lambda line: None)


def _run(options: Train, say: Callable[[str], None]) -> int:
    config = options.config.resolved()
    data = open_data(
        options.dataset,
        config.side,
        train=options.train,
        test=options.test,
        folder=options.folder,
    )
    folder = output_folder(options.out or Path("runs/train") / digest(data.name, config))
    say(f"{data.name}: {len(data.train)} pictures to learn from, {len(data.test)} to evaluate on")
    with _stoppable() as stop:
        outcome = train(
            data,
            config,
            folder,
            workers=options.workers,
            report=lambda progress: say(_told(progress)),
            stop=stop,
        )
    if not outcome.finished:
        say(f"stopped at step {outcome.step}; the same command goes on from there: {folder}")
        return INTERRUPTED
    say(_result(outcome))
    say(f"the network: {folder}")
    return 0


def _told(progress: Progress) -> str:
    line = (
        f"epoch {progress.epoch:.2f}, step {progress.step} of {progress.steps}: "
        f"loss {progress.loss:.3f}, error {progress.error:.1%}"
    )
    if progress.measured:
        line += f", test error {progress.measured.top1:.2%} (top-5 {progress.measured.top5:.2%})"
    return f"{line}; {progress.speed:,.0f} images/s, {_duration(progress.left)} left"


def _duration(seconds: float) -> str:
    """Rounded to what one cares for.

    >>> _duration(42.0), _duration(600.0), _duration(9000.0)
    ('42 s', '10 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _result(outcome: Outcome) -> str:
    parts = [
        f"{what} {errors.top1:.2%} (top-5 {errors.top5:.2%})"
        for what, errors in (("centre view", outcome.centre), ("ten views", outcome.ten))
        if errors
    ]
    return f"test error: {', '.join(parts)}"


@contextlib.contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """Ctrl-C or SIGTERM ends the training after a step; a second one at once."""
    came: list[int] = []

    def stop(number, frame):
        if came:
            raise KeyboardInterrupt
        came.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    old = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
