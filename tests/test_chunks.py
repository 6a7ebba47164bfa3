"""Evaluations in chunks: the results of a loop, in the memory of one chunk."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from vizjax.chunks import check_count, chunked_map, chunked_moments, chunked_sum
from vizjax.errors import InputError

CHUNKS = [1, 2, 3, 7, 8, None]  # of seven: the remainder is 0, 1 or 1, then there is one chunk
XS = {"a": jnp.arange(14.0).reshape(7, 2), "b": jnp.arange(7) ** 2}


def function(x):
    """Integers in floating point, so that sums in any order are equal."""
    return {"left": x["a"] * x["b"].astype(jnp.float32), "right": (x["b"], x["a"].sum())}


LEFT = [[2.0 * k * k**2, (2 * k + 1.0) * k**2] for k in range(7)]
RIGHT = [k**2 for k in range(7)], [4 * k + 1.0 for k in range(7)]


@pytest.mark.parametrize("chunk", CHUNKS)
def test_the_map_is_the_loop_s(chunk):
    found = chunked_map(function, XS, chunk=chunk)
    np.testing.assert_array_equal(found["left"], LEFT)
    np.testing.assert_array_equal(found["right"][0], RIGHT[0])
    np.testing.assert_array_equal(found["right"][1], RIGHT[1])


@pytest.mark.parametrize("chunk", CHUNKS)
def test_the_sum_is_the_loop_s(chunk):
    found = chunked_sum(function, XS, chunk=chunk)
    np.testing.assert_array_equal(found["left"], np.sum(LEFT, axis=0))
    assert (found["right"][0].item(), found["right"][1].item()) == (91, 91)
    assert found["right"][0].dtype == jnp.int32


@pytest.mark.parametrize("chunk", CHUNKS)
def test_the_moments_are_numpy_s(chunk):
    values = np.random.default_rng(0).normal(size=(7, 3, 2)) * [1, 100] + [5, -3]
    values = values.astype(np.float32)
    found = chunked_moments(lambda k: jnp.asarray(values)[k], jnp.arange(7), chunk=chunk)
    np.testing.assert_allclose(found.mean, values.astype(float).mean(axis=0), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found.variance, values.astype(float).var(axis=0), rtol=1e-6)


@pytest.mark.parametrize("chunk", [1, 64, 1000, None])
def test_a_mean_far_from_zero_costs_no_digits_of_the_variance(chunk):
    values = np.float32(2**17) + np.random.default_rng(1).normal(size=1000).astype(np.float32)
    found = chunked_moments(lambda x: x, jnp.asarray(values), chunk=chunk)
    # Welford's update rounds the running mean, 2⁻⁷ at 2¹⁷, at each of the steps; the difference of
    # squares would be off by hundreds, the spacing of float32 at 2³⁴ being 2¹¹.
    np.testing.assert_allclose(found.variance, values.astype(float).var(), rtol=2e-3)
    assert abs(np.mean(values**2) - np.mean(values) ** 2 - 1) > 1


@pytest.mark.parametrize("chunk", [1, 3, None])
def test_moments_of_large_values_are_finite(chunk):
    found = chunked_moments(lambda x: x, jnp.full(4, 2.0**83), chunk=chunk)  # its square is not
    assert (found.mean.item(), found.variance.item()) == (2.0**83, 0)


@pytest.mark.parametrize("chunked", [chunked_map, chunked_sum, chunked_moments])
def test_memory_is_that_of_a_chunk(chunked):
    """Each evaluation needs 40 kB for a moment; what is kept of it is one number."""

    def temporary(count, chunk):
        wide = jnp.linspace(0, 1, 10_000)
        run = jax.jit(lambda xs: chunked(lambda x: jnp.sort(jnp.sin(x * wide))[7], xs, chunk=chunk))
        memory = run.lower(jnp.zeros(count)).compile().memory_analysis()
        return getattr(memory, "temp_size_in_bytes")  # noqa: B009

    one, four, all_at_once = (temporary(64, chunk) for chunk in (1, 4, None))
    assert all_at_once >= 64 * 40_000
    assert four < all_at_once / 8
    assert one < four / 2
    assert temporary(256, 4) < 1.1 * four


@pytest.mark.parametrize("chunked", [chunked_map, chunked_sum, chunked_moments])
def test_what_is_not_mapped_is_evaluated_once_for_all(chunked):
    """Under an outer `vmap` the forward pass of a chunk is shared by all that is mapped."""
    network = tiny.network()
    images = jnp.stack([tiny.image(seed) for seed in range(4)])

    def scores(network, images, label):
        return chunked(lambda image: network(image)[label], images, chunk=2)

    one = tiny.flops(scores, network, images, jnp.array(0))
    many = tiny.flops(jax.vmap(scores, (None, None, 0)), network, images, jnp.arange(7))
    assert one > 1.99 * tiny.flops(type(network).__call__, network, images[0])
    assert many < 1.01 * one


@pytest.mark.parametrize("chunked", [chunked_map, chunked_sum, chunked_moments])
@pytest.mark.parametrize("chunk", [0, -3])
def test_refuses_no_chunk_at_all(chunked, chunk):
    with pytest.raises(InputError, match=f"`chunk` is {chunk}; expected .* at least 1"):
        chunked(lambda x: x, jnp.arange(3.0), chunk=chunk)


def test_a_count_is_at_least_one():
    check_count("samples", 1)
    with pytest.raises(InputError, match=r"`samples` is 0; expected .* at least 1"):
        check_count("samples", 0)
