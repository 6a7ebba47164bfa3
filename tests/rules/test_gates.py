"""The rectifier's rules: each gate in closed form, and a rectifier's place in JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax import rules
from vizjax.errors import InputError

INF, NAN = jnp.inf, jnp.nan

# Every sign of the input against every sign of the signal; zero is on the closed side of both.
X = jnp.array([-2.0, -2.0, -2.0, 0.0, 0.0, 0.0, 3.0, 3.0, 3.0])
G = jnp.array([-5.0, 0.0, 7.0, -5.0, 0.0, 7.0, -5.0, 0.0, 7.0])
PASSED = {
    "gradient": [0, 0, 0, 0, 0, 0, -5, 0, 7],
    "deconvnet": [0, 0, 7, 0, 0, 7, 0, 0, 7],
    "guided": [0, 0, 0, 0, 0, 0, 0, 0, 7],
}
GATES = {
    "gradient": rules.gradient,
    "deconvnet": rules.deconvnet,
    "guided": rules.guided,
}


def pull(function, x, g):
    """What `function` passes down of the signal `g` when its input was `x`."""
    return jax.vjp(function, x)[1](g)[0]


def test_the_three_rules_are_there():
    assert list(rules.RULES) == list(PASSED)


@pytest.mark.parametrize("rule", PASSED)
def test_gate_in_closed_form(rule):
    np.testing.assert_array_equal(GATES[rule](X, G), PASSED[rule])


@pytest.mark.parametrize("rule", PASSED)
def test_rectifier_passes_what_its_gate_does(rule):
    np.testing.assert_array_equal(pull(rules.by_name(rule), X, G), PASSED[rule])
    np.testing.assert_array_equal(pull(rules.rectifier(GATES[rule]), X, G), PASSED[rule])


def test_guided_is_both_gates_in_either_order(key):
    x, g = jax.random.normal(key, (2, 5, 4))
    one_way = rules.gradient(x, rules.deconvnet(x, g))
    other_way = rules.deconvnet(x, rules.gradient(x, g))
    np.testing.assert_array_equal(rules.guided(x, g), one_way)
    np.testing.assert_array_equal(rules.guided(x, g), other_way)


EDGES = jnp.array([-INF, -1.0, -1e-45, -0.0, 0.0, 1e-45, 1.0, INF, NAN])


@pytest.mark.parametrize("rule", PASSED)
def test_forward_is_relu_to_the_bit(rule):
    np.testing.assert_array_equal(rules.by_name(rule)(EDGES), jax.nn.relu(EDGES))


@pytest.mark.parametrize("signal", [2.0, -2.0, 0.0, INF, -INF, NAN])
def test_gradient_rule_is_the_derivative_of_relu_everywhere(signal):
    g = jnp.full(EDGES.shape, signal)
    expected = pull(jax.nn.relu, EDGES, g)
    np.testing.assert_array_equal(pull(rules.rectifier(rules.gradient), EDGES, g), expected)
    # The subgradient at 0 is 0, where that of `jnp.maximum(x, 0)` is 1/2.
    np.testing.assert_array_equal(expected[3:5], 0.0)


def test_closed_gates_stop_infinite_signals():
    # `g · [x > 0]` computed as a product would make these NaN.
    np.testing.assert_array_equal(rules.gradient(-jnp.ones(2), jnp.array([INF, -INF])), 0.0)
    np.testing.assert_array_equal(rules.guided(-jnp.ones(2), jnp.array([INF, NAN])), 0.0)


def test_a_gate_of_ones_own():
    identity = rules.rectifier(lambda x, g: g)
    np.testing.assert_array_equal(identity(X), jax.nn.relu(X))
    np.testing.assert_array_equal(pull(identity, X, G), G)


def in_scan(function):
    return lambda x: jax.lax.scan(lambda carry, row: (carry, function(row)), None, x)[1]


WRAPPERS = {
    "jit": jax.jit,
    "vmap": jax.vmap,
    "remat": jax.checkpoint,
    "scan": in_scan,
    "jit of vmap": lambda function: jax.jit(jax.vmap(function)),
}


@pytest.mark.parametrize("rule", PASSED)
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_rules_survive_transformations(rule, wrapper):
    x, g = X.reshape(3, 3), G.reshape(3, 3)
    relu = WRAPPERS[wrapper](rules.by_name(rule))
    np.testing.assert_array_equal(relu(x), jax.nn.relu(x))
    np.testing.assert_array_equal(pull(relu, x, g), np.reshape(PASSED[rule], (3, 3)))
    np.testing.assert_array_equal(jax.jit(pull, static_argnums=0)(relu, x, g), pull(relu, x, g))


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float16, jnp.bfloat16])
@pytest.mark.parametrize("rule", PASSED)
def test_rules_keep_the_dtype(rule, dtype):
    x, g = X.astype(dtype), G.astype(dtype)
    assert rules.by_name(rule)(x).dtype == dtype
    assert pull(rules.by_name(rule), x, g).dtype == dtype


def test_forward_mode_is_kept_for_the_gradient_rule_alone():
    _, tangent = jax.jvp(rules.by_name("gradient"), (X,), (jnp.ones_like(X),))
    np.testing.assert_array_equal(tangent, X > 0)
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jvp(rules.by_name("deconvnet"), (X,), (jnp.ones_like(X),))


@pytest.mark.parametrize("rule", PASSED)
def test_by_name_returns_one_object(rule):
    # A fresh function each time would be a fresh key of jit's cache: one compilation a call.
    assert rules.by_name(rule) is rules.by_name(rule)


@pytest.mark.parametrize("wrong", ["deconv", "Guided", "", "relu"])
def test_unknown_rule_lists_the_known(wrong):
    with pytest.raises(InputError) as error:
        rules.by_name(wrong)
    assert str(error.value) == (f"`rule` is {wrong}; expected one of: gradient, deconvnet, guided")
