"""MATLAB files: variables, structs and strings, without MATLAB's habits.

What scipy makes of a file keeps them: a struct is a 1×1 array, a string an array of one string, a
cell an array of objects, a small number is a uint8. Here a struct is read by field name, and what
is wrong with a field is said in terms of the file.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vizjax.errors import InputError


def variables(path: Path) -> Mapping[str, Any]:
    """The variables in a `.mat` file, as scipy reads them.

    Raises:
      InputError: the file is missing, of another kind or damaged.
    """
    import scipy.io

    if not path.is_file():
        what = "a directory" if path.is_dir() else "missing"
        raise InputError(f"the file is {what}; expected a .mat file")
    with path.open("rb") as file:
        header = file.read(10)
    if header == b"MATLAB 7.3":
        raise InputError("it is a v7.3 (HDF5) file; load it in MATLAB and save it with -v7")
    if not header.startswith(b"MATLAB"):
        raise InputError("it is no MATLAB file; expected one that begins with its header")
    try:
        return scipy.io.loadmat(path, appendmat=False)
    # On damaged bytes scipy raises whatever its parser stumbles on: zlib.error, TypeError, …
    except Exception as error:
        raise InputError(f"it is damaged ({error}); fetch it again") from error


def fields(value: Any) -> dict[str, Any]:
    """The fields of a struct; none of anything else."""
    if not isinstance(value, np.ndarray) or not value.dtype.names or value.size != 1:
        return {}
    return dict(zip(value.dtype.names, value.item(), strict=True))


def text(value: Any) -> str:
    """A string; empty for anything else."""
    value = np.asarray(value)
    return str(value.item()).strip() if value.dtype.kind == "U" and value.size == 1 else ""


def strings(cell: Any) -> tuple[str, ...]:
    """The strings in a cell, or the rows of a character array; none where none is a string."""
    found = tuple(map(text, np.ravel(cell)))
    return found if any(found) else ()


def listed(values: Iterable[Any]) -> str:
    """Numbers as MATLAB writes a row of them.

    >>> listed((32.0, 0.875))
    '[32 0.875]'
    """
    return f"[{' '.join(f'{float(value):g}' for value in values)}]"


def times(sizes: Iterable[int]) -> str:
    """Sizes as one reads them.

    >>> times((224, 224, 3))
    '224 × 224 × 3'
    """
    return " × ".join(map(str, sizes))


class Struct(NamedTuple):
    """A struct's fields, and what to call it when one of them is wrong."""

    fields: Mapping[str, Any]
    title: str

    def error(self, what: str) -> InputError:
        """The complaint `what` about this struct."""
        return InputError(f"{self.title} {what}")

    def text(self, field: str, default: str = "") -> str:
        """A field that is a string."""
        return text(self.fields.get(field)) or default

    def array(self, field: str, default: Any = None) -> np.ndarray:
        """A field of finite numbers; `[]` counts as not given."""
        value = np.asarray(self.fields.get(field, ()))
        if value.size == 0:
            if default is None:
                raise self.error(f"has no `{field}`; expected numbers")
            return np.asarray(default)
        if value.dtype.kind not in "buif":
            raise self.error(f"has a `{field}` that is not numeric; expected numbers")
        if not np.isfinite(value).all():
            raise self.error(f"has NaN or infinite numbers in `{field}`; expected finite ones")
        return value

    def integers(
        self, field: str, default: Any = None, *, count: int, least: int
    ) -> tuple[int, ...]:
        """A field of `count` whole numbers; one number stands for all of them."""
        values = self.array(field, default).ravel()
        if values.size not in (1, count) or (values % 1 != 0).any() or (values < least).any():
            raise self.error(
                f"has `{field}` = {listed(values)}; expected 1 or {count} whole numbers of at "
                f"least {least}"
            )
        # Python's integers: in uint8, which MATLAB saves small numbers in, 224 + 32 is 0.
        return tuple(int(value) for value in np.broadcast_to(values, count))
