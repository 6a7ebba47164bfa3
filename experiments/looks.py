"""What a class model looks like, in numbers: contrast, roughness, what the network sees in it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.ndimage import gaussian_filter

from experiments.photographs import rounded
from vizjax.models import Network
from vizjax.pictures import Picture, to_pixels
from vizjax.types import Scores

BLUR = 2.0
"""In pixels: what is finer is lost to someone three steps away from the picture."""


class Look(NamedTuple):
    """A class model as it is shown, the mean image added, rounded to 8 bits.

    Attributes:
      score: the class's unnormalised score.
      posterior: its posterior.
      rank: its place among all classes, from 1.
      contrast: the root mean square of the picture less the mean image, in grey levels.
      roughness: the mean absolute difference of neighbouring pixels, in grey levels: the total
        variation over the number of its terms.
      posterior_blurred: the posterior after a Gaussian blur of `BLUR` pixels.
    """

    score: float
    posterior: float
    rank: int
    contrast: float
    roughness: float
    posterior_blurred: float

    def metrics(self) -> dict[str, float]:
        """For a line of metrics."""
        return {k: v if k == "rank" else rounded(v) for k, v in self._asdict().items()}


def shown(images: Float[Array | np.ndarray, "images height width 3"], mean: Any) -> list[Picture]:
    """Zero-centred images with the mean image added, in 8 bits."""
    return [to_pixels(image) for image in np.asarray(images) + np.asarray(mean)]


def looks(network: Network, pictures: Sequence[Picture], labels: Sequence[int]) -> list[Look]:
    """What each picture looks like, and what the network sees of its class in it.

    Args:
      network: a classifier.
      pictures: of its size, at least one.
      labels: one class a picture.
    """
    mean = np.asarray(network.mean_image)
    blurred = [gaussian_filter(one.astype(np.float32), (BLUR, BLUR, 0)) for one in pictures]
    sharp_scores, blurred_scores = (
        scores_of(network, np.stack(some)) for some in (pictures, blurred)
    )
    found = []
    for label, picture, sharp, soft in zip(
        labels, pictures, sharp_scores, blurred_scores, strict=True
    ):
        values = picture.astype(np.float32)
        steps = [np.abs(np.diff(values, axis=axis)).ravel() for axis in (0, 1)]
        found.append(
            Look(
                float(sharp[label]),
                float(jax.nn.softmax(sharp)[label]),
                1 + int(np.sum(sharp > sharp[label])),
                float(np.sqrt(np.mean((values - mean) ** 2))),
                float(np.concatenate(steps).mean()),
                float(jax.nn.softmax(soft)[label]),
            )
        )
    return found


def scores_of(
    network: Network, images: Float[Array | np.ndarray, "images height width 3"]
) -> Float[np.ndarray, "images classes"]:
    """The unnormalised scores of images, RGB in 0-255, of the network's size."""
    return np.asarray(_scores(network, jnp.asarray(images, jnp.float32)))


@jax.jit
def _scores(network: Network, images: Float[Array, "images height width 3"]) -> Scores:
    return jax.vmap(network)(images)
