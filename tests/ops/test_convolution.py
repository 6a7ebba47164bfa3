"""Convolution in its other forms, against XLA's and a literal one."""

from typing import Any

import jax
import numpy as np
import pytest
import references

from vizjax import ops


def convolutions(stride=1, padding: Any = "VALID", groups=1):
    """Ours and XLA's, as Flax calls them."""
    options = {
        "dimension_numbers": ("NHWC", "HWIO", "NHWC"),
        "feature_group_count": groups,
        "precision": None,
    }
    arguments = (stride if isinstance(stride, tuple) else (stride, stride), padding)
    return (
        lambda x, kernel: ops.conv(x, kernel, *arguments, **options),
        lambda x, kernel: jax.lax.conv_general_dilated(x, kernel, *arguments, **options),
    )


@pytest.mark.parametrize("padding", ["VALID", ((0, 0), (0, 0)), [(0, 0), (0, 0)]])
@pytest.mark.parametrize("stride", [1, 4])
def test_a_full_connection_is_a_matrix_product(key, stride, padding):
    x = jax.random.normal(key, (2, 4, 3, 5))
    kernel = jax.random.normal(jax.random.fold_in(key, 1), (4, 3, 5, 7))
    ours, xlas = convolutions(stride, padding)
    primitives = {eqn.primitive.name for eqn in jax.make_jaxpr(ours)(x, kernel).eqns}
    assert "dot_general" in primitives
    assert "conv_general_dilated" not in primitives
    y, our_pull = jax.vjp(ours, x, kernel)
    expected, xlas_pull = jax.vjp(xlas, x, kernel)
    # Sums of 60 products, in another order.
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    literal = references.conv(x[1], kernel, np.zeros(7))
    np.testing.assert_allclose(y[1], literal, rtol=1e-5, atol=1e-5)
    for one, other in zip(our_pull(y), xlas_pull(y), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("kernel", "settings"),
    [
        ((3, 3, 5, 7), {}),  # smaller than the plane
        ((4, 3, 5, 7), {"padding": "SAME"}),
        ((4, 3, 5, 7), {"padding": ((1, 0), (0, 0))}),
        ((4, 3, 1, 10), {"groups": 5}),
        ((3, 2, 5, 7), {"stride": 2}),  # less than twice the stride
        ((2, 3, 1, 10), {"stride": (1, 1), "groups": 5}),
    ],
)
def test_any_other_convolution_is_xlas(key, kernel, settings):
    x = jax.random.normal(key, (2, 4, 3, 5))
    kernel = jax.random.normal(jax.random.fold_in(key, 1), kernel)
    ours, xlas = convolutions(**settings)
    np.testing.assert_array_equal(ours(x, kernel), xlas(x, kernel))


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [
        ((11, 11), (4, 4), "VALID"),  # VGG-F's first layer: pixels at the far edge are left out
        ((7, 7), (2, 2), ((3, 3), (3, 3))),  # ResNet's
        ((6, 9), (3, 2), ((0, 2), (1, 3))),
        ((4, 5), (2, 2), "SAME"),
    ],
)
def test_backwards_a_strided_convolution_is_one_over_blocks(key, kernel, stride, padding):
    x = jax.random.normal(key, (2, 25, 22, 3))
    kernel = jax.random.normal(jax.random.fold_in(key, 1), (*kernel, 3, 5))
    ours, xlas = convolutions(stride, padding)
    y, our_pull = jax.vjp(ours, x, kernel)
    expected, xlas_pull = jax.vjp(xlas, x, kernel)
    np.testing.assert_array_equal(y, expected)
    dilations = {
        eqn.params["lhs_dilation"]
        for eqn in jax.make_jaxpr(our_pull)(y).eqns
        if eqn.primitive.name == "conv_general_dilated"
        and eqn.params["dimension_numbers"].lhs_spec[0] == 0  # of x; the kernel's sums over batches
    }
    assert dilations == {(1, 1)}
    # Sums of up to 363 products, in another order.
    for one, other in zip(our_pull(y), xlas_pull(y), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=2e-5 * abs(other).max())
