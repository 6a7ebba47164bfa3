"""What is climbed, in closed form: linear scores, posteriors and penalties by hand."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax.ascent.objectives import (
    OBJECTIVES,
    class_posterior,
    class_score,
    total_variation,
)
from vizjax.errors import InputError

RNG = np.random.default_rng(0)
SHAPE = (4, 3, 2)
W = RNG.normal(size=(5, *SHAPE)).astype(np.float32)
B = RNG.normal(size=5).astype(np.float32)
MEAN = jnp.array([10.0, -20.0])
IMAGES = RNG.normal(size=(3, *SHAPE)).astype(np.float32)
LABELS = np.array([4, 0, 2])


def linear(image):
    return jnp.tensordot(jnp.asarray(W), image, 3) + jnp.asarray(B)


def evaluate(objective, *, labels=LABELS, mean: Any = MEAN, l2=0.0, variation=0.0, images=IMAGES):
    labels, images = jnp.asarray(labels), jnp.asarray(images)
    return objective(linear, labels, jnp.asarray(mean), l2, variation, images)


def scores():
    return np.tensordot(IMAGES + np.asarray(MEAN), W, ([1, 2, 3], [1, 2, 3])) + B


def variation_literally(image):
    rows, columns, channels = image.shape
    total = 0.0
    for r, c, k in np.ndindex(rows, columns, channels):
        if r + 1 < rows:
            total += abs(float(image[r + 1, c, k]) - float(image[r, c, k]))
        if c + 1 < columns:
            total += abs(float(image[r, c + 1, k]) - float(image[r, c, k]))
    return total


def test_the_objectives_are_there():
    assert list(OBJECTIVES.items()) == [("score", class_score), ("posterior", class_posterior)]


def test_a_score_is_that_of_the_image_with_the_mean():
    expected = scores()[np.arange(3), LABELS]
    np.testing.assert_allclose(evaluate(class_score), expected, rtol=1e-5)


def test_the_mean_may_be_a_number_a_colour_or_an_image():
    for mean in (7.0, np.full(2, 7.0), np.full(SHAPE, 7.0)):
        found = evaluate(class_score, mean=jnp.asarray(mean, jnp.float32))
        np.testing.assert_allclose(
            found, evaluate(class_score, mean=0.0, images=IMAGES + 7), rtol=1e-4
        )


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_penalties_are_of_the_zero_centred_image(name):
    plain = evaluate(OBJECTIVES[name])
    penalised = evaluate(OBJECTIVES[name], l2=0.5)
    np.testing.assert_allclose(plain - penalised, 0.5 * (IMAGES**2).sum((1, 2, 3)), rtol=1e-4)
    penalised = evaluate(OBJECTIVES[name], variation=0.25)
    expected = [0.25 * variation_literally(image) for image in IMAGES]
    np.testing.assert_allclose(plain - penalised, expected, rtol=1e-4)


def test_eq_1_of_a_linear_score_is_highest_at_w_by_two_lambda():
    l2 = 0.25
    optima = W[LABELS] / (2 * l2)
    gradient = jax.jit(jax.grad(lambda x: evaluate(class_score, l2=l2, images=x).sum()))
    np.testing.assert_allclose(gradient(jnp.asarray(optima)), np.zeros_like(optima), atol=1e-6)
    np.testing.assert_allclose(gradient(jnp.zeros_like(optima)), W[LABELS], rtol=1e-6)


def test_a_posterior_is_the_softmax_of_all_scores():
    exponentials = np.exp(scores() - scores().max(axis=1, keepdims=True))
    expected = (exponentials / exponentials.sum(axis=1, keepdims=True))[np.arange(3), LABELS]
    np.testing.assert_allclose(evaluate(class_posterior), expected, rtol=1e-3, atol=1e-12)


def test_a_posterior_s_gradient_by_its_formula():
    """`∂P_c/∂I = P_c (w_c − Σ_k P_k w_k)`: the other classes' weights are part of it."""
    images, labels = 0.1 * IMAGES, LABELS
    gradient = jax.jit(jax.grad(lambda x: evaluate(class_posterior, mean=0.0, images=x).sum()))
    found = gradient(jnp.asarray(images))
    for image, label, one in zip(images, labels, found, strict=True):
        values = np.tensordot(W, image, 3) + B
        P = np.exp(values) / np.exp(values).sum()
        expected = P[label] * (W[label] - np.tensordot(P, W, 1))
        np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-6)


def test_a_posterior_s_gradient_dies_where_the_score_s_does_not():
    """The paper's ablation: far below the other scores the posterior has no slope to climb."""
    buried = lambda image: jnp.stack([image.sum(), 200 + 0 * image.sum()])  # noqa: E731

    def slope(objective):
        arguments = buried, jnp.array([0]), jnp.zeros(2), 0.0, 0.0
        climbed = lambda images: objective(*arguments, images).sum()  # noqa: E731
        return jax.jit(jax.grad(climbed))(jnp.zeros((1, *SHAPE)))

    np.testing.assert_array_equal(slope(class_posterior), 0)
    np.testing.assert_array_equal(slope(class_score), 1)


def test_neurons_have_scores_and_the_wrong_number_of_indices_is_refused():
    neurons = lambda image: image**2  # noqa: E731
    labels = np.array([[3, 2, 1], [0, 0, 0], [1, 2, 0]])
    found = class_score(neurons, jnp.asarray(labels), jnp.zeros(2), 0.0, 0.0, jnp.asarray(IMAGES))
    expected = [image[tuple(label)] ** 2 for image, label in zip(IMAGES, labels, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    with pytest.raises(InputError, match="3 indices"):
        class_score(neurons, jnp.asarray(LABELS), jnp.zeros(2), 0.0, 0.0, jnp.asarray(IMAGES))


def test_total_variation():
    image = jnp.asarray(IMAGES[0])
    np.testing.assert_allclose(total_variation(image), variation_literally(image), rtol=1e-6)
    assert total_variation(jnp.full((4, 3, 2), 7.0)) == 0
    np.testing.assert_allclose(total_variation(image + 5), total_variation(image), rtol=1e-5)
    np.testing.assert_allclose(total_variation(-3 * image), 3 * total_variation(image), rtol=1e-5)
    assert total_variation(jnp.ones((1, 1, 3))) == 0
