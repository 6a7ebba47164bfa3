"""One process at a time."""

import subprocess
import sys
import time

import pytest

from vizjax.data.locks import BusyError, locked
from vizjax.errors import InputError

HOLD = """
import sys, time
from pathlib import Path
from vizjax.data.locks import locked
path = Path(sys.argv[1])
with locked(path / ".lock", of=path):
    print("held", flush=True)
    time.sleep(60)
"""


def test_it_is_held_until_the_process_ends_and_however_it_ends(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path / "new")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        lock = tmp_path / "new" / ".lock"
        message = r"new` is at work in another process \(him\); expected one at a time"
        with pytest.raises(BusyError, match=message), locked(lock, of=lock.parent, by=" (him)"):
            raise AssertionError
        other.kill()
        start = time.monotonic()
        with locked(lock, of=lock.parent, wait=True):
            assert time.monotonic() - start < 30


def test_it_is_free_after_an_error(tmp_path):
    for _ in range(2):
        with pytest.raises(ValueError), locked(tmp_path / ".lock", of=tmp_path):
            raise ValueError


def test_where_no_lock_can_be(tmp_path):
    (tmp_path / "file").write_text("")
    lock = tmp_path / "file" / ".lock"
    with pytest.raises(InputError, match="expected a folder to write into"), locked(lock, of=lock):
        raise AssertionError
