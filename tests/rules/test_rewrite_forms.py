"""What is a rectifier and what is not: every form in closed form, everything else untouched."""

import functools
import inspect

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from vizjax import rules
from vizjax.errors import InputError

ZERO = jnp.zeros(())
ZEROS = np.zeros(10, np.float32)

# Below, at and above 0, at and above 6; each with a negative and a positive signal.
X = jnp.repeat(jnp.array([-2.0, 0.0, 3.0, 6.0, 8.0]), 2)
G = jnp.tile(jnp.array([-5.0, 7.0]), 5)
PASSED = {
    "gradient": [0, 0, 0, 0, -5, 7, -5, 7, -5, 7],
    "deconvnet": [0, 7, 0, 7, 0, 7, 0, 7, 0, 7],
    "guided": [0, 0, 0, 0, 0, 7, 0, 7, 0, 7],
}
PASSED_BELOW_6 = {
    "gradient": [0, 0, 0, 0, -5, 7, 0, 0, 0, 0],
    "deconvnet": [0, 7, 0, 7, 0, 7, 0, 7, 0, 7],
    "guided": [0, 0, 0, 0, 0, 7, 0, 0, 0, 0],
}
EDGES = jnp.array([-jnp.inf, -1.0, -1e-45, -0.0, 0.0, 1e-45, 1.0, 6.0, jnp.inf, jnp.nan])

UNBOUNDED = {
    "relu": ("relu", jax.nn.relu),
    "rectifier": ("relu", rules.rectifier(lambda x, g: g)),
    "guided": ("relu", rules.RULES["guided"]),
    "maximum(x, 0)": ("max", lambda x: jnp.maximum(x, 0)),
    "maximum(0, x)": ("max", lambda x: jnp.maximum(0.0, x)),
    "maximum(x, zeros)": ("max", lambda x: jnp.maximum(x, jnp.zeros_like(x))),
    "maximum(x, constant)": ("max", lambda x: jnp.maximum(x, ZERO)),
    "maximum(x, constants)": ("max", lambda x: jnp.maximum(x, ZEROS)),
    "clip(x, 0)": ("clip", lambda x: jnp.clip(x, 0)),
    "clamp": ("clip", lambda x: lax.clamp(0.0, x, jnp.inf)),
    "where(x > 0)": ("where", lambda x: jnp.where(x > 0, x, 0)),
    "where(x >= 0)": ("where", lambda x: jnp.where(x >= 0, x, 0.0)),
    "where(0 < x)": ("where", lambda x: jnp.where(jnp.less(0.0, x), x, jnp.zeros_like(x))),
    "where(x <= 0)": ("where", lambda x: jnp.where(x <= 0, 0, x)),
    "where(0 > x)": ("where", lambda x: jnp.where(jnp.greater(0.0, x), 0, x)),
    "where(~(x > 0))": ("where", lambda x: jnp.where(~(x > 0), 0, x)),
    "select": ("where", lambda x: lax.select(x > 0, x, jnp.zeros_like(x))),
}
BOUNDED = {
    "relu6": ("relu6", jax.nn.relu6),
    "clip(x, 0, 6)": ("clip", lambda x: jnp.clip(x, 0, 6)),
    "clamp(0, x, 6)": ("clip", lambda x: lax.clamp(0.0, x, 6.0)),
    "clamp(zeros, x, sixes)": (
        "clip",
        lambda x: lax.clamp(jnp.zeros_like(x), x, jnp.full_like(x, 6)),
    ),
    "minimum(maximum)": ("clip", lambda x: jnp.minimum(jnp.maximum(x, 0), 6)),
    "maximum(minimum)": ("max", lambda x: jnp.maximum(jnp.minimum(6.0, x), 0)),
    "minimum(relu)": ("clip", lambda x: jnp.minimum(jax.nn.relu(x), 6)),
    "minimum(clip)": ("clip", lambda x: jnp.minimum(jnp.clip(x, 0, 9), 6)),
}
FORMS = UNBOUNDED | BOUNDED


def pull(function, x, g):
    """What `function` passes down of the signal `g` when its input was `x`."""
    return jax.vjp(function, x)[1](g)[0]


@pytest.mark.parametrize("form", FORMS)
def test_form_is_found_where_it_stands(form):
    kind, function = FORMS[form]
    report = rules.sites(function, X)
    assert [(site.kind, site.shape) for site in report.sites] == [(kind, X.shape)]
    assert report.not_entered == ()


@pytest.fixture(scope="module")
def passed():
    """What each form passes down of `G` under each rule, from one compilation."""

    def all_at_once(x, g):
        return {
            form: {rule: pull(rules.rewrite(function, rule), x, g) for rule in rules.RULES}
            for form, (_, function) in FORMS.items()
        }

    return jax.jit(all_at_once)(X, G)


@pytest.mark.parametrize("form", FORMS)
def test_form_under_every_rule_in_closed_form(form, passed):
    for rule, expected in (PASSED if form in UNBOUNDED else PASSED_BELOW_6).items():
        np.testing.assert_array_equal(passed[form][rule], expected)


def test_forward_is_equal_to_the_bit():
    @jax.jit
    def both(x):
        functions = [function for _, function in FORMS.values()]
        return [(rules.rewrite(function, "guided")(x), function(x)) for function in functions]

    for found, expected in both(EDGES):
        one, other = np.asarray(found), np.asarray(expected)
        np.testing.assert_array_equal(one.view(np.uint32), other.view(np.uint32))


@pytest.mark.parametrize("function", [jax.nn.relu, lambda x: jnp.maximum(x, 0), jax.nn.relu6])
def test_any_gate(function):
    doubled = rules.rewrite(function, lambda x, g: 2 * g)
    np.testing.assert_array_equal(pull(doubled, X, G), 2 * G)


def test_a_bounded_rectifier_hands_its_gate_what_is_not_positive():
    seen = pull(rules.rewrite(jax.nn.relu6, lambda x, g: x), X, G)
    np.testing.assert_array_equal(seen, [-2, -2, 0, 0, 3, 3, 0, 0, -2, -2])


def test_every_bound_is_its_own():
    clipped = rules.rewrite(lambda x: jnp.clip(x, 0, 3) + jnp.clip(x, 0, 7), "gradient")
    np.testing.assert_array_equal(pull(clipped, X, G), [0, 0, 0, 0, -5, 7, -5, 7, 0, 0])


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32])
def test_forms_in_other_precisions(dtype):
    x, g = X.astype(dtype), G.astype(dtype)
    for form in ("relu", "relu6", "maximum(x, 0)", "clip(x, 0, 6)", "where(x <= 0)", "select"):
        function = FORMS[form][1]
        rewritten = rules.rewrite(function, "deconvnet")
        assert rewritten(x).dtype == pull(rewritten, x, g).dtype == dtype
        np.testing.assert_array_equal(pull(rewritten, x, g), PASSED["deconvnet"])


def test_the_gradient_at_zero_is_zero_where_jax_halves_it():
    x, one = jnp.zeros(3), jnp.ones(3)
    np.testing.assert_array_equal(pull(lambda x: jnp.maximum(x, 0), x, one), 0.5)
    np.testing.assert_array_equal(
        pull(rules.rewrite(lambda x: jnp.maximum(x, 0), "gradient"), x, one), 0
    )


MASK = jnp.arange(10) % 2 == 0
OTHER = jnp.linspace(-3, 3, 10)
NONE = {
    "maximum(x, y)": lambda x: jnp.maximum(x, OTHER),
    "maximum(x, 1)": lambda x: jnp.maximum(x, 1),
    "maximum(x, -x)": lambda x: jnp.maximum(x, -x),
    "minimum(x, 0)": lambda x: jnp.minimum(x, 0),
    "minimum(x, 6)": lambda x: jnp.minimum(x, 6),
    "clip(x, -1, 1)": lambda x: jnp.clip(x, -1, 1),
    "clip of integers": lambda x: x * jnp.clip(x.astype(jnp.int32), 0, 6).astype(x.dtype),
    "where(mask, x, 0)": lambda x: jnp.where(MASK, x, 0),
    "where(y > 0, x, 0)": lambda x: jnp.where(OTHER > 0, x, 0),
    "where(x > 1, x, 0)": lambda x: jnp.where(x > 1, x, 0),
    "where(x > 0, x, 1)": lambda x: jnp.where(x > 0, x, 1),
    "where(x > 0, 0, x)": lambda x: jnp.where(x > 0, 0, x),
    "where(x > 0, 2x, 0)": lambda x: jnp.where(x > 0, 2 * x, 0),
    "abs": jnp.abs,
    "max": lambda x: x - x.max(),
    "norm": lambda x: x / jnp.linalg.norm(x),
    "softmax": jax.nn.softmax,
    "logsumexp": lambda x: x - jax.nn.logsumexp(x),
    "log_softmax": jax.nn.log_softmax,
    "leaky_relu": jax.nn.leaky_relu,
    "leaky by hand": lambda x: jnp.maximum(x, 0) + 0.1 * jnp.minimum(x, 0),
    "leaky by hand from relu": lambda x: jax.nn.relu(x) + 0.1 * jnp.minimum(0, x),
    "gelu": jax.nn.gelu,
    "gelu, exact": functools.partial(jax.nn.gelu, approximate=False),
    "elu": jax.nn.elu,
    "selu": jax.nn.selu,
    "celu": jax.nn.celu,
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
    "hard_tanh": jax.nn.hard_tanh,
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "hard_swish": jax.nn.hard_swish,
    "max_pool": lambda x: nn.max_pool(x.reshape(5, 2, 1), (2, 2), (1, 1)).reshape(-1)[:1] + x,
    "layer norm of Flax": lambda x: nn.LayerNorm().apply(NORM, x),
    "layer norm of Equinox": eqx.nn.LayerNorm(10),
    "distance": lambda x: x * jnp.sqrt(jnp.maximum(jnp.sum(x**2) - 1, 0)[None] + 1e-6),
}
NORM = {"params": {"scale": jnp.linspace(1, 2, 10), "bias": jnp.linspace(0, 1, 10)}}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_rectifier_is_not_found(name):
    assert rules.sites(NONE[name], X).sites == ()


def test_what_is_no_rectifier_keeps_its_derivative():
    def compare(function, x):
        expected, alone = jax.vjp(function, x)
        # Beside a rectifier, so that there is something to rewrite.
        both = rules.rewrite(lambda x: (function(x), jax.nn.relu(x)), "deconvnet")
        (y, beside), down = jax.vjp(both, x)
        g = jnp.linspace(-1, 2, y.size).reshape(y.shape)
        return y, expected, down((g, 0 * beside))[0], alone(g)[0], down((0 * g, -beside))[0]

    compared = jax.jit(lambda x: {name: compare(NONE[name], x) for name in NONE})(X + 0.25)
    for name, (y, expected, found, alone, beside) in compared.items():
        np.testing.assert_array_equal(y, expected, name)
        # To the last bit but one: compiled, the sums with and without the rectifier's 0 differ.
        np.testing.assert_allclose(found, alone, rtol=1e-6, err_msg=name)
        np.testing.assert_array_equal(beside, 0, name)


def test_nothing_to_rewrite_is_an_error():
    with pytest.raises(InputError, match="`score_fn` has no rectifier"):
        rules.rewrite(jnp.sin, "guided")(X)


def test_the_error_names_what_could_not_be_entered():
    def callback(x):
        return jax.pure_callback(lambda x: np.maximum(x, 0), x, x)

    with pytest.raises(InputError, match="unless inside pure_callback, which"):
        rules.rewrite(callback, "guided")(X)


def test_an_unknown_rule():
    with pytest.raises(InputError, match="`rule` is gided; expected one of: gradient, deconvnet"):
        rules.rewrite(jax.nn.relu, "gided")


def test_the_report_has_the_line():
    line = inspect.currentframe().f_lineno + 3  # pyright: ignore[reportOptionalMemberAccess]

    def function(x):
        x = jax.nn.relu(x)
        return jnp.clip(x, 0, 3) + jnp.where(x > 0, x, 0)

    found = [site.source for site in rules.sites(function, X).sites]
    lines = [line, line + 1, line + 1]
    assert [source.split(":")[1].split(" ")[0] for source in found] == list(map(str, lines))
    assert all(source.startswith(__file__) for source in found)


def test_what_no_gradient_meets_is_not_counted():
    def function(x):
        jax.nn.relu(x - 1)
        mask = jax.nn.relu(x) > 1
        return jnp.where(mask, x, 2) + lax.stop_gradient(jax.nn.relu(x)) + jnp.maximum(x, 0)

    assert [site.kind for site in rules.sites(function, X).sites] == ["max"]
    np.testing.assert_array_equal(
        pull(rules.rewrite(function, "deconvnet"), X, G),
        jnp.where(X > 1, G, 0) + jnp.maximum(G, 0),
    )
