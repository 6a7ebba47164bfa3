"""Class models of small networks: they climb, each to its own class, under every recipe."""

import dataclasses

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
import tiny

from vizjax.ascent import NATURAL, PAPER, Recipe, class_models, loop
from vizjax.errors import InputError

SHAPE = (*tiny.SIZE, 3)
LABELS = np.array([4, 0, 6])
# Of a network that is new to every rate: steps of about a grey value.
GENTLE = Recipe(steps=6, learning_rate=30.0, l2=1e-6)


@pytest.fixture(scope="module")
def network():
    return tiny.network()


def models(network, recipe=GENTLE, *, key=None, labels=LABELS, **options):
    key = jax.random.key(0) if key is None else key
    options.setdefault("mean", getattr(network, "mean_image", 0.0))
    return class_models(key, network, labels, shape=SHAPE, recipe=recipe, **options)


# What they are ------------------------------------------------------------------------------


def test_the_first_step_is_the_gradient_at_the_mean_image(network):
    """From the zero image, where λ has no say: `I_1 = η ∂S_c/∂I(mean)`."""
    found = models(network, dataclasses.replace(GENTLE, steps=1, l2=0.5))
    score_and_slope = jax.jit(jax.value_and_grad(lambda image, c: network(image)[c]))
    for label, image, score in zip(LABELS, found.images, found.trace[0], strict=True):
        value, slope = score_and_slope(network.mean_image, label)
        np.testing.assert_allclose(score, value, rtol=1e-4)
        np.testing.assert_allclose(image, 30 * slope, rtol=1e-4, atol=1e-4)


def test_of_a_linear_score_is_w_by_two_lambda():
    """Eq. 1 in closed form: `argmax_I wᵀI − λ‖I‖² = w / 2λ`, whatever the mean."""
    weights = jnp.asarray(np.random.default_rng(0).normal(size=(5, 4, 3, 3)), jnp.float32)
    recipe = Recipe(steps=300, learning_rate=0.2, l2=0.25)
    found = class_models(
        jax.random.key(0),
        lambda image: jnp.tensordot(weights, image, 3),
        np.array([3, 1]),
        shape=(4, 3, 3),
        mean=np.array([5.0, 6.0, 7.0], np.float32),
        recipe=recipe,
    )
    np.testing.assert_allclose(found.images, weights[np.array([3, 1])] / 0.5, rtol=1e-4)


def test_on_the_paper_s_network_scores_rise_and_classes_differ(small_convnet):
    network = small_convnet
    recipe = Recipe(steps=20, learning_rate=1000.0, l2=1e-6)
    labels = np.arange(7)
    found = class_models(
        jax.random.key(0),
        network,
        labels,
        shape=(80, 80, 3),
        mean=network.mean_image,
        recipe=recipe,
    )
    assert found.images.shape == (7, 80, 80, 3)
    assert found.trace.shape == (20, 7)
    scores = jax.jit(jax.vmap(network))(found.images + network.mean_image[None])
    assert (scores[labels, labels] > found.trace[0] + 0.01).all()
    alike = np.corrcoef(np.asarray(found.images).reshape(7, -1))
    assert (alike[~np.eye(7, dtype=bool)] < 0.9).all()


def test_a_class_does_not_depend_on_its_company(network):
    together = models(network)
    for number, label in enumerate(LABELS):
        alone = models(network, labels=np.array([label]))
        # The same sums in another order.
        atol = 1e-4 * float(np.abs(alone.images).max())
        np.testing.assert_allclose(together.images[number], alone.images[0], atol=atol)


@pytest.mark.parametrize("recipe", [GENTLE, dataclasses.replace(GENTLE, jitter=3, degrees=20.0)])
def test_same_key_same_bits(network, recipe):
    one, again, other = (models(network, recipe, key=jax.random.key(k)) for k in (0, 0, 1))
    np.testing.assert_array_equal(one.images, again.images)
    np.testing.assert_array_equal(one.trace, again.trace)
    assert np.array_equal(one.images, other.images) == (recipe == GENTLE)


def test_a_strong_penalty_keeps_the_image_near_zero(network):
    # λη is the same, so that both are stable: a strong λ takes small steps.
    free = models(network, dataclasses.replace(GENTLE, steps=30, l2=0.0))
    held = models(network, dataclasses.replace(GENTLE, steps=30, learning_rate=0.03, l2=10.0))
    assert np.abs(held.images).max() < 0.01 * np.abs(free.images).max()
    assert np.abs(held.images).max() > 0


def test_the_mean_is_what_the_network_sees_and_no_part_of_the_image(network):
    for mean in (np.zeros(SHAPE, np.float32), np.asarray(network.mean_image)):
        found = models(network, mean=mean)
        scores = network(jnp.asarray(mean))[LABELS]
        np.testing.assert_allclose(found.trace[0], scores, rtol=1e-4, atol=1e-4)
        assert np.abs(found.images).max() < 20  # six small steps from zero, not from the mean


def test_neurons_and_channels_of_a_layer(network):
    neurons = np.array([[0, 0, 1], [2, 1, 5]])
    found = models(network.layer("conv2"), labels=neurons)
    assert (found.trace[-1] > found.trace[0]).all()
    # A neuron of the top left corner sees nothing of the bottom right one.
    assert not found.images[0, -3:, -3:].any()
    assert found.images[1, -5:, -5:].any()
    found = models(network.channels("conv2"), labels=np.array([5]))
    assert found.trace[-1, 0] > found.trace[0, 0]


def test_a_function_and_images_of_one_channel():
    found = class_models(
        jax.random.key(0),
        lambda image: jnp.stack([image.sum(), -image.sum()]),
        np.array([0, 1]),
        shape=(4, 3, 1),
        recipe=GENTLE,
    )
    assert (found.images[0] > 0).all()
    np.testing.assert_allclose(found.images[1], -found.images[0], rtol=1e-6)


def test_reports_every_step(network):
    done = []
    models(network, progress=done.append)
    assert sum(done) == GENTLE.steps


def test_the_posterior_climbs_too(network):
    found = models(network, dataclasses.replace(GENTLE, objective="posterior", l2=0.0))
    posterior = jax.nn.softmax(network(network.mean_image))
    np.testing.assert_allclose(found.trace[0], posterior[LABELS], rtol=1e-4)
    assert (found.trace[-1] > found.trace[0]).all()
    assert (found.trace <= 1).all()


# Recipes --------------------------------------------------------------------------------------

OPTIONS = [
    ({"optimizer": "adam"}, "3 steps of adam"),
    ({"learning_rate": 31.5}, "learning_rate 31.5"),
    ({"l2": 0.001}, "l2 0.001"),
    ({"objective": "posterior"}, "objective posterior"),
    ({"parameterisation": "fourier"}, "parameterisation fourier, decay 1"),
    ({"jitter": 3}, "jitter 3"),
    ({"scale": 0.2}, "scale 0.2"),
    ({"degrees": 20.0}, "degrees 20"),
    ({"total_variation": 0.01}, "total_variation 0.01"),
    ({"blur": 0.7}, "blur 0.7"),
]


@pytest.mark.usefixtures("adam_promotes")
@pytest.mark.parametrize(("option", "words"), OPTIONS)
def test_every_option_matters_and_is_in_the_caption(network, option, words):
    recipe = dataclasses.replace(GENTLE, steps=3, **option)
    plain = dataclasses.replace(GENTLE, steps=3)
    found = models(network, recipe)
    assert found.images.shape == (3, *SHAPE)
    assert np.isfinite(found.images).all()
    assert not np.allclose(found.images, models(network, plain).images, rtol=1e-6)
    assert words in recipe.caption()
    assert words not in plain.caption()


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_the_decay_matters_and_is_in_the_caption(network, decay):
    recipe = dataclasses.replace(GENTLE, parameterisation="fourier", learning_rate=0.1, steps=3)
    other = dataclasses.replace(recipe, decay=decay)
    assert not np.allclose(models(network, recipe).images, models(network, other).images)
    assert "decay 1" in recipe.caption()
    assert f"decay {decay:g}" in other.caption()
    assert "decay" not in GENTLE.caption()


def test_fourier_images_stay_photographs(network):
    recipe = dataclasses.replace(GENTLE, parameterisation="fourier", learning_rate=100.0)
    images = models(network, recipe).images
    assert 1 < np.abs(images).max() <= 115


def test_a_caption_says_all_that_differs_from_nothing():
    recipe = Recipe(steps=20, optimizer="adam", learning_rate=0.05, l2=0.0, blur=1.5)
    assert recipe.caption() == (
        "20 steps of adam, learning_rate 0.05, l2 0, objective score, parameterisation pixels, "
        "blur 1.5"
    )


@pytest.mark.usefixtures("adam_promotes")
@pytest.mark.parametrize("recipe", [PAPER, NATURAL])
def test_the_recipes_that_ship_run(network, recipe):
    found = models(network, dataclasses.replace(recipe, steps=2))
    assert np.isfinite(found.images).all()
    assert np.abs(found.images).max() > 0


@pytest.mark.usefixtures("adam_promotes")
@pytest.mark.parametrize("recipe", [PAPER, NATURAL])
def test_the_same_recipe_is_compiled_once(network, recipe):
    recipe = dataclasses.replace(recipe, steps=1)
    first = models(network, recipe)
    before = tiny.compilations(loop._advance)
    models(tiny.network(seed=1), recipe, labels=LABELS[::-1], key=jax.random.key(1))
    models(network, dataclasses.replace(recipe, l2=1.0, total_variation=1.0))
    again = models(network, dataclasses.replace(recipe))
    assert tiny.compilations(loop._advance) == before
    np.testing.assert_array_equal(first.images, again.images)


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"steps": -1},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
        {"l2": -1e-6},
        {"l2": float("nan")},
        {"decay": -1.0},
        {"jitter": -1},
        {"scale": -0.1},
        {"scale": 1.0},
        {"degrees": -1.0},
        {"degrees": float("inf")},
        {"total_variation": -1.0},
        {"blur": -1.0},
        {"blur": 1.0, "parameterisation": "fourier"},
    ],
)
def test_refuses(wrong):
    name = next(iter(wrong))
    with pytest.raises(InputError, match=f"`{name}` is {wrong[name]}.*; expected"):
        Recipe(**wrong)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("optimizer", "sgd, adam"),
        ("objective", "score, posterior"),
        ("parameterisation", "pixels, fourier"),
    ],
)
def test_refuses_unknown_names(monkeypatch, name, known):
    # The tests' own check of types would refuse first.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match=f"`{name}` is fourrier; expected one of: {known}"):
        dataclasses.replace(PAPER, **{name: "fourrier"})


@pytest.mark.parametrize("labels", [[1, tiny.CLASSES], [-1], [[1, 2]]])
def test_refuses_labels_that_there_are_not(network, labels):
    with pytest.raises(InputError, match="`label` is"):
        models(network, labels=np.array(labels))


def test_refuses_fourier_coefficients_of_grey(network):
    recipe = dataclasses.replace(GENTLE, parameterisation="fourier")
    with pytest.raises(InputError, match="expected 3 channels"):
        class_models(
            jax.random.key(0),
            lambda image: image.sum((0, 1)),
            np.array([0]),
            shape=(4, 3, 1),
            recipe=recipe,
        )
