"""Score against posterior: the bookkeeping of log odds, by hand and on a small network."""

import dataclasses

import jax
import jax.numpy as jnp
import named
import numpy as np
import pytest

from experiments import posterior
from experiments.posterior import TINY, Config, averaged
from experiments.posterior_climbs import Course, climbed, cosines, gains
from vizjax.ascent import class_models
from vizjax.errors import InputError

pytestmark = pytest.mark.usefixtures("adam_promotes")


@pytest.fixture(scope="module")
def network():
    return named.network()


def test_gains_by_hand():
    score = np.array([[1.0, 0.0], [4.0, 0.0], [9.0, 0.0]])
    others = np.array([[3.0, 0.0], [2.0, 0.0], [3.5, 0.0]])
    found = gains(Course(score, others), 0)
    # Log odds of 5.5 are a posterior of 0.996; 4.6 would be one of 0.99.
    expected = {"own": 8, "others": 0.5, "steps_to": 2, "own_then": 8, "others_then": 0.5}
    assert found == expected
    flat = gains(Course(score, others), 1)
    assert (flat["own"], flat["others"]) == (0, 0)
    assert flat["steps_to"] is flat["own_then"] is flat["others_then"] is None


@pytest.mark.parametrize("kind", ["score", "posterior"])
def test_watching_does_not_change_the_ascent(network, kind, tmp_path):
    labels = [2, 5]
    found = climbed(TINY.recipe("pixels", kind), network, labels, seed=0, path=tmp_path / "one.npz")
    plain = class_models(
        jax.random.key(0),
        network,
        np.array(labels),
        shape=(16, 12, 3),
        mean=network.mean_image,
        recipe=TINY.recipe("pixels", kind),
    )
    np.testing.assert_allclose(found.images, plain.images, rtol=1e-3, atol=1e-3)
    ends = zip(found.images, labels, strict=True)
    last = [network(jnp.asarray(image) + network.mean_image)[label] for image, label in ends]
    np.testing.assert_allclose(found.course.score[-1], last, rtol=1e-3, atol=1e-3)
    assert len(found.course.score) == TINY.pixels_steps + 1


def test_what_is_watched(network, tmp_path):
    found = climbed(
        TINY.recipe("pixels", "score"), network, [2, 5], seed=0, path=tmp_path / "one.npz"
    )
    scores = np.asarray(network(network.mean_image), np.float64)
    for number, label in enumerate((2, 5)):
        assert found.course.score[0, number] == pytest.approx(scores[label], rel=1e-4)
        rest = np.log(np.exp(np.delete(scores, label)).sum())
        assert found.course.others[0, number] == pytest.approx(rest, rel=1e-4)
        start = np.asarray(jax.nn.softmax(jnp.asarray(scores, jnp.float32)))[label]
        odds = np.log(start / (1 - start))
        assert found.course.log_odds[0, number] == pytest.approx(odds, rel=1e-3)


def test_each_objective_climbs_what_it_is_named_after(network, tmp_path):
    steps = dataclasses.replace(TINY, pixels_steps=30)
    score, post = (
        climbed(steps.recipe("pixels", kind), network, [2], seed=0, path=tmp_path / kind)
        for kind in ("score", "posterior")
    )
    assert score.course.score[-1, 0] > score.course.score[0, 0]
    assert score.course.score[-1, 0] > post.course.score[-1, 0]
    assert (np.diff(post.course.log_odds[:20, 0]) > 0).all()


def test_a_run(network, monkeypatch, tmp_path):
    monkeypatch.setattr(posterior, "load", lambda name: network)
    result = posterior.run(TINY, tmp_path)
    line, other, summary = (result.metrics[k] for k in (0, 1, -1))
    assert (line["objective"], other["objective"]) == ("score", "posterior")
    assert [one.get("summary") for one in result.metrics] == [None] * 3 + [True]
    assert summary["pixels_score_own"] == line["own"]  # of one class
    odds = result.arrays["pixels_score_scores"] - result.arrays["pixels_score_others"]
    assert odds.shape == (13, 1)
    assert line["own"] - line["others"] == pytest.approx(float(odds[-1, 0] - odds[0, 0]), rel=1e-3)
    caption = result.figures["pixels_images"].caption
    for kind in ("score", "posterior"):
        assert TINY.recipe("pixels", kind).caption() in caption
    assert posterior.run(TINY, tmp_path).metrics == result.metrics


def test_cosines_by_hand():
    a = np.array([[[[1.0, 0.0]]], [[[1.0, 1.0]]], [[[0.0, 0.0]]]])
    b = np.array([[[[0.0, 2.0]]], [[[3.0, 3.0]]], [[[1.0, 0.0]]]])
    assert cosines(a, b) == pytest.approx([0, 1, 0])


def test_averages_are_of_what_is_known():
    lines = [{"a": 1.0, "b": None, "c": None}, {"a": 3.0, "b": 4, "c": None}]
    assert averaged(lines) == {"a": 2, "b": 4, "c": None}


@pytest.mark.parametrize("option", [{"classes": ()}, {"recipes": ()}, {"recipes": ("pastels",)}])
def test_what_cannot_be_used_is_refused(option):
    with pytest.raises(InputError, match=f"`{next(iter(option))}`"):
        Config(**option)
