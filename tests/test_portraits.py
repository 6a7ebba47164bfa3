"""Class models of the real network: recognised by it, and clear errors."""

import dataclasses

import jax
import numpy as np
import pytest

from vizjax.ascent import NATURAL, PAPER
from vizjax.demo import CLASSES
from vizjax.errors import InputError
from vizjax.portraits import portraits

pytestmark = pytest.mark.usefixtures("adam_promotes")

SHORT = dataclasses.replace(NATURAL, steps=2)


@pytest.fixture(scope="module")
def short(squeezenet):
    """Two class models of two steps, and what was reported."""
    done = []
    with jax.numpy_dtype_promotion("standard"):
        shown = portraits(jax.random.key(0), squeezenet, [291, 340], SHORT, progress=done.append)
    return shown, done


def test_pictures_are_the_mean_plus_the_model_rounded(short):
    shown, _ = short
    assert [picture.dtype for picture in shown.pictures] == [np.uint8] * 2
    assert [picture.shape for picture in shown.pictures] == [(227, 227, 3)] * 2
    assert shown.trace.shape == (2, 2)
    # Two steps of at most a few grey levels each away from the mean (123, 117, 104).
    mean = np.mean([picture.mean(axis=(0, 1)) for picture in shown.pictures], axis=0)
    np.testing.assert_allclose(mean, (123, 117, 104), atol=8)


def test_posteriors_are_of_the_pictures_as_shown(squeezenet, short):
    shown, _ = short
    posteriors = jax.jit(lambda network, image: jax.nn.softmax(network(image)))
    for label, picture, found in zip((291, 340), shown.pictures, shown.posteriors, strict=True):
        expected = posteriors(squeezenet, jax.numpy.asarray(picture, jax.numpy.float32))[label]
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_progress_counts_the_steps(short):
    _, done = short
    assert sum(done) == SHORT.steps


def test_an_overflow_says_where_and_what_to_do(squeezenet):
    recipe = dataclasses.replace(PAPER, steps=6, learning_rate=1e30)
    with pytest.raises(InputError, match=r"`learning_rate` is 1e\+30.*at step \d.*smaller rate"):
        portraits(jax.random.key(0), squeezenet, [291], recipe)


@pytest.mark.parametrize(
    "recipe",
    [pytest.param(PAPER, id="paper"), pytest.param(NATURAL, id="natural", marks=pytest.mark.slow)],
)
def test_a_lion_and_a_zebra_are_recognised(squeezenet, recipe):
    assert min(portraits(jax.random.key(0), squeezenet, [291, 340], recipe).posteriors) >= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [PAPER, NATURAL], ids=["paper", "natural"])
def test_every_class_of_the_demo_is_recognised(squeezenet, recipe):
    labels = [squeezenet.labels.index(name) for name in CLASSES]
    shown = portraits(jax.random.key(0), squeezenet, labels, recipe)
    assert min(shown.posteriors) >= 0.99, dict(zip(CLASSES, shown.posteriors, strict=True))
