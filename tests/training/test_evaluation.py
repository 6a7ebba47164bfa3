"""Errors: by hand, and those of the network that comes of it."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from little_cifar import TINY

from vizjax.data.crops import extract, ten_views
from vizjax.training.data import decoded
from vizjax.training.devices import all_devices
from vizjax.training.evaluation import evaluator, wrong
from vizjax.training.folder import trained
from vizjax.training.statistics import statistics
from vizjax.training.step import descent, initial


def test_wrong_by_hand():
    posteriors = jnp.array([[0.1, 0.5, 0.4], [0.2, 0.2, 0.6], [0.3, 0.3, 0.4]])
    labels = jnp.array([1, 1, 0])
    np.testing.assert_array_equal(wrong(posteriors, labels, 1), [0, 1, 1])
    # Of equals the first is the higher: class 1 of the second is its third.
    np.testing.assert_array_equal(wrong(posteriors, labels, 2), [0, 1, 0])
    np.testing.assert_array_equal(wrong(posteriors, labels, 3), [0, 0, 0])


@pytest.fixture(scope="module")
def parameters(data):
    """Random ones, and what is known of the pictures."""
    config = TINY.resolved()
    module = config.module(10)
    state = initial(module, config, descent(config, 10, 1.0))
    # Of scores that differ, unlike those of the start.
    params = jax.tree.map(lambda leaf: 2 * leaf, state.params)
    return state._replace(params=params), statistics(decoded(data.train).image)


def test_the_errors_are_those_of_the_network(data, parameters):
    state, known = parameters
    config = TINY.resolved()
    network = trained(data, config, known, state)
    evaluate = evaluator(config.module(10), config, data.test, all_devices())
    found = evaluate(state.params, known, "centre")
    photos, labels = zip(*data.test, strict=True)
    scores = np.asarray(jax.vmap(network)(jnp.stack([network.prepare(p) for p in photos])))
    ranks = (scores > scores[np.arange(16), labels][:, None]).sum(axis=1)
    assert found == (np.mean(ranks >= 1), np.mean(ranks >= 5), 16)
    assert 0 < found.top5 < found.top1 < 1


def test_ten_views_are_the_mean_of_their_posteriors(data, parameters):
    state, known = parameters
    config = TINY.resolved()
    evaluate = evaluator(config.module(10), config, data.test, all_devices())
    found = evaluate(state.params, known, "ten")
    module = config.module(10)
    missed = []
    for photo, label in data.test:
        centred = (photo - np.asarray(known.mean)) / np.asarray(known.scale)
        padded = np.pad(centred, ((2, 2), (2, 2), (0, 0)))
        views = extract(padded.astype(np.float32), ten_views(20, 20, 12))
        scores: Any = module.apply({"params": state.params}, views)
        posterior = np.asarray(jax.nn.softmax(scores)).mean(axis=0)
        missed.append(posterior.argmax() != label)
    assert found.top1 == np.mean(missed)
