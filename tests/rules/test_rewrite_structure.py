"""Rewriting wherever a rectifier stands, and as a citizen of JAX: jit, vmap, pytrees, errors."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from jax import lax
from jax.extend.core import check_jaxpr
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from vizjax import ops, rules
from vizjax.rules import Rewritten, rewrite

X = jnp.array([[-1.0, 2.0, 0.5], [3.0, -4.0, 5.0], [-0.5, 1.5, -2.0]])
W = jnp.array([[1.0, -2.0, 0.5], [-1.5, 1.0, 2.0], [0.5, 1.0, -1.0]])


def relu(x):
    """In the place of a rectifier that is to be found."""
    return jnp.maximum(x, 0)


def jitted(relu, x):
    return jax.jit(lambda x: relu(x @ W))(x) * jnp.linspace(-1, 1, 3)[None]


def nested(relu, x):
    return jax.jit(jax.jit(lambda x: jitted(relu, x) - 1))(x)


def scanned(relu, x):
    carry, rows = lax.scan(lambda c, row: (relu(c @ W + row), relu(row) - c), x[0], x)
    return carry[None] * rows


def constants_of_scan(relu, x):
    return lax.scan(lambda c, row: (c, relu(row + c * W[0])), 0.0, x)[1] @ W


def repeated(relu, x):
    return lax.fori_loop(0, 3, lambda i, x: relu(x @ W) - 0.3, x)


def mapped(relu, x):
    return lax.map(lambda row: relu(W @ row), x) @ W


def branched(relu, x):
    return lax.cond(x.sum() > 0, lambda x: relu(x @ W), lambda x: x - relu(-x), x) @ W


def switched(relu, x):
    branches = [jnp.sin, lambda x: relu(x @ W), lambda x: 2 * relu(x)]
    return lax.switch(jnp.argmax(x[0]), branches, x) @ W


def checkpointed(relu, x):
    save = jax.checkpoint_policies.dots_saveable
    block = jax.checkpoint(lambda x: relu(x @ W), policy=save)
    return jax.checkpoint(lambda x: block(block(x) - 1))(x) @ W


def vmapped(relu, x):
    return jax.vmap(lambda row: relu(row @ W) - relu(row), out_axes=1)(x) @ W


def deep(relu, x):
    body = jax.checkpoint(lambda c, row: (jax.jit(lambda c: relu(c @ W + row))(c), relu(row)))
    return jax.vmap(lambda row: lax.scan(body, row, x)[0])(x) @ W


STRUCTURES = {
    jitted: 1,
    nested: 1,
    scanned: 2,
    constants_of_scan: 1,
    repeated: 1,
    mapped: 1,
    branched: 2,
    switched: 2,
    checkpointed: 2,
    vmapped: 2,
    deep: 2,
}
WRITTEN = {
    "relu": jax.nn.relu,
    "maximum": relu,
    "clip": lambda x: jnp.clip(x, 0),
    "where": lambda x: jnp.where(x <= 0, 0, x),
}


def signal(y):
    return jnp.cos(jnp.arange(float(y.size))).reshape(y.shape)


def pull(function, x):
    y, down = jax.vjp(function, x)
    return down(signal(y))[0]


@pytest.mark.parametrize("structure", STRUCTURES)
def test_equals_the_same_function_of_another_rectifier(structure):
    """The outside truth: the rule written into the function by hand."""

    @jax.jit
    def compare(x):
        compared = []
        for form, rule in zip(WRITTEN, ("deconvnet", "guided") * 2, strict=True):
            expected = functools.partial(structure, rules.RULES[rule])
            found = rewrite(functools.partial(structure, WRITTEN[form]), rule)
            compared.append((found(x), expected(x), pull(found, x), pull(expected, x)))
        return compared, pull(functools.partial(structure, jax.nn.relu), x)

    compared, gradient = compare(X)
    for found, expected, below, by_hand in compared:
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(below, by_hand)
        assert not np.allclose(by_hand, gradient)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_every_site_is_counted_once(structure):
    for form in WRITTEN.values():
        report = rules.sites(functools.partial(structure, form), X)
        assert (len(report.sites), report.not_entered) == (STRUCTURES[structure], ())


CARRYING = {
    "jit": lambda x, z: jax.jit(lambda z, x: jnp.maximum(x, z))(z, x),
    "jit in jit": lambda x, z: jax.jit(lambda x: jax.jit(jnp.maximum)(x, jnp.full((3, 3), z)))(x),
    "checkpoint": lambda x, z: jax.checkpoint(lambda z, x: jnp.maximum(z, x))(z, x),
    "constant of a scan": lambda x, z: lax.map(lambda row: jnp.maximum(row, z), x),
    "branch": lambda x, z: lax.cond(x[0, 0] < 1, jnp.maximum, lambda x, z: x + z, x, z),
}


@pytest.mark.parametrize("way", CARRYING)
def test_the_zero_may_come_from_afar(way):
    for zero in (0.0, jnp.float32(0)):
        function = functools.partial(CARRYING[way], z=zero)
        assert [site.kind for site in rules.sites(function, X).sites] == ["max"]
    assert rules.sites(functools.partial(CARRYING[way], z=0.5), X).sites == ()
    assert rules.sites(CARRYING[way], X, jnp.zeros(())).sites == ()  # known at run time only


def test_what_starts_at_zero_is_no_zero():
    def function(x):
        return lax.scan(lambda c, row: (c + 1, jnp.maximum(row, c)), jnp.zeros(()), x)[1]

    assert rules.sites(function, X).sites == ()


def test_paths():
    def function(x):
        with jax.named_scope("stem"):
            x = jitted(relu, x)
        return branched(jax.nn.relu, scanned(lambda x: jnp.clip(x, 0), x))

    assert [site.path for site in rules.sites(function, X).sites] == [
        "stem/jit(<lambda>)",
        "scan/jit(clip)",
        "scan/jit(clip)",
        "cond[0]",
        "cond[1]",
    ]
    assert [site.shape for site in rules.sites(function, X).sites[:2]] == [(3, 3), (3,)]


@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_new_jaxpr_is_well_formed(structure):
    rewritten = rewrite(functools.partial(structure, relu), "guided")
    with jax.enable_checks(True):
        check_jaxpr(jax.make_jaxpr(rewritten)(X).jaxpr)
        check_jaxpr(jax.make_jaxpr(functools.partial(pull, rewritten))(X).jaxpr)


def test_rewriting_again_is_rewriting_once():
    once = rewrite(functools.partial(deep, jax.nn.relu6), "deconvnet")
    twice = rewrite(rewrite(functools.partial(deep, jax.nn.relu6), "guided"), "deconvnet")
    np.testing.assert_array_equal(pull(twice, X), pull(once, X))
    assert len(rules.sites(twice, X).sites) == STRUCTURES[deep]


def test_a_while_loop_is_passed_through_and_reported():
    def function(x):
        steps = lax.while_loop(lambda n: n < 2, lambda n: relu(n) + 1, lax.stop_gradient(x[0, 1]))
        return relu(x) * steps

    report = rules.sites(function, X)
    assert ([site.kind for site in report.sites], report.not_entered) == (["max"], ("while",))
    np.testing.assert_array_equal(pull(rewrite(function, "deconvnet"), X), relu(signal(X)) * 2)


@jax.custom_jvp
def own_jvp(x):
    return relu(x) + x


own_jvp.defjvps(lambda t, y, x: 10 * t)


@jax.custom_vjp
def own_vjp(x):
    return relu(x) + x


own_vjp.defvjp(lambda x: (own_vjp(x), None), lambda _, g: (10 * g,))


@pytest.mark.parametrize("own", [own_jvp, own_vjp])
def test_a_derivative_of_its_own_is_kept_and_reported(own):
    def function(x):
        return own(x) + relu(x + 1)

    report = rules.sites(jax.jit(function), X)
    name = "custom_jvp(own_jvp)" if own is own_jvp else "custom_vjp(own_vjp)"
    assert report.not_entered == (f"jit(function)/{name}",)
    g = signal(X)
    np.testing.assert_allclose(pull(rewrite(function, "deconvnet"), X), 10 * g + relu(g), rtol=1e-6)


def test_a_derivative_of_its_own_is_no_way_around():
    """What has the value of its input but a derivative of its own is not its input."""
    turned = jax.custom_vjp(lambda x: x)
    turned.defvjp(lambda x: (x, None), lambda _, g: (-g,))
    function = rewrite(lambda x: relu(turned(x)) + relu(x), "deconvnet")
    np.testing.assert_array_equal(pull(function, X), -relu(signal(X)) + relu(signal(X)))


def test_max_pooling_by_switches_is_kept():
    def function(x):
        return ops.max_pool(jax.nn.relu(x)[..., None], ops.Pool((2, 2), (1, 1)))

    report = rules.sites(function, X)
    assert ([site.kind for site in report.sites], report.not_entered) == (["relu"], ())
    by_hand = lambda x: ops.max_pool(  # noqa: E731
        rules.RULES["guided"](x)[..., None], ops.Pool((2, 2), (1, 1))
    )
    np.testing.assert_array_equal(pull(rewrite(function, "guided"), X), pull(by_hand, X))


def test_a_compiled_part_keeps_its_parameters():
    mesh = jax.make_mesh((1,), ("rows",), axis_types=(AxisType.Auto,))
    rows = NamedSharding(mesh, PartitionSpec("rows"))
    part = jax.jit(relu, donate_argnums=0, in_shardings=rows, out_shardings=rows)
    (old,) = jax.make_jaxpr(lambda x: part(x))(X).eqns
    (new,) = jax.make_jaxpr(rewrite(lambda x: part(x), "guided"))(X).eqns
    assert str(new.params["jaxpr"]) != str(old.params["jaxpr"])
    assert new.params.keys() == old.params.keys()
    for key in new.params.keys() - {"jaxpr"}:
        assert new.params[key] == old.params[key], key


def test_an_effect_happens_once(capfd):
    def function(x):
        jax.debug.print("seen")
        return relu(x)

    jax.block_until_ready(rewrite(jax.jit(function), "guided")(X))
    jax.effects_barrier()
    assert capfd.readouterr().out.count("seen") == 1


def test_what_runs_on_several_devices_by_hand_is_reported():
    mesh = jax.make_mesh((1,), ("rows",), axis_types=(AxisType.Auto,))
    rows = PartitionSpec("rows")
    sharded = jax.shard_map(relu, mesh=mesh, in_specs=rows, out_specs=rows)
    assert rules.sites(sharded, X) == rules.Report((), ("shard_map",))


def test_pytrees_in_and_out():
    def function(inputs, scale):
        (x, count), y = inputs["pair"], inputs["y"]
        return {"sum": relu(x * scale + y), "next": (count + 1, None)}

    rewritten = rewrite(function, "deconvnet")
    inputs = {"pair": (X, 3), "y": W}
    found, down = jax.vjp(lambda x, w: rewritten({"pair": (x, 3), "y": w}, 2.0)["sum"], X, W)
    np.testing.assert_array_equal(found, relu(2 * X + W))
    for below, scale in zip(down(signal(X)), (2, 1), strict=True):
        np.testing.assert_array_equal(below, scale * relu(signal(X)))
    assert rewritten(inputs, 2.0)["next"] == (4, None)


def test_closed_over_values_of_an_outer_transformation():
    def outer(w, x):
        return rewrite(lambda x: jnp.sum(jax.jit(lambda x: relu(w * x))(x)), "guided")(x)

    expected = jnp.sum(jnp.where(X > 0, X, 0))
    np.testing.assert_allclose(jax.grad(outer)(2.0, X), expected)
    np.testing.assert_allclose(jax.jit(jax.grad(outer))(2.0, X), expected)


def test_mapped_over_inputs():
    rewritten = rewrite(lambda x: jnp.sum(relu(x) * lax.pmean(x, "batch")), "guided")

    def total(x):
        return jax.vmap(rewritten, axis_name="batch")(x).sum()

    def by_hand(x):
        return jnp.sum(rules.RULES["guided"](x) * x.mean(0, keepdims=True))

    np.testing.assert_allclose(jax.grad(total)(X), jax.grad(by_hand)(X), rtol=1e-6)


def test_compiled_once_for_a_rule_and_again_for_another():
    traces = []

    @jax.jit
    def compiled(score_fn, x):
        traces.append(score_fn.rule)
        return jax.grad(lambda x: score_fn(x)[2])(x)

    network, image = tiny.network(), tiny.image()
    for changed in (network, jax.tree.map(lambda leaf: 1.1 * leaf, network), tiny.network(seed=4)):
        for rule in ("guided", "deconvnet", "guided"):
            found = compiled(rewrite(changed, rule), image)
            np.testing.assert_array_equal(found, compiled(rewrite(changed, rule), image))
    assert traces == ["guided", "deconvnet"]


def test_a_plain_function_is_an_argument_of_compiled_code_too():
    compiled = jax.jit(lambda score_fn, x: pull(score_fn, x))
    plain, other = functools.partial(nested, relu), functools.partial(jitted, relu)
    for function, rule in [(plain, "guided"), (plain, "deconvnet"), (other, "guided")] * 2:
        expected = pull(functools.partial(function.func, rules.RULES[rule]), X)
        np.testing.assert_allclose(compiled(rewrite(function, rule), X), expected, rtol=1e-5)
    assert tiny.compilations(compiled) == 3


def test_arrays_are_arguments_and_not_constants():
    rewritten = rewrite(tiny.network(), "guided")
    assert isinstance(rewritten, Rewritten)
    traced = jax.make_jaxpr(lambda score_fn, x: score_fn(x))(rewritten, tiny.image())
    assert all(np.size(constant) < 10 for constant in traced.consts)
    assert len(traced.in_avals) == len(jax.tree.leaves(tiny.network())) + 1
    sizes = [leaf.size for leaf in jax.tree.leaves(rewritten)]
    assert sizes == [leaf.size for leaf in jax.tree.leaves(tiny.network())]


def test_compiled_parts_are_not_compiled_again():
    """Run without an outer `jit`, twice: the second time nothing is left to compile."""
    part = jax.jit(lambda x: relu(x @ W))
    rewritten = rewrite(lambda x: part(part(x)), "guided")
    first, second = (jax.make_jaxpr(rewritten)(X).eqns for _ in range(2))
    bodies = {id(eqn.params["jaxpr"]) for eqn in (*first, *second)}
    assert len(bodies) == 1


def test_the_report_needs_no_values():
    network, image = jax.eval_shape(lambda: (tiny.network(), tiny.image()))
    assert rules.sites(network, image) == rules.sites(tiny.network(), tiny.image())
    assert [site.path for site in rules.sites(network, image).sites] == [
        "Chain/relu1",
        "Chain/relu2",
    ]
