"""Writing files so that none is ever left half written."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vizjax.errors import InputError


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file that takes the name `path` only once it is whole.

    The bytes go to a hidden file in the same folder, which replaces `path` in one step when the
    block ends. If the block fails, the disk fills up or the run is interrupted, what stood at
    `path` before still stands there.

    Args:
      path: where the file shall be; its folder is made if need be.

    Yields:
      The file to write to; `np.save`, `Image.save` and `savefig` all take it.

    Raises:
      InputError: the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "result.json"
    ...     with atomic_write(path) as file:
    ...         _ = file.write(b"{}")
    ...     path.read_text()
    '{}'
    """
    path = Path(path)
    # Not `tempfile`: its files are readable by their owner alone, whatever the umask says.
    part = path.parent / f".{uuid.uuid4().hex}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise InputError(
            f"`{path}` cannot be written: {error.strerror or error}; "
            "expected a file name in a writable folder that has room"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
