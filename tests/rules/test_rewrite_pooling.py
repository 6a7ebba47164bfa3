"""Max-pooling by switches in any function: to the bit JAX's own, and what does not fit stays."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from jax import lax

from vizjax import ops, rules


def pooling(window, strides, padding: Any = "VALID", **dilations):
    def pool(x):
        least = -np.inf if jnp.issubdtype(x.dtype, jnp.floating) else np.iinfo(x.dtype).min
        return lax.reduce_window(x, least, lax.max, window, strides, padding, **dilations)

    return pool


FITTING = {
    "NHWC": (pooling((1, 3, 3, 1), (1, 2, 2, 1), "SAME"), (2, 9, 7, 3)),
    "NCHW": (pooling((1, 1, 3, 2), (1, 1, 2, 1)), (2, 3, 9, 7)),
    "HWC": (pooling((2, 3, 1), (2, 2, 1), ((0, 1), (2, 1), (0, 0))), (8, 7, 3)),
    "CHW": (pooling((1, 3, 2), (1, 2, 2), ((0, 0), (1, 0), (0, 1))), (3, 8, 7)),
    "batches": (pooling((1, 1, 2, 2, 1), (1, 1, 1, 2, 1)), (2, 3, 4, 5, 2)),
    "columns only": (pooling((1, 1, 3, 1), (1, 1, 2, 1)), (2, 4, 9, 3)),
    "strides only": (pooling((1, 1, 1, 1), (1, 2, 3, 1)), (2, 5, 7, 3)),
    "mapped": (jax.vmap(pooling((3, 2, 1), (2, 2, 1), "SAME")), (4, 8, 7, 3)),
    "compiled": (jax.jit(pooling((1, 2, 4, 1), (1, 3, 1, 1))), (1, 9, 7, 2)),
}
UNFIT = {
    "over other axes than an image plane's": [
        (pooling((1, 3), (1, 2)), (5, 8)),
        (pooling((2, 2, 2), (2, 2, 2)), (4, 4, 6)),
        (pooling((2, 1, 2, 1), (1, 1, 1, 1)), (4, 4, 6, 2)),
    ],
    "a window of more than 256 pixels": [(pooling((1, 17, 16, 1), (1, 1, 1, 1)), (1, 20, 20, 2))],
    "dilated": [(pooling((2, 2, 1), (1, 1, 1), window_dilation=(2, 2, 1)), (8, 8, 2))],
    "negative padding": [(pooling((2, 2, 1), (1, 1, 1), ((-1, 0), (0, 0), (0, 0))), (8, 8, 2))],
}
STUCK = [(reason, *case) for reason, cases in UNFIT.items() for case in cases]


def activations(shape, dtype=jnp.float32):
    """Few values, so that windows have equal maxima, of both signs."""
    return jnp.asarray(np.random.default_rng(2).integers(-3, 4, shape), dtype)


def both(function, x):
    """Value and signal below of a function and of its rewritten form."""

    @jax.jit
    def compare(x):
        compared = []
        for f in (rules.rewrite_pooling(function), function):
            y, down = jax.vjp(f, x)
            signal = jnp.cos(jnp.arange(y.size)).reshape(y.shape).astype(y.dtype)
            compared.append((y, down(signal)[0]))
        return compared

    return compare(x)


@pytest.mark.parametrize("layout", FITTING)
def test_equals_the_original_to_the_bit(layout):
    function, shape = FITTING[layout]
    report = rules.pooling_sites(function, activations(shape))
    assert ([site.kind for site in report.sites], report.not_entered) == (["max_pool"], ())
    for found, expected in zip(*both(function, activations(shape)), strict=True):
        np.testing.assert_array_equal(found, expected)
        assert np.abs(found).max() > 0


def test_the_largest_window_fits():
    function = pooling((1, 16, 16, 1), (1, 1, 1, 1))
    assert len(rules.pooling_sites(function, activations((1, 17, 19, 2))).sites) == 1


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_equals_it_in_half_precision(dtype):
    function, shape = FITTING["NHWC"]
    for found, expected in zip(*both(function, activations(shape, dtype)), strict=True):
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, expected)


def test_the_pooling_is_gone():
    function, shape = FITTING["NHWC"]
    loss = lambda f: jax.grad(lambda x: jnp.sum(f(x) ** 2))  # noqa: E731
    before = str(jax.make_jaxpr(loss(function))(activations(shape)))
    after = str(jax.make_jaxpr(loss(rules.rewrite_pooling(function)))(activations(shape)))
    assert "reduce_window_max" in before
    assert "select_and_scatter_add" in before
    assert "reduce_window" not in after
    assert "select_and_scatter" not in after


@pytest.mark.parametrize(("reason", "function", "shape"), STUCK)
def test_what_does_not_fit_is_left_alone_and_reported(reason, function, shape):
    x = activations(shape)
    assert rules.pooling_sites(function, x) == rules.Report((), (f"reduce_window_max ({reason})",))
    old, new = (jax.make_jaxpr(f)(x) for f in (function, rules.rewrite_pooling(function)))
    assert str(new) == str(old)


def test_integers_have_no_gradient_and_stay():
    function = pooling((2, 2, 1), (2, 2, 1))
    x = activations((4, 6, 2), jnp.int32)
    np.testing.assert_array_equal(rules.rewrite_pooling(function)(x), function(x))
    assert rules.pooling_sites(function, x) == rules.Report((), ())


def test_without_pooling_nothing_changes():
    x = activations((3, 4))
    np.testing.assert_array_equal(rules.rewrite_pooling(jnp.sin)(x), jnp.sin(x))


def test_with_a_backward_rule_in_either_order():
    def function(relu, pool, x):
        return pool(relu(x - 1)) ** 2

    x, pool = activations((6, 8, 2)), pooling((3, 3, 1), (2, 2, 1))
    switches = lambda x: ops.max_pool(x, ops.Pool((3, 3), (2, 2)))  # noqa: E731
    foreign = lambda x: function(jax.nn.relu, pool, x)  # noqa: E731
    by_hand = lambda x: function(rules.RULES["guided"], switches, x)  # noqa: E731
    expected = jax.grad(lambda x: by_hand(x).sum())(x)
    for rewritten in (
        rules.rewrite(rules.rewrite_pooling(foreign), "guided"),
        rules.rewrite_pooling(rules.rewrite(foreign, "guided")),
    ):
        found = jax.grad(lambda x, f=rewritten: f(x).sum())(x)
        np.testing.assert_array_equal(found, expected)
    assert np.abs(expected).max() > 0


def test_one_compilation_for_equal_structure():
    compiled = jax.jit(lambda score_fn, x: score_fn(x).sum())
    function, shape = FITTING["HWC"]
    for x in (activations(shape), activations(shape) + 1):
        compiled(rules.rewrite_pooling(function), x)
    assert tiny.compilations(compiled) == 1
