"""RISE against the same masks in NumPy, and against its expectation in closed form."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from interpolation import enlarged

from vizjax.attribution.rise import random_mask, rise
from vizjax.errors import InputError

RNG = np.random.default_rng(0)
SIZE, CELLS, KEEP = (8, 6), 3, 0.3
CELL = (3, 2)  # ⌈8/3⌉, ⌈6/3⌉
IMAGE = RNG.normal(1, 1, size=(*SIZE, 3))
WEIGHTS = RNG.normal(size=(4, *SIZE, 3)) / 5
compiled = functools.partial(
    jax.jit(rise, static_argnums=1, static_argnames=("masks", "cells", "keep", "fill", "chunk")),
    cells=CELLS,
    keep=KEEP,
)


def f32(array):
    return jnp.asarray(array, jnp.float32)


def score_fn(image):
    return jnp.tensordot(f32(WEIGHTS), jnp.sin(image), 3)


def drawn(key):
    """The grid and the shift of a mask."""
    for_grid, for_shift = jax.random.split(key)
    grid = jax.random.bernoulli(for_grid, KEEP, (CELLS, CELLS))
    return np.asarray(grid, float), np.asarray(
        jax.random.randint(for_shift, (2,), 0, jnp.array(CELL))
    )


def mask_literally(key):
    grid, (down, right) = drawn(key)
    whole = enlarged(grid, ((CELLS + 1) * CELL[0], (CELLS + 1) * CELL[1]))
    return whole[down : down + SIZE[0], right : right + SIZE[1]]


def rise_literally(key, masks, label, fill):
    total = np.zeros(SIZE)
    for number in range(masks):
        mask = mask_literally(jax.random.fold_in(key, number))
        masked = mask[..., None] * IMAGE + (1 - mask[..., None]) * fill
        exponentials = np.exp(np.tensordot(WEIGHTS, np.sin(masked), 3))
        total += exponentials[label] / exponentials.sum() * mask
    return total / (masks * KEEP)


@pytest.fixture(scope="module")
def masks():
    """The masks of 20 000 keys."""
    one = functools.partial(random_mask, height=SIZE[0], width=SIZE[1], cells=CELLS, keep=KEEP)
    keys = jax.random.split(jax.random.key(5), 20_000)
    return np.asarray(jax.jit(jax.vmap(one))(keys), np.float64)


def test_a_mask_is_the_enlarged_grid_shifted(key):
    shifts = set()
    draw = jax.jit(lambda key: random_mask(key, *SIZE, cells=CELLS, keep=KEEP))
    for one in jax.random.split(key, 12):
        found = draw(one)
        np.testing.assert_allclose(found, mask_literally(one), atol=1e-6)
        shifts.add(tuple(drawn(one)[1].tolist()))
    assert len(shifts) > 3


def moments():
    """`E[m_λ]` and `E[m_λ m_μ]` over grids and shifts, from the weights of the interpolation.

    `m = Σ_g b_g φ_g`, with independent b of mean p: `E[m m'] = p² + p(1 − p) E[Σ_g φ_g φ'_g]`.
    """
    overlap = np.zeros((SIZE[0] * SIZE[1],) * 2)
    for down, right in np.ndindex(*CELL):
        for cell in np.ndindex(CELLS, CELLS):
            grid = np.zeros((CELLS, CELLS))
            grid[cell] = 1
            whole = enlarged(grid, ((CELLS + 1) * CELL[0], (CELLS + 1) * CELL[1]))
            weights = whole[down : down + SIZE[0], right : right + SIZE[1]].ravel()
            overlap += np.outer(weights, weights) / np.prod(CELL)
    return KEEP**2 + KEEP * (1 - KEEP) * overlap


def test_masks_have_the_moments_of_their_grids(masks):
    flat, products = masks.reshape(len(masks), -1), moments()
    # 5 standard errors of 20 000 masks, whose values lie in 0-1.
    np.testing.assert_allclose(flat.mean(axis=0), KEEP, atol=5 * 0.5 / len(masks) ** 0.5)
    found = flat.T @ flat / len(masks)
    np.testing.assert_allclose(found, products, atol=5 * 0.5 / len(masks) ** 0.5)
    assert (masks >= 0).all()
    assert (masks <= 1).all()


@pytest.mark.parametrize("count", [1, 6])
def test_is_the_mean_of_posterior_times_mask(key, count):
    """Literally the paper's formula, for the same draws; mask i is that of `(key, i)`."""
    for fill, hidden in (("zero", 0.0), ("mean", IMAGE.mean((0, 1)))):
        found = compiled(key, score_fn, f32(IMAGE), 2, masks=count, fill=fill)
        expected = rise_literally(key, count, 2, hidden)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_hides_behind_the_mean_colour_unless_told_otherwise(key):
    default, mean, zero = (
        compiled(key, score_fn, f32(IMAGE), 2, masks=6, **options)
        for options in ({}, {"fill": "mean"}, {"fill": "zero"})
    )
    np.testing.assert_array_equal(default, mean)
    assert not np.allclose(default, zero)


def test_expectation_where_the_posterior_is_linear(key, masks):
    """Of `P = a + Σ_μ w_μ m_μ` it is `a + Σ_μ w_μ E[m_μ m_λ] / p`; here w is one corner's."""
    weights, offset = np.zeros(SIZE), 0.1
    weights[:2, :3] = [[0.1, 0.2, 0.05], [0.3, 0.1, 0.05]]

    def linear(image):
        p = offset + jnp.sum(f32(weights) * image)
        return jnp.log(jnp.stack([1 - p, p]))

    found = compiled(key, linear, jnp.ones(SIZE), 1, masks=len(masks), fill="zero", chunk=2000)
    expected = offset + (moments() @ weights.ravel() / KEEP).reshape(SIZE)
    posteriors = offset + (weights * masks).sum((1, 2), keepdims=True)
    error = (posteriors * masks / KEEP).std(axis=0) / len(masks) ** 0.5
    assert (np.abs(found - expected) < 5 * error).all()
    assert np.ptp(expected) > 20 * error.max()


def test_of_a_mask_that_hides_nothing_is_the_posterior(key):
    found = rise(key, score_fn, f32(IMAGE), 3, masks=3, keep=1.0)
    exponentials = np.exp(np.tensordot(WEIGHTS, np.sin(IMAGE), 3))
    np.testing.assert_allclose(
        found, np.full(SIZE, exponentials[3] / exponentials.sum()), rtol=1e-5
    )


def test_grey_images(key):
    grey = lambda image: score_fn(jnp.stack([image] * 3, -1))  # noqa: E731
    found = compiled(key, grey, f32(IMAGE[..., 0]), 3, masks=4)
    expected = compiled(key, score_fn, jnp.stack([f32(IMAGE[..., 0])] * 3, -1), 3, masks=4)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("chunk", [1, 7])
def test_chunks_change_the_last_bits_at_most(key, chunk):
    together = compiled(key, score_fn, f32(IMAGE), 2, masks=20)
    found = compiled(key, score_fn, f32(IMAGE), 2, masks=20, chunk=chunk)
    np.testing.assert_allclose(found, together, rtol=1e-5)


def test_memory_is_that_of_a_chunk(key):
    def memory(masks, chunk):
        bound = functools.partial(rise, masks=masks, chunk=chunk)
        return tiny.temporary_bytes(bound, key, tiny.network(), tiny.image(), jnp.array(1))

    assert 10 * memory(4000, 4) < memory(400, 400)


def test_all_labels_share_all_forward_passes(key):
    """Four more labels take less than a fifth of one label's passes: softmax and weighted sums."""
    net, image = tiny.network(), tiny.image()
    passes = tiny.flops(jax.vmap(net), jnp.zeros((20, *tiny.SIZE, 3)))
    bound = functools.partial(rise, key, masks=20)
    one = tiny.flops(bound, net, image, jnp.array(0))
    five = tiny.flops(jax.vmap(bound, (None, None, 0)), net, image, jnp.arange(5))
    assert one > passes
    assert five - one < 0.2 * passes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"masks": 0}, "`masks` is 0"),
        ({"cells": 0}, "`cells` is 0"),
        ({"keep": 0.0}, r"`keep` is 0.0; expected a share of cells in \(0, 1\]"),
        ({"keep": 1.5}, "`keep` is 1.5"),
        ({"chunk": 0}, "`chunk` is 0"),
        ({"fill": "grey"}, "`fill` is grey"),
    ],
)
def test_refuses(key, options, message):
    with pytest.raises(InputError, match=message):
        rise(key, score_fn, f32(IMAGE), 0, **{"masks": 4, **options})
