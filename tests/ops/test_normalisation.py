"""Local response normalisation against the papers' formula."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references

from vizjax import ops

# Strong enough to be seen in float32; the published 1e-4 changes activations of order 1 by 1e-5.
STRONG: Any = {"kappa": 1.5, "alpha": 0.3, "beta": 0.75}


@pytest.mark.parametrize("window", [1, 2, 3, 4, 5, 9])
def test_lrn_by_definition(key, window):
    x = jax.random.normal(key, (4, 3, 7))
    expected = references.lrn(x, window=window, **STRONG)
    y = ops.local_response_norm(x, window=window, **STRONG)
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-7)


def test_lrn_at_the_published_constants(key):
    x = 200 * jax.random.normal(key, (4, 3, 16))  # of the size of real activations
    np.testing.assert_allclose(ops.local_response_norm(x), references.lrn(x), rtol=1e-6)
    assert not np.allclose(ops.local_response_norm(x), x * 2.0**-0.75, rtol=0.1)


def test_alpha_is_not_divided_by_the_window():
    """A constant input, five equal terms: `x·(κ + 5αx²)^−β`, not `x·(κ + αx²)^−β`."""
    y = ops.local_response_norm(jnp.full((1, 1, 9), 2.0), alpha=0.1, beta=1.0)
    np.testing.assert_allclose(y[0, 0, 2:-2], 2 / (2 + 5 * 0.1 * 4), rtol=1e-6)
    # At the ends the window is cut: 3, 4, … terms.
    np.testing.assert_allclose(y[0, 0, :2], [2 / (2 + n * 0.1 * 4) for n in (3, 4)], rtol=1e-6)


def test_lrn_is_across_channels_and_not_space(key):
    x = jax.random.normal(key, (5, 4, 6))
    there = x.at[2, 1, 3].add(10.0)
    changed = ops.local_response_norm(x, **STRONG) != ops.local_response_norm(there, **STRONG)
    expected = np.zeros(x.shape, bool)
    expected[2, 1, 1:6] = True  # two channels on either side
    np.testing.assert_array_equal(changed, expected)


def test_lrn_gradient_by_finite_differences(key):
    x, g = np.asarray(jax.random.normal(key, (2, 2, 3, 6)), np.float64)
    step = 1e-6
    expected = np.empty_like(x)
    for at in np.ndindex(*x.shape):
        nudge = np.zeros_like(x)
        nudge[at] = step
        rise = references.lrn(x + nudge, **STRONG) - references.lrn(x - nudge, **STRONG)
        expected[at] = (g * rise).sum() / (2 * step)
    _, pull = jax.vjp(lambda x: ops.local_response_norm(x, **STRONG), jnp.float32(x))
    (ours,) = pull(jnp.float32(g))
    # float32 against float64; cancellation leaves an absolute error of a few ulp of order 1.
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)


def test_lrn_under_batches(key):
    x = jax.random.normal(key, (2, 3, 4, 5, 6))
    whole = ops.local_response_norm(x, **STRONG)
    mapped = jax.vmap(jax.vmap(lambda x: ops.local_response_norm(x, **STRONG)))(x)
    np.testing.assert_allclose(whole, mapped, rtol=1e-6)
