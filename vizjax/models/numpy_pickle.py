"""Arrays from a pickled tree of dictionaries, such as Flax parameters, without unpickling."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np

from vizjax.errors import InputError
from vizjax.models import pickles


class _Dtype:
    """`numpy.dtype(kind)`: float32 is all that weights need."""

    def __init__(self, kind: str, *_: Any):
        self.kind, self.order = kind, "<"

    def build(self, state: tuple[Any, ...]) -> None:
        """The state is `(version, byte order, …)`."""
        self.order = state[1]

    def dtype(self) -> np.dtype:
        if (self.order, self.kind) != ("<", "f4"):
            raise InputError(f"it has an array of {self.order}{self.kind}; expected float32, <f4")
        return np.dtype("<f4")


class _Array:
    """An array that is empty until its state says what it holds."""

    def __init__(self, *_: Any):
        self.value = np.zeros(0, np.float32)

    def build(self, state: tuple[Any, ...]) -> None:
        """The state is `(version, shape, dtype, columns first, bytes)`."""
        _version, shape, dtype, columns_first, content = state
        flat = np.frombuffer(content, dtype.dtype())
        self.value = flat.reshape(shape, order="F" if columns_first else "C").copy("C")


def _nothing(*_: Any) -> None:
    """`numpy.ndarray`, named only as an argument."""


NAMES: dict[str, Callable[..., Any]] = {
    "numpy.core.multiarray._reconstruct": _Array,
    "numpy._core.multiarray._reconstruct": _Array,
    "numpy.ndarray": _nothing,
    "numpy.dtype": _Dtype,
}
"""All that a tree of arrays may name."""


def read(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of a pickled tree by path, `VGG16_0/Conv_0/kernel`.

    Args:
      content: the bytes of a pickle of dictionaries of float32 NumPy arrays.

    Returns:
      The arrays by path; their layout is the file's.

    Raises:
      InputError: the pickle is damaged, names or holds anything else; nothing of it is ever run.
    """
    arrays: dict[str, np.ndarray] = {}

    def collect(path: str, node: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                collect(f"{path}/{key}" if path else str(key), value)
        elif isinstance(node, _Array):
            arrays[path] = node.value
        else:
            raise InputError(f"its {path or 'content'} is no array; expected a tree of arrays")

    tree = pickles.read(io.BytesIO(content), NAMES)
    try:
        collect("", tree)
    except RecursionError as error:
        raise InputError("it holds itself; expected a tree of arrays") from error
    return arrays
