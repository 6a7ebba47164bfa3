"""A network's view of a photograph, and where on the photograph it lies. NumPy alone."""

import math
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from vizjax.data.crops import Views, centre_view
from vizjax.data.images import canvas, read_photo
from vizjax.models.network import Network
from vizjax.types import Box


def view_of(
    network: Network, photo: Path | str | np.ndarray
) -> Float32[np.ndarray, "height width 3"]:
    """What `network.prepare` makes of a photograph, or of the file of one.

    The same pixels; but `network.prepare` compiles a cut for every size of photograph, and a
    dataset has many.

    Args:
      network: with `preprocessing.size`.
      photo: RGB in 0-255, or the path of a file.

    Returns:
      An image for the network.

    Raises:
      InputError: the photograph cannot be read, or not be prepared.
    """
    whole = canvas(
        photo if isinstance(photo, np.ndarray) else read_photo(photo), _short_side(network)
    )
    y, x, (height, width) = _offset(network, whole.shape[0], whole.shape[1])
    return whole[y : y + height, x : x + width]


def box_on_photo(network: Network, box: Box, size: tuple[int, int]) -> Box:
    """A box on the network's view in the pixels of the photograph that the view is of.

    Args:
      network: with `preprocessing.size`.
      box: in pixels of the view.
      size: height and width of the photograph, in pixels.

    Returns:
      The smallest box of whole pixels that holds it, within the photograph.
    """
    rows, columns = (round(side * _short_side(network) / min(size)) for side in size)
    y, x, _ = _offset(network, rows, columns)
    down, across = size[0] / rows, size[1] / columns
    return Box(
        math.floor((x + box.x0) * across),
        math.floor((y + box.y0) * down),
        min(math.ceil((x + box.x1) * across), size[1]),
        min(math.ceil((y + box.y1) * down), size[0]),
    )


def _short_side(network: Network) -> int:
    return network.preprocessing.short_side or max(network.blank().shape[:2])


def _offset(network: Network, rows: int, columns: int) -> tuple[int, int, tuple[int, int]]:
    """The view's first row and column on the canvas, and its size."""
    height, width = network.blank().shape[:2]
    views: Views = centre_view(rows, columns, (height, width))
    return int(views.y[0]), int(views.x[0]), views.size
