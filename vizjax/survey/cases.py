"""What a survey measures: a photograph, one of its classes, and the truth about both."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from vizjax.data.examples import Dataset, Example
from vizjax.types import Box, Mask, Photo


class Case(NamedTuple):
    """A class of a photograph.

    Attributes:
      name: the photograph's.
      label: the class, in the dataset's numbering.
      target: the network's class that stands for it: of those accepted, the highest score.
      rank: the place of the first accepted class among the network's predictions, from 1.
      photo: RGB, 0-255.
      boxes: the class's true boxes, in the photograph's pixels; empty where unknown.
      mask: the class's true mask, if there is one.
      ignored: the pixels that a measure of masks leaves out, if any.
    """

    name: str
    label: int
    target: int
    rank: int
    photo: Photo
    boxes: tuple[Box, ...]
    mask: Mask | None
    ignored: Mask | None


def cases_of(
    dataset: Dataset, examples: Sequence[Example], scores: Float[np.ndarray, "examples classes"]
) -> list[Case]:
    """One case for each class of each example that the network can know.

    An example whose class or extent is in doubt (`certain` is False) has none.
    Boxes of difficult objects are left out unless the class has no others, as in the pointing
    game on PASCAL VOC; boxes of crowds count, as in ILSVRC.

    Args:
      dataset: which of ImageNet's classes count as one of its own.
      examples: some of its examples.
      scores: the network's, of each example.
    """
    cases = []
    for example, row in zip(examples, scores, strict=True):
        order = np.argsort(-row, kind="stable")
        ranks = np.empty(len(row), int)
        ranks[order] = np.arange(1, len(row) + 1)
        for label in example.labels if example.certain else ():
            accepted = np.array(dataset.accepted(label), int)
            accepted = accepted[accepted < len(row)]
            if not len(accepted):
                continue
            target = accepted[np.argmin(ranks[accepted])]
            boxes = example.boxes(label, difficult=False) or example.boxes(label)
            mask = example.mask if len(example.labels) == 1 else None
            cases.append(
                Case(
                    example.name, label, int(target), int(ranks[target]), example.photo, boxes,
                    mask, example.ignored,
                )
            )  # fmt: skip
    return cases
