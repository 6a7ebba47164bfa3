"""Images of neurons, channels, directions and classes: closed forms, starts, and diversity."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from jax.tree_util import Partial

from vizjax.ascent import NATURAL, Direction, Recipe, feature_visualisation, loop
from vizjax.ascent.objectives import diverse, gram_similarity
from vizjax.attribution import gradient
from vizjax.errors import InputError

SHAPE = (*tiny.SIZE, 3)
GENTLE = Recipe(steps=6, learning_rate=30.0, l2=1e-6)
LAYER = (3, 2, 6)  # of the tiny network's conv2
RNG = np.random.default_rng(0)
VECTOR = RNG.normal(size=LAYER[-1]).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    return tiny.network()


def features(network, score_fn, target: Any, recipe=GENTLE, *, seed=0, **options):
    options = {"shape": SHAPE, "mean": network.mean_image} | options
    return feature_visualisation(jax.random.key(seed), score_fn, target, recipe=recipe, **options)


# Similarity ---------------------------------------------------------------------------------

similarity = jax.jit(gram_similarity)


def literal_similarity(activations):
    """Loops over positions, channels and pairs, in float64."""
    grams = []
    for activation in np.asarray(activations, np.float64):
        gram = np.zeros((activation.shape[-1],) * 2)
        for position in np.ndindex(*activation.shape[:-1]):
            for c, d in np.ndindex(*gram.shape):
                gram[c, d] += activation[position][c] * activation[position][d]
        grams.append(gram)
    found = []
    for i, one in enumerate(grams):
        cosines = [
            (one * other).sum() / (np.sqrt((one**2).sum()) * np.sqrt((other**2).sum()))
            for j, other in enumerate(grams)
            if j != i
        ]
        found.append(sum(cosines) / len(cosines))
    return np.array(found)


@pytest.mark.parametrize("shape", [(2, 3, 2, 4), (4, 2, 3, 5), (3, 4)])
def test_similarity_by_its_formula(shape):
    activations = RNG.normal(size=shape).astype(np.float32)
    expected = literal_similarity(activations)
    assert (expected.max() < 0.99) & (expected.min() > 0.01)
    found = similarity(jnp.asarray(activations))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_similarity_in_closed_form():
    one = RNG.normal(size=(3, 4, 5)).astype(np.float32)
    # Neither scale, sign nor place matters: the same channels occur together.
    moved = 7 * np.roll(one, (1, 2), axis=(0, 1))
    np.testing.assert_allclose(similarity(jnp.stack([one, moved, -one])), 1, rtol=1e-5)
    # Channels that do not occur in the other.
    left, right = np.zeros((2, 3, 4, 5), np.float32)
    left[..., :2], right[..., 2:] = one[..., :2], one[..., 2:]
    np.testing.assert_array_equal(similarity(jnp.stack([left, right])), [0, 0])
    # The Gram matrices diag(1, 0), diag(1, 1): a cosine of 1/√2.
    diagonal = jnp.array([[[1.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])
    np.testing.assert_allclose(similarity(diagonal), 0.5**0.5, rtol=1e-6)


def test_an_activation_of_zeros_is_like_none_and_has_a_gradient():
    activations = jnp.asarray(RNG.normal(size=(3, 2, 2, 4)), jnp.float32).at[1].set(0)
    found, slope = jax.jit(jax.value_and_grad(lambda a: gram_similarity(a).sum()))(activations)
    others = literal_similarity(activations[jnp.array([0, 2])])
    expected = [others[0] / 2, 0, others[1] / 2]
    np.testing.assert_allclose(similarity(activations), expected, rtol=1e-5)
    np.testing.assert_allclose(found, others.sum() / 2, rtol=1e-5)
    assert np.isfinite(slope).all()
    np.testing.assert_array_equal(slope[1], 0)


def test_the_diversity_term_s_gradient_by_finite_differences():
    """Of `Σ_i f_i − δ·similarity_i` with `f` the sum of squares, through a linear layer."""
    weights = RNG.normal(size=(2, 3, 2, 3, 2, 4))
    images, mean, weight = RNG.normal(size=(3, 2, 3, 2)), np.array([0.5, -1.0]), 3.0

    def literal(images):
        activations = np.tensordot(images + mean, weights, 3)
        return (images**2).sum() - weight * literal_similarity(activations).sum()

    def ours(images):
        return diverse(
            lambda images: jnp.sum(images**2, axis=(1, 2, 3)),
            lambda image: jnp.tensordot(image, jnp.float32(weights), 3),
            jnp.float32(mean),
            weight,
            images,
        ).sum()

    found, slope = jax.jit(jax.value_and_grad(ours))(jnp.float32(images))
    np.testing.assert_allclose(found, literal(images), rtol=1e-5)
    step = 1e-6
    expected = np.empty_like(images)
    for at in np.ndindex(*images.shape):
        nudge = np.zeros_like(images)
        nudge[at] = step
        expected[at] = (literal(images + nudge) - literal(images - nudge)) / (2 * step)
    # Float32 against float64; the part of the diversity alone is of order 0.1.
    np.testing.assert_allclose(slope, expected, rtol=1e-4, atol=1e-4)
    assert np.abs(expected - 2 * images).max() > 0.1


# Directions ---------------------------------------------------------------------------------


def test_a_direction_is_the_mean_projection(network):
    image = tiny.image()
    activation = np.asarray(network.layer("conv2")(image))
    assert activation.shape == LAYER
    direction = Direction(network.layer("conv2"), VECTOR)
    expected = np.mean([activation[r, c] @ VECTOR for r, c in np.ndindex(*LAYER[:2])])
    np.testing.assert_allclose(jax.jit(lambda d, x: d(x))(direction, image), expected, rtol=1e-4)
    at = Direction(network.layer("conv2"), VECTOR, (2, 1))
    np.testing.assert_allclose(at(image), activation[2, 1] @ VECTOR, rtol=1e-4)


def test_a_unit_vector_is_a_channel_or_a_neuron(network):
    layer, unit, image = network.layer("conv2"), jnp.zeros(LAYER[-1]).at[4].set(1), tiny.image()
    channel, neuron = network.channels("conv2")(image)[4], layer(image)[1, 0, 4]
    np.testing.assert_allclose(Direction(layer, unit)(image), channel, rtol=1e-5)
    np.testing.assert_allclose(Direction(layer, unit, (1, 0))(image), neuron, rtol=1e-5)


def test_attribution_explains_a_direction():
    """`S = mean_p ⟨I_p, v⟩` of the image itself: its gradient is `v` by the number of pixels."""
    direction = Direction(lambda image: image, VECTOR[:3])
    expected = np.broadcast_to(VECTOR[:3] / np.prod(tiny.SIZE), SHAPE)
    np.testing.assert_allclose(gradient(direction, tiny.image(), ()), expected, rtol=1e-6)


def test_a_direction_refuses(network):
    layer = network.layer("conv2")
    with pytest.raises(InputError, match=r"`vector` is of shape \(5,\); expected \(6,\)"):
        Direction(layer, VECTOR[:5])(tiny.image())
    with pytest.raises(InputError, match="expected 0 to 2, 0 to 1"):
        Direction(layer, VECTOR, (3, 0))(tiny.image())


# The ascent ---------------------------------------------------------------------------------


def test_of_a_linear_score_is_v_by_two_lambda_from_any_start():
    """`argmax_I vᵀI − λ‖I‖² = v / 2λ` in closed form, whatever the mean."""
    weights = jnp.asarray(RNG.normal(size=(4, 3, 3)), jnp.float32)
    found = feature_visualisation(
        jax.random.key(0),
        lambda image: jnp.sum(weights * image),
        (),
        shape=(4, 3, 3),
        images=3,
        mean=np.array([5.0, 6.0, 7.0], np.float32),
        recipe=Recipe(steps=300, learning_rate=0.2, l2=0.25),
    )
    assert found.images.shape == (3, 4, 3, 3)
    assert found.trace.shape == (300, 3)
    for image in found.images:
        np.testing.assert_allclose(image, weights / 0.5, rtol=1e-4, atol=1e-6)


def test_starts_are_a_few_grey_values_beside_zero_and_differ():
    def score_fn(image):
        return image.mean(axis=(0, 1))

    def still(parameterisation: Any = "pixels", seed=0):
        recipe = Recipe(steps=1, learning_rate=1e-9, l2=0.0, parameterisation=parameterisation)
        return feature_visualisation(
            jax.random.key(seed), score_fn, 2, shape=SHAPE, images=10, mean=9.0, recipe=recipe
        )

    found = still()
    np.testing.assert_allclose(found.images.std(), 1, atol=0.03)  # of 5,760 draws
    np.testing.assert_allclose(found.images.mean(), 0, atol=0.03)
    expected = 9 + found.images[..., 2].mean(axis=(1, 2))
    np.testing.assert_allclose(found.trace[0], expected, rtol=1e-5)
    assert len(np.unique(found.trace[0])) == 10
    assert 1 < still("fourier").images.std() < 10
    np.testing.assert_array_equal(found.images, still().images)
    assert not np.allclose(found.images, still(seed=1).images)


@pytest.mark.parametrize("kind", ["class", "channel", "neuron", "direction", "direction at"])
def test_every_kind_of_target_climbs(network, kind):
    layer = network.layer("conv2")
    cases = {
        "class": [(network, 3), (network, 4)],
        "channel": [(network.channels("conv2"), 5), (network.channels("conv2"), 3)],
        "neuron": [(layer, (0, 0, 5)), (layer, (0, 0, 3))],
        "direction": [(Direction(layer, sign * VECTOR), ()) for sign in (1, -1)],
        "direction at": [(Direction(layer, sign * VECTOR, (0, 0)), ()) for sign in (1, -1)],
    }[kind]
    one, other = (features(network, *case, images=2) for case in cases)
    assert (one.trace[-1] > one.trace[0]).all()
    assert (other.trace[-1] > other.trace[0]).all()
    assert not np.allclose(one.images, other.images)
    # The top left corner's neurons see nothing of the bottom right one.
    unseen = np.array_equal(one.images[:, -3:, -3:], other.images[:, -3:, -3:])
    assert unseen == (kind in ("neuron", "direction at"))


def test_a_target_may_be_an_array(network):
    layer = network.layer("conv2")
    one = features(network, layer, (0, 1, 5), images=2)
    other = features(network, layer, jnp.array([0, 1, 5]), images=2)
    np.testing.assert_array_equal(one.images, other.images)


def test_plain_functions_will_do():
    """Of a direction's layer, and of what images are compared in."""

    def layer(image):
        return image[::2] ** 2

    def images(layer):
        found = feature_visualisation(
            jax.random.key(0),
            Direction(layer, VECTOR[:3]),
            (),
            shape=SHAPE,
            images=2,
            recipe=GENTLE,
            layer_fn=layer,
            diversity=0.5,
        )
        return found.images

    np.testing.assert_array_equal(images(layer), images(Partial(layer)))


@pytest.mark.usefixtures("adam_promotes")
def test_the_recipe_that_ships_runs_and_is_compiled_once(network):
    recipe = dataclasses.replace(NATURAL, steps=2)
    options: Any = {"images": 2, "diversity": 1.0}
    first = features(
        network, network.channels("conv2"), 1, recipe, layer_fn=network.layer("conv2"), **options
    )
    assert np.isfinite(first.images).all()
    before = tiny.compilations(loop._advance)
    other = tiny.network(seed=1)
    options["diversity"] = 2.0
    features(other, other.channels("conv2"), 3, recipe, layer_fn=other.layer("conv2"), **options)
    assert tiny.compilations(loop._advance) == before


def test_reports_every_step(network):
    done = []
    features(network, network, 1, images=2, progress=done.append)
    assert sum(done) == GENTLE.steps


# Diversity ----------------------------------------------------------------------------------


def test_diversity_parts_the_images(network):
    layer, recipe = network.layer("relu2"), dataclasses.replace(GENTLE, steps=40)

    def likeness(diversity):
        found = features(network, network, 3, recipe, images=2, layer_fn=layer, diversity=diversity)
        assert (found.trace[-1] > found.trace[0]).all()
        shown = found.images + network.mean_image[None]
        return float(similarity(jax.jit(jax.vmap(layer))(shown)).mean())

    alike, parted = likeness(0.0), likeness(20.0)
    assert parted < alike - 0.1, (alike, parted)


def test_the_trace_has_what_diversity_costs(network):
    layer = network.layer("relu2")
    plain, cost = (
        features(network, network, 3, images=2, layer_fn=layer, diversity=diversity)
        for diversity in (0.0, 2.0)
    )
    start = jax.random.normal(jax.random.split(jax.random.key(0))[0], (2, *SHAPE))
    activations = jax.jit(jax.vmap(layer))(start + network.mean_image[None])
    expected = plain.trace[0] - 2 * literal_similarity(activations)
    np.testing.assert_allclose(cost.trace[0], expected, rtol=1e-3, atol=1e-4)


# Refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"images": 0}, "`images` is 0"),
        ({"diversity": -1.0}, "`diversity` is -1.0"),
        ({"diversity": float("nan")}, "`diversity` is nan"),
        ({"diversity": 1.0, "images": 2}, "`layer_fn` None"),
        ({"diversity": 1.0, "layer_fn": jnp.sin}, "for 1 images"),
    ],
)
def test_refuses(network, options, words):
    with pytest.raises(InputError, match=words):
        features(network, network, 1, **options)


@pytest.mark.parametrize("target", [tiny.CLASSES, -1, (1, 2), 1.5])
def test_refuses_targets_that_there_are_not(network, monkeypatch, target):
    import jaxtyping

    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match="`label` is"):
        features(network, network, target)


# The real network ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("adam_promotes")
@pytest.mark.parametrize(
    ("layer", "target"),
    [("fire4", 40), ("fire8", 5), ("fire8", 300), ("fire8", (7, 7, 300)), ("fire8", ())],
)
def test_a_feature_s_image_excites_it_more_than_any_photograph(squeezenet, layer, target):
    import skimage

    difference = jnp.zeros(512).at[300].set(1).at[40].set(-1)
    score_fn: Any = {
        int: squeezenet.channels(layer),
        tuple: squeezenet.layer(layer)
        if target
        else Direction(squeezenet.layer(layer), difference),
    }[type(target)]
    mean = squeezenet.mean_image
    found = feature_visualisation(jax.random.key(0), score_fn, target, shape=mean.shape, mean=mean)
    shown = jnp.clip(jnp.round(found.images[0] + mean), 0, 255)
    photos = [getattr(skimage.data, n)() for n in ("chelsea", "coffee", "rocket", "astronaut")]
    score = jax.jit(lambda score_fn, image: score_fn(image)[target])
    best = max(float(score(score_fn, squeezenet.prepare(photo))) for photo in photos)
    assert float(score(score_fn, shown)) > 2 * max(best, 1.0)
    assert 25 < shown.std() < 100  # neither flat nor washed out
