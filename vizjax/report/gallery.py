"""Pages of pictures in groups, such as those of `vizjax demo` and `vizjax compare`."""

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from vizjax.pictures import Picture
from vizjax.report.templates import embedded, rendered


class Panel(NamedTuple):
    """One picture and what stands under it."""

    picture: Picture
    caption: str


class Group(NamedTuple):
    """Pictures that belong side by side, such as all of one photograph."""

    title: str
    panels: Sequence[Panel]


class Section(NamedTuple):
    """A figure of the page: what it shows, in a sentence, with its parameters.

    Attributes:
      title: of the section.
      text: what is to be seen, and its source.
      parameters: everything that the pictures depend on.
      groups: the pictures.
    """

    title: str
    text: str
    parameters: str
    groups: Sequence[Group]


def page(title: str, introduction: str, sections: Sequence[Section], *, footer: str = "") -> str:
    """The page as HTML text.

    Args:
      title: of the page.
      introduction: a paragraph under the title.
      sections: the figures, in order; all their texts are plain and escaped here.
      footer: the last line; may be empty.

    Returns:
      A whole document that refers to nothing outside itself.
    """
    return rendered(
        "gallery.html",
        title=title,
        introduction=introduction,
        sections=sections,
        footer=footer,
        data_uri=data_uri,
    )


def data_uri(picture: Picture) -> str:
    """A picture as a `data:` address: a JPEG of high quality, its colours at full resolution."""
    file = io.BytesIO()
    Image.fromarray(np.asarray(picture)).save(file, format="JPEG", quality=92, subsampling=0)
    return embedded(file.getvalue(), "image/jpeg")
