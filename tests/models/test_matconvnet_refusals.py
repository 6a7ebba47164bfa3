"""MatConvNet files that cannot be read: the error says where and why."""

import re

import numpy as np
import pytest
import scipy.io
from matconvnet_files import cell, conv, pool, relu, small, write

from vizjax.errors import InputError
from vizjax.models import matconvnet


@pytest.fixture
def rng():
    return np.random.default_rng(20130612)


def broken(rng, **changes):
    """A conv, a rectifier, a pool and a last conv that fit; `changes` are of a layer by name."""
    layers = [
        conv(rng, "conv1", 2, 3, channels=3, features=4),
        relu("relu1"),
        pool("pool1", 2, stride=2),
        conv(rng, "fc2", 4, 5, channels=4, features=7),
    ]
    return [{**layer, **changes.get(layer["name"], {})} for layer in layers]


def filters(*shape, biases=4):
    return {"weights": [np.ones(shape, np.single), np.ones((1, biases), np.single)]}


NAN = {"weights": [np.full((2, 3, 3, 4), np.nan), np.ones((1, 4))]}
INFINITE = {"weights": [np.ones((2, 3, 3, 4)), np.array([[1, 1, np.inf, 1]])]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conv1": NAN}, "its layer conv1 has NaN or infinite numbers in `filters`"),
        ({"conv1": INFINITE}, "its layer conv1 has NaN or infinite numbers in `biases`"),
        ({"conv1": filters(2, 3, 2, 4)}, "conv1 has filters of 2 × 3 × 2 × 4 for 3 channels"),
        ({"conv1": filters(2, 3, 1, 4)}, "conv1 has filters of 2 × 3 × 1 × 4 for 3 channels"),
        ({"fc2": filters(4, 5, 8, 7)}, "fc2 has filters of 4 × 5 × 8 × 7 for 4 channels"),
        ({"conv1": filters(2, 3, 3, 4, 2)}, "conv1 has filters of 2 × 3 × 3 × 4 × 2"),
        ({"conv1": filters(2, 3, 3, 4, biases=3)}, "conv1 has 3 biases for 4 filters"),
        ({"conv1": filters(0)}, "conv1 has no `filters`"),
        ({"conv1": {"pad": [1, 2]}}, "conv1 has `pad` = [1 2]; expected 1 or 4 whole numbers"),
        ({"conv1": {"pad": -1}}, "conv1 has `pad` = [-1]"),
        ({"conv1": {"stride": 1.5}}, "conv1 has `stride` = [1.5]; expected 1 or 2 whole numbers"),
        ({"conv1": {"stride": "two"}}, "conv1 has a `stride` that is not numeric"),
        ({"relu1": {"leak": 0.1}}, "relu1 has a `leak`"),
        ({"relu1": {"type": "sigmoid"}}, "relu1 is of type 'sigmoid'; expected one of: conv, relu"),
        ({"relu1": {"type": "softmax"}}, "relu1 is of type 'softmax'"),
        ({"relu1": {"type": "lrn", "param": [5, 2]}}, "relu1 has `param` = [5 2]"),
        ({"pool1": {"pool": 30}}, "pool1 has a window of 30 × 30; expected 256 pixels or fewer"),
        ({"pool1": {"pool": 11}}, "pool1 has a window of 11 × 11 on a padded plane of 8 × 10"),
        ({"pool1": {"pad": 2}}, "pool1 has padding of ((2, 2), (2, 2)) around windows of 2 × 2"),
        ({"pool1": {"method": "sum"}}, "pool1 has `method` = 'sum'; expected one of: max, avg"),
        ({"fc2": filters(3, 5, 4, 7, biases=7)}, "its layers leave a plane of 2 × 1 from an image"),
    ],
)
def test_layer_that_cannot_be(tmp_path, rng, changes, message):
    path = small(tmp_path / "net.mat", broken(rng, **changes))
    with pytest.raises(InputError, match=rf"^`path` is \S+net.mat: .*{re.escape(message)}"):
        matconvnet.load(path)


@pytest.mark.parametrize(
    ("normalization", "message"),
    [
        ({"imageSize": []}, "its `normalization` has no `imageSize`"),
        ({"imageSize": [9, 12, 1]}, "has `imageSize` = [9 12 1]; expected [height width 3]"),
        (
            {"averageImage": np.ones((8, 8, 3))},
            "has an `averageImage` of 8 × 8 × 3; expected 9 × 12",
        ),
        ({"averageImage": np.full((1, 1, 3), np.nan)}, "NaN or infinite numbers in `averageImage`"),
        ({"border": [1, 2, 3]}, "has `border` = [1 2 3]"),
        ({"cropSize": 1.5}, "has `cropSize` = [1.5]; expected 1 or 2 in (0, 1]"),
    ],
)
def test_normalization_that_cannot_be(tmp_path, rng, normalization, message):
    path = small(tmp_path / "net.mat", broken(rng), **normalization)
    with pytest.raises(InputError, match=re.escape(message)):
        matconvnet.load(path)


def test_classes_that_are_not_one_a_score(tmp_path, rng):
    path = small(
        tmp_path / "net.mat",
        broken(rng),
        classes={"name": cell([f"n0000000{number}" for number in range(6)])},
    )
    with pytest.raises(InputError, match="its `classes` name 6 classes; expected 7, one a score"):
        matconvnet.load(path)


def test_files_that_are_no_nets(tmp_path):
    def complains(path, message):
        with pytest.raises(InputError, match=rf"^`path` is {re.escape(str(path))}: .*{message}"):
            matconvnet.load(path)

    complains(tmp_path / "absent.mat", "the file is missing; expected a .mat file")
    complains(tmp_path, "the file is a directory")

    other = tmp_path / "other.mat"
    other.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    complains(other, "it is no MATLAB file")
    other.write_bytes(b"")
    complains(other, "it is no MATLAB file")
    other.write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n\x1a\n")
    complains(other, "it is a v7.3 .HDF5. file; load it in MATLAB and save it with -v7")

    scipy.io.savemat(other, {"x": np.ones(3), "y": "text"})
    complains(other, "it holds x, y; expected `layers`, or `net` with them")
    scipy.io.savemat(other, {})
    complains(other, "it holds nothing")
    scipy.io.savemat(other, {"layers": np.ones(3)})
    complains(other, "its `layers` are no cell")

    block = np.array(
        [("conv1", "input", "x1")] * 2, [(n, object) for n in ("name", "inputs", "outputs")]
    )
    scipy.io.savemat(other, {"net": {"layers": block, "params": 0}})
    complains(other, "it is a DagNN net; expected a SimpleNN net")


@pytest.mark.parametrize("compress", [False, True])
def test_file_cut_short(tmp_path, rng, compress):
    whole = write(
        tmp_path / "whole.mat",
        broken(rng),
        normalization={"imageSize": [9, 12, 3]},
        compress=compress,
    ).read_bytes()
    cut = tmp_path / "cut.mat"
    for part in np.linspace(10, len(whole) - 1, 60, dtype=int):
        cut.write_bytes(whole[:part])
        with pytest.raises(InputError, match=r"`path` is \S+cut.mat: it(s| is damaged)"):
            matconvnet.load(cut)
