"""Tensors from a PyTorch file (`.pth`, `.pt`), read without PyTorch and without unpickling.

Both containers of `torch.save` are read: the zip archive, and the older run of pickles. Either is
a pickle that describes each tensor as a window on a storage, and the storages' bytes beside it.
"""

import io
import math
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from vizjax.errors import InputError
from vizjax.models import pickles

MAGIC = 0x1950A86A20F9469CFC6C
"""The first number of the older container."""

STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}
"""The types of storages: little-endian."""


DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, KeyError, ValueError, TypeError,
    OverflowError,
)  # fmt: skip
"""What a damaged file makes the readers of zip archives and arrays raise."""


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype
    size: int


class _Tensor(NamedTuple):
    """A window on a storage, in elements: the storage's bytes may come after it."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self, content: bytes) -> np.ndarray:
        """The tensor's elements among its storage's bytes."""
        steps = zip(self.shape, self.strides, strict=True)
        last = self.offset + sum((size - 1) * stride for size, stride in steps)
        numbers = (self.offset, *self.shape, *self.strides)
        beyond = 0 not in self.shape and last >= self.storage.size
        # A view that repeats its elements would be small in the file and of any size here.
        if min(numbers) < 0 or beyond or math.prod(self.shape) > self.storage.size:
            raise InputError(f"it has a tensor of {self.shape} that reaches beyond its storage")
        flat = np.frombuffer(content, self.storage.dtype, self.storage.size)
        strides = [stride * flat.itemsize for stride in self.strides]
        view = np.lib.stride_tricks.as_strided(
            flat[self.offset :], self.shape, strides, writeable=False
        )
        return view.copy()


def _storage_type(name: str) -> Callable[[], str]:
    return lambda: STORAGES[name]


def _tensor(storage, offset, shape, strides, *_) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise InputError("it has a tensor without a storage")
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


TYPES = {f"torch.{name}": _storage_type(name) for name in STORAGES}
NAMES: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": dict,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": lambda tensor, *_: tensor,
    **TYPES,
}
"""All that the state dict of a network may name."""


def read(content: bytes) -> dict[str, np.ndarray]:
    """The tensors of a state dict by name.

    Args:
      content: the bytes of a file that `torch.save(module.state_dict(), …)` wrote, of any age.

    Returns:
      The tensors as PyTorch keeps them (kernels: output, input, height, width).

    Raises:
      InputError: the file is damaged, is no state dict, or its pickle names anything else than
        plain tensors do; nothing of it is ever run.
    """
    try:
        container = _zip if content.startswith(b"PK") else _legacy
        state, load = container(io.BytesIO(content))
        wrong = [key for key, value in _items(state) if not isinstance(value, _Tensor)]
        if wrong:
            raise InputError(
                f"its {wrong[0]!r} is no tensor; expected a state dict, of tensors alone"
            )
        return {key: tensor.array(load(tensor.storage)) for key, tensor in state.items()}
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(f"it is damaged: {error}; expected a file of `torch.save`") from error


def _items(state: Any):
    if not isinstance(state, dict):
        raise InputError("it holds no dictionary; expected a state dict")
    return state.items()


def _persistent(reference: Any) -> _Storage:
    """A storage from `("storage", type, key, device, elements)`, where older files add None."""
    kind, storage_type, key, _device, size, *view = reference
    if kind != "storage" or storage_type not in TYPES.values() or view not in ([], [None]):
        raise InputError("it refers to what is no plain storage")
    return _Storage(str(key), np.dtype(storage_type()), int(size))


def _zip(file: io.BytesIO) -> tuple[Any, Callable[[_Storage], bytes]]:
    archive = zipfile.ZipFile(file)
    pickled = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(pickled) != 1:
        raise InputError(
            "it is a zip archive without one data.pkl; expected a file of `torch.save`"
        )
    folder = pickled[0].removesuffix("data.pkl")
    order = f"{folder}byteorder"
    if order in archive.namelist() and archive.read(order) != b"little":
        raise InputError("its numbers are big-endian; expected little-endian")
    state = pickles.read(io.BytesIO(archive.read(pickled[0])), NAMES, _persistent)
    return state, lambda storage: archive.read(f"{folder}data/{storage.key}")


def _legacy(file: io.BytesIO) -> tuple[Any, Callable[[_Storage], bytes]]:
    if pickles.read(file, {}) != MAGIC:
        raise InputError("it begins with another number; expected a file of `torch.save`")
    pickles.read(file, {})  # the protocol's version, always 1001
    if dict(pickles.read(file, {})).get("little_endian") is not True:
        raise InputError("its numbers are big-endian; expected little-endian")
    storages: dict[str, _Storage] = {}

    def remember(reference: Any) -> _Storage:
        storage = _persistent(reference)
        return storages.setdefault(storage.key, storage)

    state = pickles.read(file, NAMES, remember)
    contents: dict[str, bytes] = {}
    for key in pickles.read(file, {}):
        storage = storages[key]
        if file.read(8) != storage.size.to_bytes(8, "little"):
            raise InputError(f"its storage {key} is not of {storage.size} elements as announced")
        contents[key] = file.read(storage.size * storage.dtype.itemsize)
    return state, lambda storage: contents[storage.key]
