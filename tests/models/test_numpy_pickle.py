"""Trees of arrays, pickled by NumPy."""

import pickle

import numpy as np
import pytest
from weight_files import Name, numpy_pickle, pickled

from vizjax.errors import InputError
from vizjax.models.numpy_pickle import read

RNG = np.random.default_rng(0)
TREE = {
    "VGG16_0": {
        "Conv_0": {
            "kernel": RNG.normal(size=(3, 2, 4, 5)).astype(np.float32),
            "bias": RNG.normal(size=5).astype(np.float32),
        }
    },
    "columns": np.asfortranarray(RNG.normal(size=(3, 4)).astype(np.float32)),
}


def check(arrays):
    assert list(arrays) == ["VGG16_0/Conv_0/kernel", "VGG16_0/Conv_0/bias", "columns"]
    for name, found in arrays.items():
        node = TREE
        for key in name.split("/"):
            node = node[key]
        np.testing.assert_array_equal(found, node)
        assert found.dtype == np.float32


@pytest.mark.parametrize("protocol", [3, 4])
def test_a_tree_as_numpy_1_pickled_it(protocol):
    content = numpy_pickle(TREE, protocol)
    check(read(content))
    check_by_python = pickle.loads(content)
    np.testing.assert_array_equal(check_by_python["columns"], TREE["columns"])


@pytest.mark.parametrize("protocol", [3, 4])
def test_a_tree_as_this_numpy_pickles_it(protocol):
    check(read(pickle.dumps(TREE, protocol)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (numpy_pickle({"a": np.zeros(3, np.float64)}, kind="f8"), "an array of <f8; expected fl"),
        (numpy_pickle({"a": np.zeros(3, np.float32)}, order=">"), "an array of >f4"),
        (numpy_pickle({"a": np.zeros(3, object)}, kind="O8"), "an array of <O8"),
        (pickled({"a": {"b": 3}}), "its a/b is no array"),
        (pickled([1]), "its content is no array"),
        (pickled({"a": Name("os", "system", "true")}), r"names os\.system"),
        (numpy_pickle(TREE)[:-9], "damaged"),
        (numpy_pickle({"a": np.zeros((3, 2), np.float32)}).replace(b"K\x03K\x02", b"K\x03K\x03"),
         "damaged: cannot reshape"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(content, reason):
    with pytest.raises(InputError, match=reason):
        read(content)


def test_a_tree_that_holds_itself():
    tree = {}
    tree["self"] = tree
    with pytest.raises(InputError, match="holds itself"):
        read(pickle.dumps(tree, 3))
