"""Photographs by name and from files, and how numbers are written."""

import numpy as np
import pytest
import tiny

from experiments import photographs
from vizjax.data import demo_photos, write_png
from vizjax.errors import InputError


def test_by_name_and_from_a_file(tmp_path):
    own = np.random.default_rng(0).integers(0, 256, (9, 7, 3)).astype(np.uint8)
    write_png(tmp_path / "own.png", own)
    found = photographs.photographs(["coffee", str(tmp_path / "own.png")])
    np.testing.assert_array_equal(found["coffee"], demo_photos()["coffee"])
    np.testing.assert_array_equal(found[str(tmp_path / "own.png")], own)


def test_all_names_are_known():
    assert list(photographs.photographs(photographs.NAMES)) == list(photographs.NAMES)


def test_what_is_no_photograph_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be opened"):
        photographs.photographs([str(tmp_path / "none.jpg")])
    with pytest.raises(InputError, match="`photos` is empty"):
        photographs.check(())


def test_a_checksum_tells_networks_and_photographs_apart():
    photo = np.zeros((4, 5, 3), np.uint8)
    one, other = tiny.network(0), tiny.network(1)
    found = photographs.checksums(one, {"a": photo, "b": photo + 1, "c": photo.reshape(5, 4, 3)})
    assert list(found) == ["tiny", "a", "b", "c"]
    assert len(set(found.values())) == 4
    assert photographs.checksums(one) == {"tiny": found["tiny"]}
    assert photographs.checksums(other) != photographs.checksums(one)
