"""One step: the descent by hand, parts of a batch, precision, rates."""

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from little_cifar import TINY

from vizjax.training import Config
from vizjax.training.data import Batch, decoded
from vizjax.training.statistics import statistics
from vizjax.training.step import State, augmented, centred, compiled_step, descent, initial, rate

PLAIN = dataclasses.replace(TINY, dropout=0.0, warmup=0.0)


@pytest.fixture(scope="module")
def seen(data):
    """A batch of sixteen, and the statistics."""
    kept = decoded(data.train)
    position = np.arange(16, dtype=np.uint32)
    return Batch(kept.image[:16], kept.label[:16], position), statistics(kept.image)


def start(config, steps=100):
    """The network, and a state before the first step that can be given away."""
    full = config.resolved()
    module = full.module(10)
    return full, module, initial(module, full, descent(full, steps, 10.0))


def stepped(config, seen, *, count=1):
    full, module, state = start(config)
    step = compiled_step(module, dataclasses.replace(full, seed=0), 100, 10.0)
    batch, known = seen
    state, found = step(state, batch, known, jax.random.key(config.seed))
    for _ in range(count - 1):
        state, found = step(state, batch, known, jax.random.key(config.seed))
    return state, found


def difference(one, other):
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return max(float(jnp.abs(a - b).max()) for a, b in pairs)


def test_two_steps_by_hand(seen):
    """Weight decay is a part of the gradient, and the velocity has it too."""
    full, module, state = start(PLAIN)
    params = jax.tree.map(np.asarray, state.params)
    batch, known = seen
    x = augmented(jax.random.fold_in(jax.random.key(full.seed), 1), batch, known, full)

    def loss(params):
        scores: Any = module.apply({"params": params}, x)
        log = jax.nn.log_softmax(scores)
        return -log[jnp.arange(16), batch.label].mean()

    velocity = jax.tree.map(np.zeros_like, params)
    gradient = jax.jit(jax.grad(loss))
    for step in range(2):
        decayed = jax.tree.map(lambda g, p: g + 5e-4 * p, gradient(params), params)
        velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, decayed)
        falling = np.float32(TINY.learning_rate * (1 + np.cos(np.pi * step / 100)) / 2)
        moved = jax.tree.map(partial(np.multiply, falling), velocity)
        params = jax.tree.map(np.subtract, params, moved)
    found, _ = stepped(PLAIN, seen, count=2)
    assert int(found.step) == 2
    assert difference(found.params, params) < 1e-5


def test_a_batch_in_parts_is_the_same_batch(seen):
    whole, losses = stepped(PLAIN, seen)
    parts, losses_of_parts = stepped(dataclasses.replace(PLAIN, accumulate=4), seen)
    assert difference(whole.params, parts.params) < 1e-5
    np.testing.assert_allclose(losses, losses_of_parts, rtol=1e-5)


def test_half_precision_keeps_parameters_single(seen):
    single, losses = stepped(PLAIN, seen)
    half, found = stepped(dataclasses.replace(PLAIN, precision="bfloat16"), seen)
    assert {leaf.dtype for leaf in jax.tree.leaves(half.params)} == {jnp.dtype("float32")}
    np.testing.assert_allclose(losses.loss, found.loss, rtol=0.02)
    moved = difference(start(PLAIN)[2].params, single.params)
    assert 0 < difference(single.params, half.params) < 0.2 * moved


def test_the_same_seed_gives_the_same_bits_and_another_does_not(seen):
    first, _ = stepped(TINY, seen, count=2)
    again, _ = stepped(TINY, seen, count=2)
    assert difference(first, again) == 0
    other, _ = stepped(dataclasses.replace(TINY, seed=4), seen, count=2)
    assert difference(first.params, other.params) > 0


def test_changes_depend_on_the_position_alone(seen, key):
    batch, known = seen
    config = TINY.resolved()
    whole = augmented(key, batch, known, config)
    swapped = jax.tree.map(lambda leaf: leaf[::-1], batch)
    np.testing.assert_array_equal(augmented(key, swapped, known, config)[::-1], whole)
    later = batch._replace(position=batch.position + 16)
    assert not np.array_equal(augmented(key, later, known, config), whole)


def test_nothing_is_changed_where_nothing_is_asked_for(seen, key):
    batch, known = seen
    still = dataclasses.replace(
        TINY, size=16, margin=0, reflect=False, lighting=0.0, patches=0
    ).resolved()
    np.testing.assert_array_equal(
        augmented(key, batch, known, still), centred(jnp.asarray(batch.image), known)
    )


def test_the_cosine_rises_in_a_line_and_falls_to_zero():
    config = Config(learning_rate=0.5, warmup=2.0).resolved()
    found = rate(config, 100, 10.0)
    expected = {0: 0.0, 10: 0.25, 20: 0.5, 60: 0.25, 100: 0.0}
    assert {step: float(np.asarray(found(step))) for step in expected} == pytest.approx(
        expected, abs=1e-6
    )


def test_the_steps_are_tenths():
    config = Config(learning_rate=0.5, schedule="step", warmup=1.0, drops=(0.5, 0.75)).resolved()
    found = rate(config, 100, 10.0)
    expected = {5: 0.25, 10: 0.5, 49: 0.5, 51: 0.05, 74: 0.05, 76: 0.005, 99: 0.005}
    assert {step: float(np.asarray(found(step))) for step in expected} == pytest.approx(
        expected, rel=1e-5
    )


def test_a_state_is_a_tree_of_arrays():
    _, _, state = start(TINY)
    assert isinstance(state, State)
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(state))
