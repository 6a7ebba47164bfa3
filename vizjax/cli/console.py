"""What the commands share: progress, folders, and errors in one line."""

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from vizjax.data.files import atomic_write
from vizjax.errors import InputError

BAD_INPUT, FAULT, INTERRUPTED = 2, 1, 130
"""Exit statuses."""


def say(line: str) -> None:
    """One line for the person who waits."""
    print(line, file=sys.stderr, flush=True)


def complain(error: object) -> None:
    """An error in one line."""
    tqdm.write(f"vizjax: {' '.join(str(error).split())}", file=sys.stderr)


@contextlib.contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[int], Any]]:
    """A bar on a terminal, a line now and then elsewhere; yields what to call with steps done."""
    if sys.stderr.isatty():
        with tqdm(total=total, desc=what, file=sys.stderr) as bar:
            yield lambda done: bar.update(done)
        return
    start, last, sum_done = time.monotonic(), time.monotonic(), 0

    def advance(done: int) -> None:
        nonlocal last, sum_done
        sum_done += done
        now = time.monotonic()
        if now - last >= 10 or sum_done == total:
            last = now
            say(f"{what}: {sum_done} of {total}, {now - start:.0f} s")

    yield advance


def output_folder(path: Path) -> Path:
    """`path` as a folder that can be written into, made if need be: known before the work."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"`--out` is {path}, which cannot be made: {error.strerror or error}; expected a folder"
        ) from error
    probe = path / ".writable"
    with atomic_write(probe) as file:
        file.write(b"")
    probe.unlink()
    return path


def guarded(command: Callable[[], int]) -> int:
    """Runs a command: no traceback reaches the person, and the exit status tells what happened."""
    try:
        return command()
    except InputError as error:
        complain(error)
        return BAD_INPUT
    except KeyboardInterrupt:
        complain("interrupted; what was finished is kept")
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("VIZJAX_TRACEBACK"):
            traceback.print_exc()
        complain(
            f"internal error, {type(error).__name__}: {error}; set VIZJAX_TRACEBACK=1 for the "
            "traceback and report it"
        )
        return FAULT
