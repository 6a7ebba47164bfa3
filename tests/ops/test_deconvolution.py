"""Convolution as a matrix and three ways to its transpose; what a transpose inverts, exactly.

Values are small integers, so that float32 sums are exact in any order.
"""

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax import ops
from vizjax.errors import InputError


class Geometry(NamedTuple):
    """A convolution of a plane of `size`."""

    size: tuple[int, ...]
    window: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Any
    channels: tuple[int, int] = (2, 3)

    @property
    def options(self):
        return {"stride": self.stride, "padding": self.padding}


GEOMETRIES = [
    Geometry((12,), (4,), (2,), ((0, 0),), (1, 1)),
    Geometry((8,), (4,), (2,), ((2, 2),), (1, 1)),
    Geometry((9,), (4,), (3,), ((1, 0),)),  # a last pixel that no window reaches
    Geometry((10,), (2,), (3,), ((0, 2),)),  # gaps between windows
    Geometry((7,), (3,), (2,), ((-1, 1),)),  # cut off rather than padded
    Geometry((6,), (1,), (1,), ((3, 3),)),  # windows of padding alone
    Geometry((7, 5), (3, 3), (1, 1), ((1, 1), (1, 1))),
    Geometry((9, 8), (3, 3), (2, 2), ((1, 1), (1, 1))),
    Geometry((8, 11), (4, 3), (2, 3), ((2, 0), (0, 1)), (3, 2)),
    Geometry((7, 9), (2, 5), (3, 2), ((0, 0), (4, 1)), (3, 4)),
    Geometry((5, 4), (5, 4), (1, 1), ((0, 0), (0, 0))),
    Geometry((5, 4, 6), (3, 2, 2), (2, 1, 3), ((1, 0), (0, 1), (1, 1))),
]
TRANSPOSES = [
    ops.transposed_convolution,
    ops.zero_insertion_convolution,
    ops.sub_pixel_convolution,
]


def integers(seed, shape):
    return np.random.default_rng(seed).integers(-5, 6, shape).astype(np.float32)


def literal_matrix(kernel, geometry):
    """`A[(r, f), (i, c)] = kernel[i + p − s·r, c, f]`: where there is such a tap, else 0."""
    window, (inputs, features) = kernel.shape[:-2], kernel.shape[-2:]
    places = [
        (n + sum(pads) - w) // step + 1
        for n, pads, w, step in zip(
            geometry.size, geometry.padding, window, geometry.stride, strict=True
        )
    ]
    matrix = np.zeros((*places, features, *geometry.size, inputs), np.float32)
    before = np.array([pads[0] for pads in geometry.padding])
    for r in np.ndindex(*places):
        for k in np.ndindex(*window):
            i = np.array(geometry.stride) * r + k - before
            if (i >= 0).all() and (i < geometry.size).all():
                matrix[(*r, slice(None), *i)] = kernel[k].T
    return matrix.reshape(math.prod(places) * features, -1), (*places, features)


@functools.cache
def case(geometry):
    """A kernel, its matrix, an input, an output."""
    kernel = integers(0, (*geometry.window, *geometry.channels))
    matrix, places = literal_matrix(kernel, geometry)
    x = integers(1, (*geometry.size, geometry.channels[0]))
    return jnp.asarray(kernel), matrix, jnp.asarray(x), jnp.asarray(integers(2, places))


# Three ways to one transpose ----------------------------------------------------------------


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_convolution_and_its_matrix_by_definition(geometry):
    kernel, matrix, x, y = case(geometry)
    found = ops.strided_convolution(x, kernel, **geometry.options)
    assert found.shape == y.shape
    np.testing.assert_array_equal(found.reshape(-1), matrix @ np.asarray(x).reshape(-1))
    assert found.any() or not matrix.any()
    np.testing.assert_array_equal(
        ops.convolution_matrix(kernel, geometry.size, **geometry.options), matrix
    )


@pytest.mark.parametrize("transpose", TRANSPOSES)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_every_way_is_the_transposed_matrix(geometry, transpose):
    kernel, matrix, x, y = case(geometry)
    found = transpose(y, kernel, geometry.size, **geometry.options)
    assert (found.shape, found.dtype) == (x.shape, jnp.float32)
    np.testing.assert_array_equal(found.reshape(-1), matrix.T @ np.asarray(y).reshape(-1))
    assert found.any()
    # ⟨Ax, y⟩ = ⟨x, Aᵀy⟩
    down = ops.strided_convolution(x, kernel, **geometry.options)
    assert jnp.vdot(down, y) == jnp.vdot(x, found)


@pytest.mark.parametrize("transpose", TRANSPOSES)
def test_every_way_s_own_adjoint_is_the_convolution(transpose):
    """Aᵀᵀ = A, by JAX's transposition of each way."""
    geometry = GEOMETRIES[8]
    kernel, _, x, y = case(geometry)
    up = jax.jit(lambda y: transpose(y, kernel, geometry.size, **geometry.options))
    (back,) = jax.vjp(up, y)[1](x)
    np.testing.assert_array_equal(back, ops.strided_convolution(x, kernel, **geometry.options))


@pytest.mark.parametrize("transpose", TRANSPOSES)
def test_jax_s_own_transposed_convolution(transpose):
    kernel, _, _, y = case(Geometry((9, 11), (3, 5), (2, 3), ((0, 0), (0, 0))))
    theirs = jax.lax.conv_transpose(y[None], kernel, (2, 3), "VALID", transpose_kernel=True)
    ours = transpose(y, kernel, (9, 11), stride=(2, 3))
    np.testing.assert_array_equal(ours, theirs[0])


def test_one_pixel_pastes_the_kernel():
    kernel, _, _, y = case(Geometry((7, 9), (3, 4), (2, 2), ((0, 0), (0, 1)), (2, 1)))
    one = jnp.zeros_like(y).at[1, 2, 0].set(1)
    expected = np.zeros((7, 9, 2), np.float32)
    expected[2:5, 4:8] = kernel[..., 0]
    found = ops.transposed_convolution(one, kernel, (7, 9), stride=(2, 2), padding=((0, 0), (0, 1)))
    np.testing.assert_array_equal(found, expected)


def test_sub_pixel_convolution_multiplies_no_zeros():
    """Of a stride of 4 × 4, zero insertion has 16 times the products."""
    stride: Any = (4, 4)
    kernel, y = jnp.ones((8, 8, 4, 4)), jnp.ones((16, 16, 4))
    size = (68, 68)

    def flops(transpose):
        def up(y, kernel):
            return transpose(y, kernel, size, stride=stride)

        compiled = jax.jit(up).lower(y, kernel).compile()
        return dict(compiled.cost_analysis() or {})["flops"]

    assert flops(ops.zero_insertion_convolution) > 10 * flops(ops.sub_pixel_convolution)


# The parts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("places", "stride"), [((5,), (3,)), ((3, 4), (2, 1)), ((1, 2), (4, 3))])
def test_zero_insertion_and_subsampling_are_adjoint(places, stride):
    y = jnp.asarray(integers(0, (*places, 2)))
    spread = ops.zero_insert(y, stride)
    assert spread.shape[:-1] == tuple((n - 1) * s + 1 for n, s in zip(places, stride, strict=True))
    literal = np.zeros(spread.shape, np.float32)
    for r in np.ndindex(*places):
        literal[tuple(np.multiply(r, stride))] = y[r]
    np.testing.assert_array_equal(spread, literal)
    np.testing.assert_array_equal(ops.subsample(spread, stride), y)
    x = jnp.asarray(integers(1, spread.shape))
    assert jnp.vdot(spread, x) == jnp.vdot(y, ops.subsample(x, stride)) != 0


@pytest.mark.parametrize(
    ("plane", "factors"), [((6,), (3,)), ((4, 6), (2, 3)), ((6, 4), (1, 4)), ((2, 6, 4), (2, 3, 1))]
)
def test_shuffling_is_a_permutation_whose_inverse_is_its_adjoint(plane, factors):
    x = jnp.asarray(integers(0, (*plane, 2)))
    deep = ops.space_to_depth(x, factors)
    assert deep.shape == (
        *(n // f for n, f in zip(plane, factors, strict=True)),
        2 * math.prod(factors),
    )
    np.testing.assert_array_equal(ops.depth_to_space(deep, factors), x)
    y = jnp.asarray(integers(1, deep.shape))
    np.testing.assert_array_equal(ops.space_to_depth(ops.depth_to_space(y, factors), factors), y)
    assert jnp.vdot(deep, y) == jnp.vdot(x, ops.depth_to_space(y, factors)) != 0


def test_the_order_of_shuffled_channels():
    """ESPCN's eq. 4, `T[⌊row/r⌋, ⌊col/r⌋, C·r·(row mod r) + C·(col mod r) + c]`."""
    deep = integers(0, (3, 4, 2 * 2 * 5))
    found = np.asarray(ops.depth_to_space(jnp.asarray(deep), (2, 2)))
    for row, column, c in np.ndindex(6, 8, 5):
        channel = 5 * 2 * (row % 2) + 5 * (column % 2) + c
        assert found[row, column, c] == deep[row // 2, column // 2, channel]


# What a transpose inverts -------------------------------------------------------------------


def vector(*weights):
    return jnp.array(weights, jnp.float32).reshape(-1, 1, 1)


EDGE, RAMP = vector(-1, 0, 0, 1), vector(1, 2, 3, 4)
PADDED: Any = {"stride": (2,)}
CROPPED: Any = {"stride": (2,), "padding": ((2, 2),)}
X = integers(3, 12)
Y = integers(4, 5)


def matrix(kernel, size, **options):
    return np.asarray(ops.convolution_matrix(kernel, (size,), **options))


def test_the_note_s_matrix():
    np.testing.assert_array_equal(
        matrix(RAMP, 12, **PADDED),
        [
            [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
        ],
    )
    np.testing.assert_array_equal(matrix(RAMP, 8, **CROPPED), matrix(RAMP, 12, **PADDED)[:, 2:-2])


def test_orthogonal_rows_recover_the_output_exactly():
    A = matrix(EDGE, 12, **PADDED)
    np.testing.assert_array_equal(A @ A.T, 2 * np.eye(5))
    np.testing.assert_array_equal(A @ (A.T @ Y / 2), Y)


def test_orthogonal_rows_recover_the_input_up_to_the_null_space():
    A = matrix(EDGE, 12, **PADDED)
    P = A.T @ A / 2
    np.testing.assert_array_equal(P, P.T)
    np.testing.assert_array_equal(P @ P, P)
    np.testing.assert_array_equal(P @ A.T, A.T)  # onto the row space
    assert np.trace(P) == 5  # the dimension of what is kept; 12 − 5 = 7 of what is lost
    np.testing.assert_allclose(P, np.linalg.pinv(A) @ A, atol=1e-6)


def test_the_null_space_is_sums_of_pairs_and_two_pixels_that_nobody_sees():
    A = matrix(EDGE, 12, **PADDED)
    null = np.zeros((7, 12))
    for r in range(5):
        null[r, [2 * r, 2 * r + 3]] = 1
    null[5, 1] = null[6, 10] = 1
    assert np.linalg.matrix_rank(null) == 7
    np.testing.assert_array_equal(A @ null.T, np.zeros((5, 7)))
    # x = what comes back + what lies in the null space, and the two are orthogonal.
    back = A.T @ (A @ X) / 2
    lost = X - back
    np.testing.assert_array_equal(A @ lost, np.zeros(5))
    assert back @ lost == 0
    assert lost.any()
    np.testing.assert_array_equal(lost[[1, 10]], X[[1, 10]])
    for r in range(5):
        np.testing.assert_array_equal(lost[[2 * r, 2 * r + 3]], X[[2 * r, 2 * r + 3]].mean())


def test_other_rows_need_the_pseudo_inverse():
    A = matrix(RAMP, 12, **PADDED)
    expected = 30 * np.eye(5) + 11 * np.eye(5, k=1) + 11 * np.eye(5, k=-1)
    np.testing.assert_array_equal(A @ A.T, expected)
    # The best multiple of AAᵀy misses y by far.
    again = A @ A.T @ Y
    scale = again @ Y / (again @ again)
    assert np.linalg.norm(scale * again - Y) > 0.1 * np.linalg.norm(Y)
    shortest = A.T @ np.linalg.solve(A @ A.T, Y)
    np.testing.assert_allclose(A @ shortest, Y, atol=1e-5)
    np.testing.assert_allclose(shortest, np.linalg.pinv(A) @ Y, atol=1e-5)
    # Any other solution differs by something orthogonal, and so is longer.
    _, _, directions = np.linalg.svd(A)
    np.testing.assert_allclose(directions[5:] @ shortest, np.zeros(7), atol=1e-5)


def test_without_the_columns_of_the_padding():
    A = matrix(EDGE, 8, **CROPPED)
    np.testing.assert_array_equal(A @ A.T, np.diag([1, 2, 2, 2, 1]))
    # The first and the last output come back by half: half of their row was padding.
    np.testing.assert_array_equal(A @ (A.T @ Y / 2), Y * [0.5, 1, 1, 1, 0.5])
    inverse = A.T / np.array([1, 2, 2, 2, 1])
    np.testing.assert_allclose(inverse, np.linalg.pinv(A), atol=1e-6)
    np.testing.assert_array_equal(A @ (inverse @ Y), Y)
    P = inverse @ A
    assert np.trace(P) == 5  # 8 − 5 = 3 are lost
    # Two pixels come back exactly, whatever they were: their partners are known zeros.
    exact = (np.eye(8) == P).all(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(exact), [1, 6])


# Refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("transpose", TRANSPOSES)
def test_refuses_what_no_convolution_returns(transpose):
    with pytest.raises(InputError, match=r"`y` is 4 × 1; expected \(5,\) places × 1 features"):
        transpose(jnp.zeros((4, 1)), EDGE, (12,), stride=(2,))


@pytest.mark.parametrize(
    ("size", "stride", "padding", "words"),
    [
        ((3,), (1,), None, "fits at least once"),
        ((12,), (0,), None, "steps of at least 1"),
        ((12,), (2, 2), None, "one entry of each for every axis"),
        ((12, 3), (2,), None, "one entry of each for every axis"),
        ((12,), (2,), ((0, 0), (0, 0)), "one entry of each for every axis"),
    ],
)
def test_refuses_a_geometry_that_does_not_fit(size, stride, padding, words):
    with pytest.raises(InputError, match=f"`kernel` .*{words}"):
        ops.convolution_matrix(EDGE, size, stride=stride, padding=padding)


def test_refuses_blocks_that_are_not_whole():
    x = jnp.zeros((4, 6, 6))
    with pytest.raises(InputError, match=r"`x` is 4 × 6 × 6 .*multiples of 4"):
        ops.depth_to_space(x, (2, 2))
    with pytest.raises(InputError, match=r"`x` is 4 × 6 × 6 .*one factor"):
        ops.depth_to_space(x, (2,))
    with pytest.raises(InputError, match=r"`x` is 4 × 6 × 6 .*whole blocks"):
        ops.space_to_depth(x, (3, 3))
    with pytest.raises(InputError, match=r"`x` is 4 × 6 × 6 .*one factor"):
        ops.space_to_depth(x, (2, 3, 1))
