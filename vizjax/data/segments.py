"""Segments of an image: superpixels, or the cells of a grid. NumPy, no JAX."""

import numpy as np
from jaxtyping import Array, Float, Int

from vizjax.errors import InputError
from vizjax.types import Photo


def slic(
    image: Photo | Float[Array | np.ndarray, "height width 3"],
    count: int = 50,
    *,
    compactness: float = 10.0,
    sigma: float = 1.0,
) -> Int[np.ndarray, "height width"]:
    """Superpixels: connected regions of much the same colour and size, by SLIC.

    `k`-means of colour (CIELAB) and place, each cluster looking no further than its neighbours;
    scikit-image's implementation, which joins fragments to what surrounds them.

    Args:
      image: RGB, 0-255.
      count: about how many, at least 1; the regular start and the joining make it a little other.
      compactness: of place against colour, positive; higher for squarer segments.
      sigma: of the Gaussian blur beforehand, in pixels, not negative.

    Returns:
      `(height, width)`, the segment of each pixel: all of `0 … n − 1`, and the same for the same
      image.

    Raises:
      InputError: `count` is less than 1.

    Source: Achanta et al. 2012, *SLIC Superpixels Compared to State-of-the-art Superpixel Methods*.
    """
    from skimage.segmentation import slic as segment  # heavy, and only needed here

    if count < 1:
        raise InputError(f"`count` is {count}; expected about how many segments, at least 1")
    pixels = np.asarray(image, np.float64) / 255
    labels = segment(
        pixels, count, compactness=compactness, sigma=sigma, start_label=0, channel_axis=-1
    )
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int32)


def grid(height: int, width: int, rows: int, columns: int) -> Int[np.ndarray, "{height} {width}"]:
    """The cells of a regular grid, numbered row by row.

    Args:
      height: of the image, in pixels.
      width: likewise.
      rows: of cells, at least 1 and at most `height`; their heights differ by a pixel at most.
      columns: likewise.

    Returns:
      The cell of each pixel, `0 … rows · columns − 1`.

    Raises:
      InputError: more cells than pixels along an axis, or none.

    >>> grid(2, 5, 1, 2)
    array([[0, 0, 0, 1, 1],
           [0, 0, 0, 1, 1]], dtype=int32)
    """
    if not (1 <= rows <= height and 1 <= columns <= width):
        raise InputError(
            f"`rows` and `columns` are {rows} and {columns} for an image of {height}×{width}; "
            "expected at least one cell and one pixel a cell"
        )
    row, column = (
        np.arange(size, dtype=np.int32) * cells // size
        for size, cells in ((height, rows), (width, columns))
    )
    return row[:, None] * np.int32(columns) + column[None]
