"""The vocabulary of the datasets: an example is a photograph, and the truth about it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, SupportsIndex, overload

from vizjax.errors import InputError
from vizjax.types import Box, Mask, Photo


class Instance(NamedTuple):
    """One object, or a crowd of them.

    Attributes:
      label: its class, an index into the dataset's `classes`.
      box: where it is, in the photograph's own pixels.
      crowd: whether the box holds many objects of the class that are not boxed one by one.
      difficult: whether the dataset's authors leave it out of their own evaluation (PASCAL VOC).
    """

    label: int
    box: Box
    crowd: bool = False
    difficult: bool = False


class Example(NamedTuple):
    """A photograph and what is true of it.

    Attributes:
      name: what the dataset calls it: a file's name.
      photo: RGB, 0-255, (height, width, 3).
      labels: the classes of what it shows, indices into the dataset's `classes`; empty where the
        dataset keeps them secret (a test set).
      instances: the objects; empty where the dataset has no boxes for this photograph.
      mask: where the objects of its class are, (height, width), if the dataset says.
      certain: whether class and extent are beyond doubt; measure on these alone.
      ignored: the pixels that a measure of masks leaves out, if the dataset names some.
    """

    name: str
    photo: Photo
    labels: tuple[int, ...]
    instances: tuple[Instance, ...] = ()
    mask: Mask | None = None
    certain: bool = True
    ignored: Mask | None = None

    def boxes(self, label: int, *, crowd: bool = True, difficult: bool = True) -> tuple[Box, ...]:
        """The boxes of one class.

        Args:
          label: the class.
          crowd: whether those of crowds count.
          difficult: whether those of difficult objects do.

        Returns:
          The boxes, in the dataset's order.
        """
        return tuple(
            one.box
            for one in self.instances
            if one.label == label and crowd >= one.crowd and difficult >= one.difficult
        )


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Sequence):  # not `Sequence[Example]`: a check of types would read an example
    """Examples that are read when they are asked for; a slice is a dataset, and reads nothing.

    Attributes:
      name: what `vizjax.data.dataset` calls it.
      classes: the names of its classes; a label is an index into them.
      counterparts: for each class, the ImageNet classes that count as it: see `accepted`.
      read: reads the example of that number.
      numbers: of the examples, in order.
    """

    name: str
    classes: tuple[str, ...]
    counterparts: tuple[tuple[int, ...], ...]
    read: Callable[[int], Example]
    numbers: range

    def accepted(self, label: int) -> tuple[int, ...]:
        """Say which of ImageNet's classes count as a class of this dataset.

        Args:
          label: the class, an index into `classes`.

        Returns:
          Indices from 0 to 999 in the standard order. Empty where ImageNet has no such class:
          its networks cannot be measured on it.

        Raises:
          InputError: the dataset has no such class.
        """
        if not 0 <= label < len(self.counterparts):
            raise InputError(
                f"`label` is {label}; expected a class of {self.name}, "
                f"from 0 to {len(self.counterparts) - 1}"
            )
        return self.counterparts[label]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> "Dataset": ...
    def __getitem__(self, index: SupportsIndex | slice) -> "Example | Dataset":
        if isinstance(index, slice):
            return replace(self, numbers=self.numbers[index])
        return self.read(self.numbers[index])

    def __iter__(self) -> Iterator[Example]:
        return (self.read(number) for number in self.numbers)

    def __repr__(self) -> str:
        return f"<{self.name}: {len(self)} examples of {len(self.classes)} classes>"
