"""Pooling and unpooling, held against XLA to the bit and against their definitions."""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references
from hypothesis import given, settings
from hypothesis import strategies as st

from vizjax import ops
from vizjax.errors import InputError
from vizjax.ops import NO_PADDING, Pool

HEIGHT, WIDTH, CHANNELS = 11, 8, 3

GEOMETRIES = [
    Pool(),
    Pool(padding=((0, 1), (0, 1))),
    Pool(padding=((1, 0), (0, 1))),
    Pool((3, 3), (1, 1), ((1, 1), (1, 1))),
    Pool((3, 3), (2, 1), ((2, 1), (0, 2))),
    Pool((3, 2), (2, 1)),
    Pool((3, 2), (1, 2), ((1, 2), (1, 0))),
    Pool((2, 2), (2, 2)),
    Pool((2, 2), (1, 1)),
    Pool((2, 2), (3, 3), ((0, 1), (1, 1))),  # gaps between windows
    Pool((1, 1), (2, 1)),
    Pool((11, 8), (1, 1)),  # the whole plane
    Pool((5, 3), (1, 1), ((2, 2), (1, 1))),
]


def flax_max_pool(x, pool):
    return nn.max_pool(x, pool.window, pool.stride, pool.padding)


def pull(function, x, g):
    return jax.vjp(function, x)[1](g)[0]


def pooled_shape(shape, pool):
    return jax.eval_shape(lambda x: flax_max_pool(x, pool), jnp.zeros(shape)).shape


# Max-pooling against XLA's, to the bit ------------------------------------------------------


@functools.partial(jax.jit, static_argnums=2)
def ours_and_xlas(x, g, pool):
    """The maxima and the gradient: ours, then XLA's."""
    ours, our_pull = jax.vjp(lambda x: ops.max_pool(x, pool), x)
    xlas, xlas_pull = jax.vjp(lambda x: flax_max_pool(x, pool), x)
    return (ours, *our_pull(g)), (xlas, *xlas_pull(g))


def assert_to_the_bit(x, g, pool):
    ours, xlas = ours_and_xlas(x, g, pool)
    np.testing.assert_array_equal(ours[0], xlas[0])
    np.testing.assert_array_equal(ours[1], xlas[1])


@pytest.mark.parametrize("pool", GEOMETRIES)
def test_pooling_is_xlas_to_the_bit(key, pool):
    shape = (HEIGHT, WIDTH, CHANNELS)
    distinct = jax.random.normal(key, shape)
    # Few values, so that nearly every window has several equal maxima.
    tied = jax.random.randint(key, shape, -1, 2).astype(jnp.float32)
    constant = jnp.full(shape, -4.0)  # below the 0 of a wrong padding
    x = jnp.stack([distinct, tied, constant])
    # Signals of very different size: their sum depends on its order in the last bits.
    g = np.exp(4 * np.random.default_rng(1).normal(size=pooled_shape(x.shape, pool)))
    assert_to_the_bit(x, jnp.float32(g), pool)


@pytest.mark.slow
@settings(max_examples=100, deadline=None, derandomize=True)
@given(data=st.data())
def test_pooling_is_xlas_for_any_geometry(data):
    side = st.integers(1, 7)
    shape = (*data.draw(st.tuples(side, side)), 2)
    window = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stride = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    # Padding narrower than the window, and enough for one window to fit.
    padding: Any = tuple(
        tuple(data.draw(st.integers(max(-(-(w - size) // 2), 0), w - 1)) for _ in range(2))
        for w, size in zip(window, shape, strict=False)
    )
    pool = Pool(window, stride, padding)
    values = data.draw(st.lists(st.integers(-2, 2), min_size=1, max_size=50))
    x = jnp.resize(jnp.array(values, jnp.float32), shape)
    out = pooled_shape(shape, pool)
    g = jnp.arange(1, 1 + np.prod(out), dtype=jnp.float32).reshape(out)
    assert_to_the_bit(x, g, pool)


def test_any_number_of_leading_axes(key):
    x = jax.random.normal(key, (2, 3, HEIGHT, WIDTH, CHANNELS))
    flat = x.reshape(6, *x.shape[2:])
    pool = Pool((3, 2), (2, 1), ((0, 1), (1, 0)))

    @jax.jit
    def there_and_back(x):
        y, pull = jax.vjp(lambda x: ops.max_pool(x, pool), x)
        return y, *pull(y)

    for one, other in zip(there_and_back(x), there_and_back(flat), strict=True):
        np.testing.assert_array_equal(one.reshape(other.shape), other)


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_half_precision_keeps_its_dtype(key, dtype):
    x = jax.random.normal(key, (HEIGHT, WIDTH, CHANNELS), dtype)
    pool = Pool(padding=((0, 1), (1, 0)))
    g = jnp.ones(pooled_shape(x.shape, pool), dtype)
    (y, up), (expected, _) = ours_and_xlas(x, g, pool)
    assert y.dtype == up.dtype == dtype
    np.testing.assert_array_equal(y, expected)


def test_nan_propagates_as_in_xla(key):
    x = jax.random.normal(key, (HEIGHT, WIDTH, CHANNELS)).at[4, 3, 1].set(jnp.nan)
    y = ops.max_pool(x, Pool())
    assert int(jnp.isnan(y).sum()) == 2  # rows 3-5 → window 1 (2-4) and 2 (4-6); column 3 → 1
    np.testing.assert_array_equal(y, flax_max_pool(x, Pool()))


# Switches -----------------------------------------------------------------------------------


@pytest.mark.parametrize("pool", GEOMETRIES)
def test_maxima_and_switches_by_definition(key, pool):
    x = jax.random.normal(key, (HEIGHT, WIDTH, CHANNELS))
    y, switches = jax.jit(ops.max_pool_with_switches, static_argnums=1)(x, pool)
    np.testing.assert_array_equal(y, references.max_pool(x, *pool).astype(np.float32))
    np.testing.assert_array_equal(y, literal_pick(np.asarray(x), np.asarray(switches), pool))


def test_first_of_equal_maxima_in_scan_order():
    x = jnp.array([[0.0, 2.0, 2.0], [2.0, 1.0, 2.0], [0.0, 0.0, 0.0]])[:, :, None]
    _, switches = ops.max_pool_with_switches(x, Pool())
    np.testing.assert_array_equal(switches, [[[1]]])


def test_padding_never_wins():
    x = jnp.full((2, 2, 1), -jnp.float32(3e38))
    y, switches = ops.max_pool_with_switches(x, Pool(padding=((1, 0), (1, 0))))
    np.testing.assert_array_equal(y, x[:1, :1])
    np.testing.assert_array_equal(switches, [[[4]]])


def test_a_window_of_256_pixels():
    x = jnp.arange(256.0).reshape(2, 128, 1)
    y, switches = jax.jit(ops.max_pool_with_switches, static_argnums=1)(x, Pool((2, 128)))
    assert (float(y.item()), int(switches.item())) == (255.0, 255)


def test_windows_that_do_not_fit():
    with pytest.raises(InputError, match=r"`x` is 2 × 5 × 1 under Pool\(.*fits at least once"):
        ops.max_pool(jnp.zeros((2, 5, 1)), Pool())
    with pytest.raises(InputError, match="at most 256 pixels"):
        ops.max_pool(jnp.zeros((17, 17, 1)), Pool((17, 17)))


# Unpooling ----------------------------------------------------------------------------------


def literal_pick(x, switches, pool):
    """The value at the switch of every window, 0 in the padding: one loop over the windows."""
    padded = np.pad(x, (*pool.padding, (0, 0)))
    y = np.empty(switches.shape, x.dtype)
    for r, c, k in np.ndindex(*switches.shape):
        i, j = divmod(switches[r, c, k], pool.window[1])
        y[r, c, k] = padded[r * pool.stride[0] + i, c * pool.stride[1] + j, k]
    return y


@pytest.mark.parametrize("pool", GEOMETRIES)
def test_unpool_is_the_adjoint_of_picking(pool):
    """⟨unpool(y), x⟩ = ⟨y, pick(x)⟩, for any switches."""
    rng = np.random.default_rng(2)
    shape = pooled_shape((HEIGHT, WIDTH, CHANNELS), pool)
    # Small integers, so that both sides are exact.
    x = rng.integers(-9, 9, (HEIGHT, WIDTH, CHANNELS)).astype(np.float32)
    y = rng.integers(-9, 9, shape).astype(np.float32)
    switches = rng.integers(0, pool.window[0] * pool.window[1], shape).astype(np.uint8)

    unpool = jax.jit(ops.unpool, static_argnums=(2, 3))
    up = np.asarray(unpool(jnp.asarray(y), jnp.asarray(switches), (HEIGHT, WIDTH), pool))
    assert up.shape == x.shape
    assert (up * x).sum() == (y * literal_pick(x, switches, pool)).sum()


def test_unpool_puts_values_where_their_maxima_stood():
    x = jnp.array([[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 0.0, 7.0]])[:, :, None]
    pool = Pool((2, 2))
    _, switches = ops.max_pool_with_switches(x, pool)
    up = ops.unpool(jnp.array([[[10.0], [20.0]]]), switches, (2, 4), pool)
    np.testing.assert_array_equal(up[..., 0], [[0, 10, 0, 0], [0, 0, 0, 20]])


def test_overlapping_windows_add_up():
    x = jnp.zeros((5, 3, 1)).at[2, 1].set(1.0)  # in both windows
    up = pull(lambda x: ops.max_pool(x, Pool()), x, jnp.array([[[10.0]], [[20.0]]]))
    assert float(up[2, 1, 0]) == 30.0
    assert int((up != 0).sum()) == 1


# Max-pooling's place in JAX -----------------------------------------------------------------


def in_scan(function):
    return lambda x: jax.lax.scan(lambda carry, one: (carry, function(one)), None, x)[1]


@pytest.mark.parametrize(
    "wrap",
    [
        jax.vmap,
        in_scan,
        lambda f: jax.jit(jax.vmap(f)),
        lambda f: jax.vmap(jax.checkpoint(jax.jit(f))),
    ],
    ids=["vmap", "scan", "jit of vmap", "vmap of remat of jit"],
)
def test_gradient_survives_transformations(key, wrap):
    pool = Pool(padding=((0, 1), (1, 0)))
    x = jax.random.normal(key, (2, HEIGHT, WIDTH, CHANNELS))
    g = jax.random.normal(key, pooled_shape(x.shape, pool))
    expected = pull(lambda x: flax_max_pool(x, pool), x, g)
    wrapped = wrap(lambda x: ops.max_pool(x, pool))
    np.testing.assert_array_equal(jax.jit(pull, static_argnums=0)(wrapped, x, g), expected)


def test_second_derivative(key):
    """Of ½‖pool(x)‖²: the Hessian takes `v` to `unpool(pick(v))`."""
    pool = Pool()
    x, v = jax.random.normal(key, (2, HEIGHT, WIDTH, CHANNELS))

    def energy(x):
        return 0.5 * jnp.sum(ops.max_pool(x, pool) ** 2)

    hessian_v = jax.jit(jax.grad(lambda x: jnp.vdot(jax.grad(energy)(x), v)))(x)
    _, switches = ops.max_pool_with_switches(x, pool)
    picked = literal_pick(np.asarray(v), np.asarray(switches), pool)
    np.testing.assert_array_equal(
        hessian_v, ops.unpool(jnp.asarray(picked), switches, (HEIGHT, WIDTH), pool)
    )


# Rounding up --------------------------------------------------------------------------------


def caffes_pooled_size(size, window, stride, pad):
    """`PoolingLayer::Reshape`'s rule, with its clip also where there is no padding.

    Without it, strides larger than the window leave windows that hold no pixel at all.
    """
    pooled = int(np.ceil((size + 2 * pad - window) / stride)) + 1
    if (pooled - 1) * stride >= size + pad:
        pooled -= 1
    return max(pooled, 1)


@pytest.mark.parametrize("window", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_ceil_padding_by_brute_force(window, stride):
    for size in range(1, 16):
        for pad in range(window):
            pool = Pool((window, 7), (stride, 1), ((pad, pad), (0, 0)))
            rows, columns = ops.ceil_padding(size, 9, pool)
            assert columns == (0, 0)  # the axes do not mix
            before, after = rows
            out = caffes_pooled_size(size, window, stride, pad)
            assert before == pad
            assert (size + before + after - window) // stride + 1 == out
            assert (out - 1) * stride < size + before or out == 1  # no window of padding alone
            if stride <= window:
                assert (out - 1) * stride + window >= size + before  # no pixel left out


def test_ceil_padding_clips_a_last_window_of_padding_alone():
    pool = Pool((2, 2), (2, 2), ((1, 1), (1, 1)))
    assert ops.ceil_padding(5, 5, pool) == ((1, 0), (1, 0))
    x = jnp.ones((5, 5, 1))
    y = ops.max_pool(x, pool._replace(padding=ops.ceil_padding(5, 5, pool)))
    np.testing.assert_array_equal(y, np.ones((3, 3, 1)))  # a fourth would be −∞


@pytest.mark.parametrize(
    ("size", "pooled"),
    [
        *[(54, 27), (27, 13), (13, 6)],  # VGG-F at 224
        *[(113, 56), (56, 28), (28, 14)],  # SqueezeNet 1.1 at 227
    ],
)
def test_published_sizes(size, pooled):
    padding = ops.ceil_padding(size, size, Pool())
    pool = Pool(padding=padding)
    assert pooled_shape((size, size, 1), pool) == (pooled, pooled, 1)
    assert padding == (NO_PADDING if size % 2 else ((0, 1), (0, 1)))
