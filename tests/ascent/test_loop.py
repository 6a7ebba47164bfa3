"""The ascent: closed-form climbs, one step or many a call, and what is compiled."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import tiny
from jax.tree_util import Partial

from vizjax.ascent import ascend, loop
from vizjax.ascent.objectives import class_score
from vizjax.errors import InputError

RNG = np.random.default_rng(0)
W = jnp.asarray(RNG.normal(size=(4, 3, 2)), jnp.float32)
ZERO = jnp.zeros_like(W)
DECAY = 0.25
SGD = optax.sgd(0.5)
ADAM = optax.adam(0.1)


def quadratic(image):
    """`wᵀI − λ‖I‖²`: eq. 1 for a linear score. Its maximum is at `w / 2λ`."""
    return jnp.sum(W * image) - DECAY * jnp.sum(image**2)


def quadratics(images):
    """One value an image."""
    return jax.vmap(quadratic)(images)


def noisy(key, image):
    return image + jax.random.normal(key, image.shape)


@pytest.fixture
def scanned(monkeypatch):
    """As on an accelerator: several steps a call, here four."""
    monkeypatch.setattr(loop, "STEPS_PER_CALL", 4)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")


# What is computed ---------------------------------------------------------------------------


def test_converges_to_the_optimum(key):
    found = ascend(key, quadratic, ZERO, SGD, steps=100)
    # Each step leaves 3/4 of the way; float32 the rest.
    np.testing.assert_allclose(found.image, W / (2 * DECAY), rtol=1e-5)
    np.testing.assert_allclose(found.trace[-1], jnp.sum(W**2) / (4 * DECAY), rtol=1e-5)
    # So far a step gains 7.7 · (9/16)^t, over 1e-3; sums of 24 terms round by less than 1e-4.
    assert (np.diff(found.trace[:16]) > 0).all()


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_the_path_in_closed_form(key, steps):
    """`I_t = w/2λ · (1 − (1 − 2λη)^t)`, and the trace holds the objective before each step."""
    found = ascend(key, quadratic, ZERO, SGD, steps=steps)
    at = [W / (2 * DECAY) * (1 - (1 - 2 * DECAY * 0.5) ** t) for t in range(steps + 1)]
    np.testing.assert_allclose(found.image, at[steps], rtol=1e-5)
    np.testing.assert_allclose(found.trace, [quadratic(image) for image in at[:steps]], rtol=1e-5)
    assert found.trace[0] == 0
    assert found.trace.shape == (steps,)


def test_momentum_and_weight_decay_see_the_image(key):
    """Optimisers that need the parameters get them: decayed weights pull to the zero image."""
    optimizer = optax.chain(optax.add_decayed_weights(2 * DECAY), optax.sgd(0.5))
    found = ascend(key, lambda image: jnp.sum(W * image), ZERO, optimizer, steps=100)
    np.testing.assert_allclose(found.image, W / (2 * DECAY), rtol=1e-5)


@pytest.mark.usefixtures("adam_promotes")
@pytest.mark.parametrize("optimizer", [optax.sgd(0.5, momentum=0.9), ADAM])
def test_members_of_a_batch_climb_alone(key, optimizer):
    start = jnp.stack([ZERO, W, 9 * W])
    together = ascend(key, quadratics, start, optimizer, steps=5)
    assert together.trace.shape == (5, 3)
    for number in range(3):
        alone = ascend(key, quadratic, start[number], optimizer, steps=5)
        # Elementwise arithmetic, compiled for another shape: the last bits may differ.
        np.testing.assert_allclose(together.image[number], alone.image, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(together.trace[:, number], alone.trace, rtol=1e-5, atol=1e-5)


def test_any_pytree_climbs(key):
    start = {"left": ZERO, "right": (ZERO,)}
    found = ascend(
        key,
        lambda images: quadratic(images["left"]) + quadratic(-images["right"][0]),
        start,
        SGD,
        steps=60,
    )
    np.testing.assert_allclose(found.image["left"], W / (2 * DECAY), rtol=1e-4)
    np.testing.assert_allclose(found.image["right"][0], -W / (2 * DECAY), rtol=1e-4)


def test_project_is_applied_after_every_step(key):
    bound = 0.1
    clip = lambda image: jnp.clip(image, -bound, bound)  # noqa: E731
    found = ascend(key, quadratic, ZERO, SGD, steps=60, project=clip)
    np.testing.assert_allclose(found.image, np.clip(W / (2 * DECAY), -bound, bound), rtol=1e-5)
    # After every step, not after the last: the objective before the third is that of the second.
    once = ascend(key, quadratic, ZERO, SGD, steps=1, project=clip)
    np.testing.assert_allclose(found.trace[1], quadratic(once.image), rtol=1e-5)


def test_transform_draws_anew_at_every_step_and_is_differentiated_through(key):
    found = ascend(key, lambda image: 3 * jnp.sum(image), ZERO, SGD, steps=6, transform=noisy)
    noise = [3 * noisy(k, ZERO).sum() for k in jax.random.split(key, 6)]
    climbed = 3 * 0.5 * 3 * ZERO.size * np.arange(6)
    np.testing.assert_allclose(found.trace, climbed + np.array(noise), rtol=1e-5)
    assert len(set(np.round(found.trace - climbed, 3).tolist())) == 6
    doubled = ascend(key, quadratic, ZERO, SGD, steps=100, transform=lambda key, image: 2 * image)
    np.testing.assert_allclose(2 * doubled.image, W / (2 * DECAY), rtol=1e-5)


def test_same_key_same_bits(key):
    one, again, other = (
        ascend(k, quadratic, ZERO, SGD, steps=5, transform=noisy)
        for k in (key, jax.random.clone(key), jax.random.key(1))
    )
    np.testing.assert_array_equal(one.image, again.image)
    np.testing.assert_array_equal(one.trace, again.trace)
    assert not np.allclose(one.image, other.image)


@pytest.mark.parametrize("steps", [0, -3])
def test_refuses_no_steps(key, steps):
    with pytest.raises(InputError, match=f"`steps` is {steps}; expected at least 1"):
        ascend(key, quadratic, ZERO, SGD, steps=steps)


# One step a call or many ----------------------------------------------------------------------


@pytest.mark.usefixtures("adam_promotes")
@pytest.mark.parametrize("steps", [1, 4, 9, 10])
def test_many_steps_a_call_equal_one(key, steps, request):
    """Nine steps are two calls of four and one of one; ten leave two."""

    def climb():
        return ascend(
            key,
            quadratics,
            jnp.stack([ZERO, W]),
            ADAM,
            steps=steps,
            transform=noisy,
            project=jnp.tanh,
        )

    one = climb()
    request.getfixturevalue("scanned")
    many = climb()
    assert one.trace.shape == many.trace.shape == (steps, 2)
    # The same keys and operations; the compiler may fuse them otherwise in a loop.
    np.testing.assert_allclose(one.image, many.image, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(one.trace, many.trace, rtol=1e-5, atol=1e-6)


def test_reports_every_step_on_a_cpu(key):
    done = []
    ascend(key, quadratic, ZERO, SGD, steps=10, progress=done.append)
    assert done == [1] * 10


def test_reports_every_call_elsewhere(key, scanned):
    done = []
    ascend(key, quadratic, ZERO, SGD, steps=10, progress=done.append)
    assert done == [4, 4, 2]


# What is compiled -----------------------------------------------------------------------------


def climb(score_fn, images, labels, **options):
    mean = jnp.zeros(3)
    objective = Partial(class_score, loop.as_pytree(score_fn), labels, mean, 0.1, 0.2)
    return ascend(jax.random.key(0), objective, images, SGD, **options)


def test_one_compilation_for_other_parameters_starts_labels_and_step_counts():
    network, images = tiny.network(), jnp.stack([tiny.image(), 9 * tiny.image()])
    found = climb(network, images, jnp.array([0, 1]), steps=3)
    before = tiny.compilations(loop._advance)
    others = [
        climb(tiny.network(seed=1), images, jnp.array([0, 1]), steps=3),
        climb(network, images + 1, jnp.array([0, 1]), steps=3),
        climb(network, images, jnp.array([5, 6]), steps=4),
    ]
    assert tiny.compilations(loop._advance) == before
    assert all(not np.allclose(found.image, other.image) for other in others)


def test_parameters_are_arguments_and_not_constants():
    network, images = tiny.network(), tiny.image()[None]

    def baked_in(score_fn):
        """How many numbers the compiled step holds itself."""
        jaxpr = jax.make_jaxpr(lambda images: climb(score_fn, images, jnp.array([0]), steps=1))
        (step,) = [e for e in jaxpr(images).eqns if e.params.get("name") == "_advance"]
        return sum(np.size(const) for const in step.params["jaxpr"].consts)

    assert baked_in(network) == 0
    # What a function closes over is baked in: so it would look.
    parameters = sum(leaf.size for leaf in jax.tree.leaves(network))
    assert baked_in(lambda image: network(image)) == parameters


def test_plain_functions_are_objectives_of_their_own(key):
    before = [ascend(key, lambda image: -jnp.sum(image**2), W, SGD, steps=1) for _ in range(2)]
    np.testing.assert_array_equal(before[0].image, before[1].image)
    one = ascend(key, lambda image: 2 * image.sum(), ZERO, SGD, steps=1)
    other = ascend(key, lambda image: 4 * image.sum(), ZERO, SGD, steps=1)
    np.testing.assert_array_equal(2 * one.image, other.image)


def test_as_pytree():
    network = tiny.network()
    assert loop.as_pytree(network) is network
    partial = Partial(quadratic)
    assert loop.as_pytree(partial) is partial
    function = loop.as_pytree(quadratic)
    assert jax.tree.leaves(function) == []
    assert function(W) == quadratic(W)
    assert jax.tree.structure(function) == jax.tree.structure(loop.as_pytree(quadratic))
