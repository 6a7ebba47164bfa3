"""A file of results that grows by a line a photograph, and goes on where it was cut short."""

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vizjax.data.files import atomic_write
from vizjax.errors import InputError


class Lines:
    """JSON lines: the first says what was asked for, each other what was found on one photograph.

    A line counts when its newline is on the disk. What a crash left behind it is cut off, so that a
    file that was finished in ten pieces is, byte for byte, the file that was written in one.
    """

    def __init__(self, path: Path, head: dict[str, Any]):
        """Open a file, or begin it.

        Args:
          path: of the file; its folder is made if need be.
          head: what the results depend on.

        Raises:
          InputError: the file holds other results, or cannot be read or written.
        """
        first = _line(head)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                with atomic_write(path) as file:
                    file.write(first)
            content = _content(path, first)
            whole = content.rfind(b"\n") + 1
            self._file = path.open("r+b")
            self._file.truncate(whole)
            self._file.seek(whole)
        except OSError as error:
            raise _unusable(path, error) from error
        self.path = path
        self.found = [json.loads(line) for line in content[len(first) : whole].splitlines()]
        """What was there, and what was appended."""

    def append(self, found: dict[str, Any]) -> None:
        """Add a line; it is on the disk when this returns.

        Raises:
          InputError: the disk is full; the lines before are whole.
        """
        try:
            self._file.write(_line(found))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unusable(self.path, error) from error
        self.found.append(found)

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):  # what could not be written, `append` has said
            self._file.close()

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def whole(path: Path, head: dict[str, Any], count: int) -> list[dict[str, Any]] | None:
    """What a finished file holds; None where there is none yet, or not all of it.

    Raises:
      InputError: as of `Lines`.
    """
    first = _line(head)
    try:
        content = _content(path, first) if path.exists() else b""
    except OSError as error:
        raise _unusable(path, error) from error
    if content.count(b"\n") <= count:
        return None
    return [json.loads(line) for line in content[len(first) :].splitlines()]


def write(path: Path, head: dict[str, Any], found: Sequence[dict[str, Any]]) -> None:
    """Write a finished file at once: the same bytes as line by line.

    Raises:
      InputError: it cannot be written.
    """
    with atomic_write(path) as file:
        file.writelines(map(_line, (head, *found)))


def _content(path: Path, first: bytes) -> bytes:
    content = path.read_bytes()
    if not content.startswith(first):
        held = content.splitlines()[0].decode(errors="replace") if content else "nothing"
        raise InputError(
            f"`{path}` holds the results of something else: {held[:500]}; expected those "
            f"of {first.decode().strip()[:500]}; name another file, or delete this one"
        )
    return content


def _line(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n").encode(
        errors="surrogatepass"
    )


def _unusable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"`{path}` cannot be written: {error.strerror or error}; expected a file in a folder that "
        "has room; the lines before are kept, and the same command goes on behind them"
    )
