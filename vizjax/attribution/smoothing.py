"""What a method says of noisy copies of the image: their mean, mean square and variance.

Transformations of any method `(score_fn, image, label) -> map` to a random one that takes a key
first. Hyperparameters are bound before, and so is the key of a method that is random itself; that
key serves all the copies:

    smooth(functools.partial(integrated_gradients, steps=20), sigma=38.0)
    smooth(functools.partial(expected_gradients, key, baselines=baselines), sigma=38.0)
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array

from vizjax.chunks import check_chunk, check_count, chunked_moments, chunked_sum
from vizjax.errors import InputError
from vizjax.targets import check_floating
from vizjax.types import KeyArray, Label, Method, ScoreFn


def smooth(method: Method, *, samples: int = 50, sigma: float, chunk: int | None = None) -> Method:
    """SmoothGrad: the mean of a method's maps over noisy copies of the image.

    `M̂(x) = 1/n Σ_k M(x + ε_k)`,  `ε_k ~ N(0, σ²)`, independent in each value

    Args:
      method: `(score_fn, image, label) -> map`. The paper smooths the signed `gradient` and takes
        magnitudes afterwards; of `saliency` the mean is over magnitudes.
      samples: n, at least 1; the paper uses 50.
      sigma: σ, not negative, in the image's own units. The paper advises 10-20 % of the range of
        the image's values: 25 to 51 where that is the whole of 0-255.
      chunk: copies in memory at a time; None for all. Copy k's noise depends on the key and k only.

    Returns:
      `(key, score_fn, image, label) -> map`; the key is consumed. Copies of one call are shared by
      all labels under `jax.vmap`, and so are their forward passes.

    Raises:
      InputError: `samples` or `chunk` is less than 1, or `sigma` negative or not finite; when
        called, `image` is not of floating point, or as of `method`.

    Source: Smilkov, Thorat, Kim, Viégas & Wattenberg 2017, arXiv 1706.03825.

    >>> from vizjax.attribution.gradients import gradient
    >>> smoothed = smooth(gradient, sigma=0.1)
    >>> smoothed(jax.random.key(0), lambda x: 3 * x, jnp.array([1.0]), 0).round(5).tolist()
    [3.0]
    """

    def mean(noisy: Callable[[Array], Array]) -> Array:
        return chunked_sum(noisy, jnp.arange(samples), chunk=chunk) / samples

    return _over_noise(method, mean, samples, sigma, chunk)


def smooth_squared(
    method: Method, *, samples: int = 50, sigma: float, chunk: int | None = None
) -> Method:
    """SmoothGrad²: the mean of a method's squared maps over noisy copies of the image.

    `1/n Σ_k M(x + ε_k)²`, which is SmoothGrad's square plus VarGrad.

    Args:
      method: as of `smooth`.
      samples: as there.
      sigma: as there.
      chunk: as there.

    Returns:
      As of `smooth`; not negative, in the map's units squared.

    Raises:
      InputError: as of `smooth`.

    Source: Hooker, Erhan, Kindermans & Kim 2018, arXiv 1806.10758.
    """

    def squared(score_fn, image, label):
        return jnp.square(method(score_fn, image, label))

    return smooth(squared, samples=samples, sigma=sigma, chunk=chunk)


def variance(
    method: Method, *, samples: int = 50, sigma: float, chunk: int | None = None
) -> Method:
    """VarGrad: the variance of a method's maps over noisy copies of the image.

    `1/n Σ_k (M(x + ε_k) − M̂(x))²` with SmoothGrad's mean `M̂`.

    Of the population, divided by n and not by n − 1, as in Captum; but not computed as the mean of
    squares less the square of the mean, which loses all digits where the map varies little.

    Args:
      method: as of `smooth`.
      samples: as there; of a single one the variance is 0.
      sigma: as there.
      chunk: as there.

    Returns:
      As of `smooth`; not negative, in the map's units squared.

    Raises:
      InputError: as of `smooth`.

    Source: Adebayo, Gilmer, Goodfellow & Kim 2018, arXiv 1810.03307.
    """

    def of_population(noisy: Callable[[Array], Array]) -> Array:
        return chunked_moments(noisy, jnp.arange(samples), chunk=chunk).variance

    return _over_noise(method, of_population, samples, sigma, chunk)


def _over_noise(
    method: Method,
    summary: Callable[[Callable[[Array], Array]], Array],
    samples: int,
    sigma: float,
    chunk: int | None,
) -> Method:
    """The random method that is `summary` of the function from a copy's number to its map."""
    check_count("samples", samples)
    check_chunk(chunk)
    if not 0 <= sigma < float("inf"):
        raise InputError(
            f"`sigma` is {sigma}; expected a finite standard deviation in the image's units, not "
            "negative: 38 is 15 % of 0-255"
        )

    def summarised(key: KeyArray, score_fn: ScoreFn, image: Array, label: Label) -> Array:
        image = jnp.asarray(image)
        check_floating("image", image)

        def noisy(number: Array) -> Array:
            noise = jax.random.normal(jax.random.fold_in(key, number), image.shape, image.dtype)
            return method(score_fn, image + float(sigma) * noise, label)

        return summary(noisy)

    return summarised
