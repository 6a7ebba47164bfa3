"""PyTorch's files, both containers, against what was written in them."""

import numpy as np
import pytest
from weight_files import (
    Name,
    Reference,
    legacy_file,
    pickled,
    storage,
    tensor,
    tensors,
    zip_file,
)

from vizjax.errors import InputError
from vizjax.models.torch_file import MAGIC, read

RNG = np.random.default_rng(0)
ARRAYS = {
    "features.0.0.weight": RNG.normal(size=(5, 3, 2, 4)).astype(np.float32),
    "features.0.0.bias": RNG.normal(size=5).astype(np.float32),
    "double": RNG.normal(size=(2, 3)),
    "features.0.1.num_batches_tracked": np.array(7, np.int64),
    "none": np.zeros((0, 3), np.float32),
}
CONTAINERS = pytest.mark.parametrize("container", [zip_file, legacy_file])


@CONTAINERS
def test_every_tensor_is_as_it_was(container):
    state, storages = tensors(ARRAYS)
    ordered = Name("collections", "OrderedDict", called=True, state={"_metadata": {"version": 1}})
    assert read(container(ordered, [])) == {}
    found = read(container(state, storages))
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
        assert found[name].flags.c_contiguous
        assert found[name].flags.writeable


@CONTAINERS
def test_windows_on_one_storage(container):
    """A transposed tensor, and a part of another one's storage."""
    flat = np.arange(30, dtype=np.float32)
    reference = storage("0", flat)
    state = {
        "transposed": tensor(reference, (5, 6), (1, 5)),
        "part": tensor(reference, (2, 3), (10, 2), offset=4),
        "scalar": tensor(reference, (), (), offset=29),
    }
    found = read(container(state, [flat]))
    np.testing.assert_array_equal(found["transposed"], flat.reshape(6, 5).T)
    np.testing.assert_array_equal(found["part"], [[4, 6, 8], [14, 16, 18]])
    assert found["scalar"] == 29


@CONTAINERS
def test_parameters_and_the_oldest_tensors(container):
    flat = np.arange(6, dtype=np.float32)
    reference = storage("0", flat)
    oldest = Name("torch._utils", "_rebuild_tensor", reference, 0, (2, 3), (3, 1))
    hooks = Name("collections", "OrderedDict", called=True)
    parameter = Name("torch._utils", "_rebuild_parameter", oldest, True, hooks)
    found = read(container({"old": oldest, "parameter": parameter}, [flat]))
    np.testing.assert_array_equal(found["old"], flat.reshape(2, 3))
    np.testing.assert_array_equal(found["parameter"], flat.reshape(2, 3))


def view_of(reference, shape, strides, offset=0):
    return {"a": tensor(reference, shape, strides, offset)}


FLAT = np.arange(6, dtype=np.float32)
ON_FLAT = storage("0", FLAT)
UNKNOWN = Reference(("storage", Name("torch", "FloatStorage"), "9", "cpu", 6))


@CONTAINERS
@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (view_of(ON_FLAT, (7,), (1,)), "reaches beyond its storage"),
        (view_of(ON_FLAT, (2, 3), (4, 1)), "reaches beyond its storage"),
        (view_of(ON_FLAT, (2,), (1,), offset=5), "reaches beyond its storage"),
        (view_of(ON_FLAT, (2,), (-1,), offset=5), "reaches beyond its storage"),
        (view_of(ON_FLAT, (2,), (1,), offset=-1), "reaches beyond its storage"),
        (view_of(ON_FLAT, (10**12,), (0,)), "reaches beyond its storage"),
        (view_of(ON_FLAT, (2, 3), (1,)), "damaged"),
        (view_of("text", (2,), (1,)), "without a storage"),
        (view_of(UNKNOWN, (2,), (1,)), "damaged"),
        (view_of(Reference(("module", 1, "0", "cpu", 6)), (2,), (1,)), "no plain storage"),
        (view_of(Reference(("storage", Name("torch", "FloatStorage"), "0", "cpu", 6, (1, 2))),
                 (2,), (1,)), "no plain storage"),
    ],
)  # fmt: skip
def test_tensors_that_are_not_in_their_storage(container, state, reason):
    with pytest.raises(InputError, match=reason):
        read(container(state, [FLAT]))


@CONTAINERS
@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"a": 3}, "its 'a' is no tensor; expected a state dict"),
        ({"epoch": 3, "state_dict": {}}, "its 'epoch' is no tensor"),
        ([1], "holds no dictionary"),
        ({"a": Name("os", "system", "true")}, r"names os\.system, which was not run"),
        ({"a": Name("torch.nn.modules.conv", "Conv2d", 1)}, "names torch.nn.modules.conv.Conv2d"),
    ],
)
def test_what_is_no_state_dict(container, state, reason):
    with pytest.raises(InputError, match=reason):
        read(container(state, []))


@CONTAINERS
def test_every_truncated_file_is_refused(container):
    content = container(*tensors(ARRAYS))
    for length in range(0, len(content), 7):
        with pytest.raises(InputError):
            read(content[:length])


@CONTAINERS
def test_a_damaged_file_raises_nothing_else(container):
    content = container(*tensors(ARRAYS))
    for position in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[position] ^= 0x20
        try:
            read(bytes(damaged))
        except InputError:
            continue


def test_numbers_of_another_byte_order():
    state, storages = tensors(ARRAYS)
    for content in (
        zip_file(state, storages, byteorder=b"big"),
        legacy_file(state, storages, little_endian=False),
    ):
        with pytest.raises(InputError, match="big-endian"):
            read(content)


def test_files_of_another_kind():
    for content, reason in (
        (b"", "damaged"),
        (b"text that is no weights", "opcode|damaged"),
        (b"PK\x03\x04 no archive", "damaged"),
        (pickled(MAGIC + 1), "begins with another number"),
        (pickled(MAGIC) + pickled(1001) + pickled(3), "damaged"),
    ):
        with pytest.raises(InputError, match=reason):
            read(content)
