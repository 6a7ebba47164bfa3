"""One process at a time where a file grows or a folder is filled."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from vizjax.errors import InputError


class BusyError(InputError):
    """Another process is at work on the same."""


@contextlib.contextmanager
def locked(lock: Path, *, of: Path, wait: bool = False, by: str = "") -> Iterator[None]:
    """Hold a file or a folder, so that no other process that asks for it has it.

    The system ends the hold with the process, however that ends.

    Args:
      lock: an empty file that stands for it; its folder is made if need be.
      of: what is held, for the messages.
      wait: for the process that holds it.
      by: who that is, for the messages, if it is known.

    Raises:
      BusyError: another process holds it, and `wait` is False.
      InputError: the folder cannot be made or written into.
    """
    held = FileLock(lock, timeout=-1 if wait else 0)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except Timeout as error:
        raise BusyError(
            f"`{of}` is at work in another process{by}; expected one at a time: wait for it, or "
            "end it"
        ) from error
    except OSError as error:
        raise InputError(
            f"`{lock.parent}`: {error.strerror or error}; expected a folder to write into"
        ) from error
    try:
        yield
    finally:
        held.release()
