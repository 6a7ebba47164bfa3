"""Many evaluations of one function in bounded memory: `chunk` at a time.

The chunks follow one another in a compiled loop. On a CPU, XLA runs the convolutions inside a loop
on one thread, so the smallest memory is not the shortest time.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from vizjax.errors import InputError


class Moments(NamedTuple):
    """Mean and variance over evaluations, each shaped as one result.

    Attributes:
      mean: `Σ_x y(x) / n`.
      variance: `Σ_x (y(x) − mean)² / n`, of the population: 0 for a single evaluation.
    """

    mean: Array
    variance: Array


def check_chunk(chunk: int | None) -> None:
    """Raises an `InputError` unless `chunk` is None or at least 1."""
    if chunk is not None and chunk < 1:
        raise InputError(
            f"`chunk` is {chunk}; expected how many evaluations may be in memory at once, at least "
            "1, or None for all"
        )


def check_count(name: str, count: int) -> None:
    """Raises an `InputError` unless `count`, the argument `name`, is at least 1."""
    if count < 1:
        raise InputError(f"`{name}` is {count}; expected how many evaluations to make, at least 1")


def chunked_map(function: Callable[[Any], Any], xs: Any, *, chunk: int | None) -> Any:
    """`function` of every element of `xs`, `chunk` of them at a time.

    Args:
      function: one element (a pytree without the leading axis) to a pytree of arrays.
      xs: a pytree of arrays with one leading axis of the same length, at least 1.
      chunk: elements evaluated together by `jax.vmap`; None for all. The memory of the evaluation
        grows with it, that of the stacked results does not depend on it. The last bits may depend
        on it, as those of any batched sum.

    Returns:
      The results, stacked along a leading axis in the order of `xs`.

    Raises:
      InputError: `chunk` is less than 1.

    >>> chunked_map(lambda x: x**2, jnp.arange(5), chunk=2).tolist()
    [0, 1, 4, 9, 16]
    """
    check_chunk(chunk)
    if chunk is None or chunk >= _length(xs):
        return jax.vmap(function)(xs)
    return jax.lax.map(function, xs, batch_size=chunk)


def chunked_sum(function: Callable[[Any], Any], xs: Any, *, chunk: int | None) -> Any:
    """`Σ_x function(x)` over the elements of `xs`, `chunk` of them in memory at a time.

    Args:
      function: one element (a pytree without the leading axis) to a pytree of arrays.
      xs: a pytree of arrays with one leading axis of the same length, at least 1.
      chunk: elements evaluated together by `jax.vmap`; None for all. Nothing else is kept but the
        running sum. The last bits may depend on it.

    Returns:
      The sum, shaped as one result.

    Raises:
      InputError: `chunk` is less than 1.

    >>> chunked_sum(lambda x: x**2, jnp.arange(5), chunk=2).item()
    30
    """

    def total(xs):
        return jax.tree.map(lambda y: y.sum(axis=0), jax.vmap(function)(xs))

    return _folded(total, lambda one, other: jax.tree.map(jnp.add, one, other), xs, chunk)


def chunked_moments(function: Callable[[Any], Array], xs: Any, *, chunk: int | None) -> Moments:
    """Mean and variance of `function` over the elements of `xs`, `chunk` in memory at a time.

    One pass. Each chunk's own moments are merged into the running ones by the update of Chan,
    Golub & LeVeque (1983, doi 10.1080/00031305.1983.10483115), of which `chunk=1` is Welford's: no
    difference of large squares is formed, so a mean far from 0 costs no digits of the variance.

    Args:
      function: one element (a pytree without the leading axis) to an array of floating point.
      xs: a pytree of arrays with one leading axis of the same length, at least 1.
      chunk: elements evaluated together by `jax.vmap`; None for all. Nothing else is kept but the
        running moments. The last bits may depend on it.

    Returns:
      The moments; the variance is divided by the number of elements, not by one less.

    Raises:
      InputError: `chunk` is less than 1.

    >>> moments = chunked_moments(lambda x: x, jnp.array([1e6, 1e6 + 1, 1e6 + 2, 1e6 + 5]), chunk=3)
    >>> moments.mean.item(), moments.variance.item()
    (1000002.0, 3.5)
    """

    def moments(xs):
        y = jax.vmap(function)(xs)
        mean = y.mean(axis=0)
        return jnp.full((), len(y), y.dtype), mean, jnp.square(y - mean[None]).sum(axis=0)

    def merged(one, other):
        (m, mean, squares), (n, mean_of_other, squares_of_other) = one, other
        share, gap = n / (m + n), mean_of_other - mean
        # Not gap²: while m is 0 the gap is the mean itself, whose square may overflow.
        squares = squares + squares_of_other + gap * (m * share * gap)
        return m + n, mean + share * gap, squares

    count, mean, squares = _folded(moments, merged, xs, chunk)
    return Moments(mean, squares / count)


def _folded(
    partial: Callable[[Any], Any], merge: Callable[[Any, Any], Any], xs: Any, chunk: int | None
) -> Any:
    """`partial` of each chunk of `xs`, merged in order; zeros must be neutral in `merge`."""
    check_chunk(chunk)
    length = _length(xs)
    if chunk is None or chunk >= length:
        return partial(xs)
    whole = length // chunk * chunk
    parts = jax.tree.map(lambda x: x[:whole].reshape(-1, chunk, *x.shape[1:]), xs)
    start = jax.tree.map(lambda y: jnp.zeros(y.shape, y.dtype), jax.eval_shape(partial, xs))
    result, _ = jax.lax.scan(
        lambda result, part: (merge(result, partial(part)), None), start, parts
    )
    return (
        result if whole == length else merge(result, partial(jax.tree.map(lambda x: x[whole:], xs)))
    )


def _length(xs: Any) -> int:
    return len(jax.tree.leaves(xs)[0])
