"""Transformations of methods: each takes a method and returns a method."""

from collections.abc import Callable

import jax

from vizjax.data.crops import Views, assemble, extract
from vizjax.types import Method


def multicrop(method: Method, *, crops: Callable[[int, int], Views]) -> Method:
    """Averages a method's maps over several views of a large image (Simonyan et al. 2013, §3.1).

    Every view is cut out of the image (and reflected where the view says so), explained by
    `method`, and its map put back where it came from, the reflection undone. Where views overlap,
    the average over the views that cover a pixel stands: `M(p) = Σ_v M_v(p) / #{v covers p}`.
    A pixel that no view covers, as between the views of a long panorama, is 0: no evidence.

    Args:
      method: `(score_fn, image, label) -> map`, `(height, width)` for an image of the views' size.
      crops: height and width of an image to its views, such as
        `functools.partial(ten_views, size=227)`.

    Returns:
      `(score_fn, image, label) -> map` at the size of the large image.

    Raises:
      InputError: when the result is called with an image smaller than a view.
    """

    def averaged(score_fn, image, label):
        height, width = image.shape[:2]
        views = crops(height, width)
        maps = jax.vmap(method, (None, 0, None))(score_fn, extract(image, views), label)
        return assemble(maps, views, height, width)

    return averaged
