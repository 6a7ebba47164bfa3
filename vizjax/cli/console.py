"""What the commands share: progress, folders, and errors in one line.

JAX is not imported with it: that takes a second, in which Ctrl-C shall already be waited for.
"""

import _thread
import contextlib
import json
import os
import select
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from vizjax.cli.startup import prepare
from vizjax.errors import InputError

BAD_INPUT, FAULT, INTERRUPTED, UNREAD = 2, 1, 130, 141
"""Exit statuses; the last two as a shell has them of a command that SIGINT or SIGPIPE ended."""


def say(line: str) -> None:
    """One line for the person who waits, above the bar; nobody there to read it is no failure."""
    with contextlib.suppress(OSError):
        tqdm.write(line, file=sys.stderr)


def complain(error: Exception, about: str = "") -> int:
    """Says an error in one line, with what it is about; returns the exit status that it means."""
    line, status = str(error), BAD_INPUT
    if isinstance(error, OverflowError):
        line = f"a number is too large: {line}; expected one that 64 bits hold"
    elif not isinstance(error, InputError):
        if os.environ.get("VIZJAX_TRACEBACK"):
            traceback.print_exception(error)
        line = (
            f"internal error, {type(error).__name__}: {line}; set VIZJAX_TRACEBACK=1 for the "
            "traceback and report it"
        )
        status = FAULT
    line = line if about in line else f"`{about}`: {line}"
    say(f"vizjax: {' '.join(line.split())}")
    return status


@contextlib.contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[int], Any]]:
    """A bar on a terminal, a line now and then elsewhere; yields what to call with steps done."""
    if sys.stderr is not None and sys.stderr.isatty():
        with tqdm(total=total, desc=what, file=sys.stderr) as bar:
            yield lambda done: bar.update(done)
        return
    start, last, sum_done = time.monotonic(), time.monotonic(), 0

    def advance(done: int) -> None:
        nonlocal last, sum_done
        sum_done += done
        now = time.monotonic()
        if now - last >= 10:
            last = now
            say(f"{what}: {sum_done} of {total}, {now - start:.0f} s")

    yield advance


def output_folder(path: Path) -> Path:
    """`path` as a folder that can be written into, made if need be: known before the work."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise InputError(
            f"`--out` is {path}: {error.strerror or error}; expected a folder to write into"
        ) from error


def write_json(path: Path, value: Any) -> None:
    """Writes a result; a file name that is no text keeps its bytes as escapes."""
    from vizjax.data.files import atomic_write  # and with it JAX

    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with atomic_write(path) as file:
        file.write(text.encode(errors="backslashreplace"))


def guarded(command: Callable[[], int]) -> int:
    """Runs a command: no traceback reaches the person, and the exit status tells what happened."""
    try:
        with _insistent_interrupts():
            with uninterrupted():
                prepare()
            return command()
    except KeyboardInterrupt:
        say("vizjax: interrupted; what was finished is kept")
        return INTERRUPTED
    except BrokenPipeError as error:
        return UNREAD if _unread() else complain(error)
    except Exception as error:
        return complain(error)


def _unread() -> bool:
    """Whether nobody reads what is printed any more, such as `head`, which has read enough."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or there is none
        watched = select.poll()
        watched.register(sys.stdout.fileno(), 0)
        return any(event & select.POLLERR for _, event in watched.poll(0))
    return False


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C waits for the end: some extensions crash where it falls into their import."""
    handler, came = signal.getsignal(signal.SIGINT), []
    ours = threading.current_thread() is threading.main_thread()
    if not ours or handler is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if came:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _insistent_interrupts() -> Iterator[None]:
    """A Ctrl-C that falls into a callback, such as JAX's of the garbage collection, comes again."""
    hook = sys.unraisablehook

    def again(unraisable: Any) -> None:
        if unraisable.exc_type is KeyboardInterrupt:
            threading.Timer(0.1, _thread.interrupt_main).start()
        else:
            hook(unraisable)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = hook
