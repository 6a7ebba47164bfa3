"""Class names: an index, a WordNet id or any of its names finds a class."""

import difflib
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from vizjax.errors import InputError


@dataclass(frozen=True, eq=False)
class Labels:
    """The classes of a network, in the order of its scores.

    Compared by identity: a compiled function that carries a `Network` then need not compare
    a thousand names at every call.

    Attributes:
      wnids: one WordNet id a class, such as `n02129165`; empty where a network has none.
      names: the names of each class, the usual one first.
    """

    wnids: tuple[str, ...] = ()
    names: tuple[tuple[str, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def name(self, index: int) -> str:
        """The usual name of class `index`; its number where the network has no names.

        Raises:
          IndexError: there are names, but not so many.
        """
        return self.names[index][0] if self.names else str(index)

    def wnid(self, index: int) -> str | None:
        """The WordNet id of class `index`; None where the network has no such ids.

        Raises:
          IndexError: there are ids, but not so many.
        """
        return self.wnids[index] if self.wnids else None

    def index(self, label: int | str) -> int:
        """The class that `label` names.

        Args:
          label: an index (also as text), a WordNet id, or any name of a class; case does not
            matter.

        Returns:
          The index. One given as a number is not checked where the network has no names.

        Raises:
          InputError: nothing is called so (the message offers the nearest names), several
            classes are (it lists them), or an index is out of range.

        >>> imagenet().index("Panthera leo"), imagenet().index("n02129165"), imagenet().index("291")
        (291, 291, 291)
        """
        text = str(label).strip()
        if text.removeprefix("-").isdecimal():
            return self._checked(int(text))
        found = self._by_name.get(text.lower(), ())
        if len(found) == 1:
            return found[0]
        if found:
            meant = ", ".join(f"{i} ({', '.join(self.names[i][:2])})" for i in found)
            raise InputError(
                f"`label` is {label!r}, which names several classes: {meant}; "
                "give the index or the WordNet id"
            )
        # A misspelt letter, or a part of a longer name: "cat" stands in "Egyptian cat".
        near = difflib.get_close_matches(text.lower(), self._by_name, n=5, cutoff=0.7)
        near += [name for name in self._by_name if text.lower() in name.split()]
        nearest = ", ".join(dict.fromkeys(near[:8])) or "none is similar"
        raise InputError(f"`label` is {label!r}, which names no class; nearest: {nearest}")

    def _checked(self, index: int) -> int:
        if self.names and not 0 <= index < len(self):
            raise InputError(f"`label` is {index}; expected a class from 0 to {len(self) - 1}")
        return index

    @functools.cached_property
    def _by_name(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for index, names in enumerate(self.names):
            keys = [*names, *self.wnids[index : index + 1]]
            for key in dict.fromkeys(key.lower() for key in keys):
                found[key] = (*found.get(key, ()), index)
        return found


def parse_synsets(lines: Sequence[str]) -> Labels:
    """Labels from lines such as `n02129165 lion, king of beasts, Panthera leo`.

    Args:
      lines: one a class, in the order of the scores; blank ones are passed over.

    Returns:
      The classes, each with its WordNet id and its names.

    >>> parse_synsets(["n02129165 lion, king of beasts"]).names
    (('lion', 'king of beasts'),)
    """
    split = [line.strip().partition(" ") for line in lines if line.strip()]
    return Labels(
        wnids=tuple(wnid for wnid, _, _ in split),
        names=tuple(tuple(n.strip() for n in names.split(",")) for _, _, names in split),
    )


@functools.cache
def imagenet() -> Labels:
    """The 1000 classes of ILSVRC in their standard order."""
    text = resources.files("vizjax.models").joinpath("weights/imagenet_classes.txt")
    return parse_synsets(text.read_text(encoding="utf-8").splitlines())
