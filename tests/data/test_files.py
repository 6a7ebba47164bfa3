import errno
import os
from pathlib import Path

import numpy as np
import pytest

from vizjax.data.files import atomic_write
from vizjax.errors import InputError


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def write_half(path: Path, failure: BaseException) -> None:
    with atomic_write(path) as file:
        file.write(b"half of")
        raise failure


def test_the_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "array.npy"
    with atomic_write(path) as file:
        np.save(file, np.arange(3))
        assert not path.exists()
    assert np.load(path).tolist() == [0, 1, 2]
    assert names(path.parent) == ["array.npy"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ZeroDivisionError])
def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path, failure):
    path = tmp_path / "result.json"
    path.write_text("before")
    with pytest.raises(failure):
        write_half(path, failure())
    assert path.read_text() == "before"
    assert names(tmp_path) == ["result.json"]


def test_a_full_disk_is_told_in_one_line(tmp_path):
    path = tmp_path / "result.json"
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(InputError, match=r"json` cannot be written: No space left") as raised:
        write_half(path, full)
    assert "\n" not in str(raised.value)
    assert names(tmp_path) == []


def test_a_path_that_cannot_be_a_file(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "x.png", tmp_path / "folder", tmp_path / ("x" * 300) / "y"):
        with pytest.raises(InputError, match="cannot be written"), atomic_write(path) as file:
            file.write(b"x")
    assert names(tmp_path) == ["file", "folder"]


def test_permissions_are_those_of_an_ordinary_file(tmp_path):
    (tmp_path / "ordinary").touch()
    with atomic_write(tmp_path / "atomic"):
        pass
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "ordinary").stat().st_mode
