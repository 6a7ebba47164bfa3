"""A run's PNG files, embedded as they are."""

import io
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from vizjax.errors import InputError
from vizjax.report.templates import embedded


class Embedded(NamedTuple):
    """A picture in a page.

    Attributes:
      uri: the file itself, byte for byte.
      pixels: its width and height.
      width: in CSS pixels.
      height: in CSS pixels.
    """

    uri: str
    pixels: tuple[int, int]
    width: int
    height: int


def embedded_png(path: Path) -> Embedded:
    """A PNG file, at the size that its resolution asks for; at 96 dots an inch if it has none.

    Raises:
      InputError: there is no such file, or it is damaged.
    """
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            image.load()
            dots = [dpi if dpi > 1 else 96 for dpi in image.info.get("dpi", (96, 96))]
    except (OSError, SyntaxError, ValueError) as error:  # Pillow's for a damaged PNG
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"`{path}` cannot be read: {reason}; expected a PNG file") from error
    width, height = (
        max(1, round(side * 96 / dpi)) for side, dpi in zip(image.size, dots, strict=True)
    )
    return Embedded(embedded(content, "image/png"), image.size, width, height)
