"""Parts of a run that are done: arrays in its folder `work`, with which it goes on."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from vizjax.data.files import atomic_write


def kept(path: Path, make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays from a file, or made and written there, whole or not at all.

    Args:
      path: an `.npz` file.
      make: the arrays by name; called if there is no such file.

    Returns:
      The arrays, the same to the bit either way.

    Raises:
      InputError: the file cannot be written.
    """
    if not path.exists():
        arrays = {name: np.asarray(array) for name, array in make().items()}
        with atomic_write(path) as file:
            np.savez(file, allow_pickle=False, **arrays)
    with np.load(path, allow_pickle=False) as found:
        return dict(found)
