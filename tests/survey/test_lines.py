"""A file of lines: whole lines are kept, whatever happened behind them."""

import errno
import json
import os
import resource
import signal

import pytest

from vizjax.errors import InputError
from vizjax.survey import Lines

HEAD = {"dataset": "Bäume", "seed": 0}
FOUND = [{"name": "a.jpg", "x": 0.1}, {"name": "ö\udcff.jpg"}, {"name": "c\u2028\r.jpg", "x": None}]


def written(path, found=FOUND):
    with Lines(path, HEAD) as lines:
        for one in found:
            lines.append(one)
    return path.read_bytes()


def test_the_first_line_says_what_was_asked_for(tmp_path):
    content = written(tmp_path / "new" / "a.jsonl")
    head, *found = content.split(b"\n")
    assert head.decode() == '{"dataset": "Bäume", "seed": 0}'
    assert [json.loads(line) for line in found[:-1]] == FOUND
    assert found[-1] == b""


def test_what_is_there_is_found_again(tmp_path):
    content = written(tmp_path / "a.jsonl")
    with Lines(tmp_path / "a.jsonl", HEAD) as lines:
        assert lines.found == FOUND
    assert (tmp_path / "a.jsonl").read_bytes() == content


def test_a_line_counts_when_it_was_appended(tmp_path):
    with Lines(tmp_path / "a.jsonl", HEAD) as lines:
        lines.append(FOUND[0])
        assert lines.found == FOUND[:1]
        assert (tmp_path / "a.jsonl").read_bytes().endswith(b'"x": 0.1}\n')  # and not at the end


def test_cut_off_at_any_byte_it_ends_the_same(tmp_path):
    path = tmp_path / "a.jsonl"
    content = written(path)
    first = content.index(b"\n") + 1
    for size in range(first, len(content)):
        path.write_bytes(content[:size])
        with Lines(path, HEAD) as lines:
            count = content[first:size].count(b"\n")
            assert lines.found == FOUND[:count]
            for one in FOUND[count:]:
                lines.append(one)
        assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("held", "named"),
    [
        (b'{"dataset": "B\xc3\xa4ume", "seed": 1}\n{}\n', '"seed": 1'),
        (b'{"dataset": "B\xc3\xa4ume", "seed": 0', '"seed": 0'),
        (b"", "nothing"),
        (b"\xff\xfe", "something else"),
    ],
)
def test_a_file_of_something_else_is_left_alone(tmp_path, held, named):
    path = tmp_path / "a.jsonl"
    path.write_bytes(held)
    with pytest.raises(InputError, match=r"name another file, or delete this one") as caught:
        Lines(path, HEAD)
    assert named in str(caught.value)
    assert path.read_bytes() == held


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written"):
        Lines(tmp_path / "file" / "a.jsonl", HEAD)
    with pytest.raises(InputError, match="cannot be written"):
        Lines(tmp_path, HEAD)


def test_a_number_that_json_lacks_is_a_fault_and_writes_nothing(tmp_path):
    with Lines(tmp_path / "a.jsonl", HEAD) as lines:
        with pytest.raises(ValueError, match="JSON"):
            lines.append({"x": float("nan")})
        lines.append(FOUND[0])
    with Lines(tmp_path / "a.jsonl", HEAD) as lines:
        assert lines.found == FOUND[:1]


def test_a_disk_that_refuses_to_sync_leaves_the_lines_before(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with Lines(tmp_path / "a.jsonl", HEAD) as lines:
        lines.append(FOUND[0])
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(InputError, match=r"No space left on device.*lines before are kept"):
            lines.append(FOUND[1])
        assert lines.found == FOUND[:1]
    monkeypatch.undo()
    with Lines(tmp_path / "a.jsonl", HEAD) as lines:
        assert lines.found[:1] == FOUND[:1]


def test_a_file_that_may_not_grow_keeps_its_whole_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    content = written(path)
    path.unlink()
    size = content.index(b"\n") + len(b'{"name": "a.jpg", "x": 0.1}\n') + 5  # within the second
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def fill():
        with Lines(path, HEAD) as lines:
            for one in FOUND:
                lines.append(one)

    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        with pytest.raises(InputError, match="File too large"):
            fill()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == content[:size]
    with Lines(path, HEAD) as lines:
        assert lines.found == FOUND[:1]
    path.unlink()
    assert written(path) == content
