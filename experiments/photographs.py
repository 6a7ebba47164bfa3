"""The photographs that experiments show, by name or from a file, and how numbers are written."""

from collections.abc import Mapping, Sequence

from vizjax.data import demo_photos, read_photo
from vizjax.errors import InputError
from vizjax.models import Network
from vizjax.runs import checksum
from vizjax.types import Photo

NAMES = ("chelsea", "coffee", "rocket", "astronaut")
"""The photographs that ship with scikit-image."""


def check(names: Sequence[str]) -> None:
    """Raises an `InputError` unless there is a photograph to show."""
    if not names:
        raise InputError(f"`photos` is empty; expected some of {', '.join(NAMES)}, or of your own")


def photographs(names: Sequence[str]) -> dict[str, Photo]:
    """Photographs by name.

    Args:
      names: of `NAMES`, or paths of files.

    Raises:
      InputError: neither, or a file that is no photograph.
    """
    demo = demo_photos()
    return {name: demo[name] if name in demo else read_photo(name) for name in names}


def checksums(network: Network, photos: Mapping[str, Photo] | None = None) -> dict[str, str]:
    """Checksums of a network's numbers and of each photograph's pixels, for a run's manifest."""
    inputs = {network.name: network, **(photos or {})}
    return {name: checksum(value) for name, value in inputs.items()}


def rounded(value: float, digits: int = 6) -> float:
    """A number with so many significant digits: what is beyond is rounding of float32.

    >>> rounded(1234.56789)
    1234.57
    """
    return float(f"{float(value):.{digits}g}")


def share(value: float) -> str:
    """A posterior for a title: two digits, but never 1 or 0 for what is neither.

    >>> share(0.973), share(0.999), share(1e-4)
    ('0.97', '> 0.99', '< 0.01')
    """
    return "> 0.99" if value > 0.99 else "< 0.01" if value < 0.01 else f"{value:.2f}"
