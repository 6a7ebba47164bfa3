"""Arrays that are made once."""

import numpy as np
import pytest

from experiments.kept import kept


def test_made_once(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return {"a": np.arange(3, dtype=np.float32) / 3, "b": np.array([True, False])}

    first = kept(tmp_path / "parts" / "one.npz", make)
    second = kept(tmp_path / "parts" / "one.npz", make)
    assert len(calls) == 1
    for name, array in make().items():
        for found in (first, second):
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)


def test_what_fails_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError):
        kept(tmp_path / "one.npz", lambda: {"a": np.array(1 / 0)})
    assert not list(tmp_path.iterdir())
