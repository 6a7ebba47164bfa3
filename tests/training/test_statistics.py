"""Mean, deviation and axes, against NumPy's own."""

import numpy as np
import pytest

from vizjax.training.data import Split
from vizjax.training.statistics import looked_at, statistics


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    grey = rng.uniform(20, 200, (300, 4, 4, 1))
    return (grey * [1.0, 0.8, 0.5] + rng.uniform(0, 30, (300, 4, 4, 3))).astype(np.uint8)


def test_mean_and_deviation(images):
    found = statistics(images)
    pixels = images.astype(float)
    np.testing.assert_allclose(found.mean, pixels.mean(axis=0), rtol=1e-6)
    about = ((pixels - pixels.mean(axis=0)) ** 2).mean(axis=(0, 1, 2)) ** 0.5
    np.testing.assert_allclose(found.scale, about, rtol=1e-6)


def test_axes_give_the_colours_covariance(images):
    found = statistics(images)
    expected = np.cov(images.reshape(-1, 3).T.astype(float), bias=True)
    np.testing.assert_allclose(found.axes.T @ found.axes, expected, rtol=1e-4)
    products = found.axes @ found.axes.T
    np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-2)


def test_black_pictures_are_divided_by_one():
    np.testing.assert_array_equal(statistics(np.zeros((3, 2, 2, 3), np.uint8)).scale, [1, 1, 1])


def test_of_many_pictures_some_are_looked_at(data, monkeypatch):
    monkeypatch.setattr("vizjax.training.statistics.LOOKED_AT", 8)
    seen = looked_at(data.train)
    assert isinstance(data.train, Split)
    assert len(seen) == 8
    np.testing.assert_array_equal(seen[3], data.train[30][0])
