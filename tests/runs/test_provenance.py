"""What a run's numbers depend on."""

import subprocess

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from vizjax.runs import checksum
from vizjax.runs.provenance import begun, revision


def test_checksums_tell_values_types_and_shapes_apart(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4
    assert checksum(b"abc") == checksum(tmp_path / "x") == known
    values = [
        np.zeros(4), np.ones(4), np.zeros(4, np.float32), np.zeros((2, 2)),
        (np.zeros(2), np.zeros(2)),
    ]  # fmt: skip
    assert len({checksum(value) for value in values}) == len(values)
    assert checksum(jnp.arange(3)) == checksum(np.arange(3, dtype=np.int32))


def test_a_network_is_its_parameters():
    network = tiny.network()
    other = jax.tree.map(lambda leaf: leaf * 2, network)
    assert checksum(network) == checksum(tiny.network()) != checksum(other)


@pytest.fixture
def repository(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        asked = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    (tmp_path / "one.py").write_text("1")
    (tmp_path / "two.py").write_text("2")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    return tmp_path, git("rev-parse", "HEAD")


def test_the_revision_and_whether_it_is_what_ran(repository):
    folder, head = repository
    source = folder / "one.py"
    assert revision(source) == {"revision": head, "dirty": False}
    (folder / "notes.txt").write_text("of no experiment")
    assert revision(source)["dirty"] is False
    (folder / "new.py").write_text("an experiment that no revision has")
    assert revision(folder / "new.py") == {"revision": head, "dirty": True}
    (folder / "two.py").write_text("changed, and perhaps imported")
    assert revision(source)["dirty"] is True


def test_without_a_repository(tmp_path, monkeypatch):
    source = tmp_path / "one.py"
    source.write_text("")
    assert revision(source) == {"revision": None, "dirty": None}
    assert begun(source, "command")["command"] == "command"
