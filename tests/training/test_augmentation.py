"""Random changes: what they may do, and how often."""

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax.training.augmentation import crop, light, reflect, sequence, zero_out


@pytest.fixture(scope="module")
def image():
    return jnp.asarray(np.random.default_rng(0).normal(size=(5, 6, 3)), jnp.float32)


def many(step, key, image, count=400):
    keys = jax.random.split(key, count)
    return np.asarray(jax.vmap(step, in_axes=(0, None))(keys, image))


def test_crops_are_all_windows_of_the_padded_image(key, image):
    crops = many(partial(crop, size=4, margin=1), key, image)
    padded = np.pad(np.asarray(image), ((1, 1), (1, 1), (0, 0)))
    windows = {
        (y, x): padded[y : y + 4, x : x + 4] for y, x in itertools.product(range(4), range(5))
    }
    counts = {place: sum(map(partial(np.array_equal, w), crops)) for place, w in windows.items()}
    assert sum(counts.values()) == len(crops)
    assert min(counts.values()) >= 5  # of 20 expected


def test_half_are_reflected(key, image):
    seen = many(reflect, key, image)
    reflected = [np.array_equal(one, np.asarray(image)[:, ::-1]) for one in seen]
    upright = [np.array_equal(one, image) for one in seen]
    assert np.logical_xor(reflected, upright).all()
    assert 0.4 < np.mean(reflected) < 0.6


def test_light_adds_one_colour_of_the_training_sets_covariance(key, image):
    axes = jnp.array([[3.0, 0.0, 0.0], [0.0, 2.0, 2.0], [0.0, 0.5, -0.5]])
    added = many(partial(light, axes=axes, deviation=0.1), key, image, 4000) - np.asarray(image)
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1], added.shape), atol=1e-5)
    found = np.cov(added[:, 0, 0].T)
    expected = 0.01 * np.asarray(axes.T @ axes)
    np.testing.assert_allclose(found, expected, atol=0.006)


def test_zeroed_parts_are_rectangles(key):
    ones = jnp.ones((20, 30, 2))
    seen = many(partial(zero_out, patches=1, patch=0.5), key, ones, 2000)
    assert set(np.unique(seen)) == {0.0, 1.0}
    hidden = seen[..., 0] == 0
    np.testing.assert_array_equal(seen[..., 1] == 0, hidden)
    rows, columns = hidden.any(axis=2), hidden.any(axis=1)
    np.testing.assert_array_equal(hidden, rows[:, :, None] & columns[:, None, :])
    assert rows.sum(axis=1).max() == 10
    assert columns.sum(axis=1).max() == 15
    # Height and width are uniform up to a half: on average a quarter of each side.
    assert hidden.mean() == pytest.approx(1 / 16, rel=0.1)
    assert (np.abs(np.diff(np.pad(rows, ((0, 0), (1, 1))).astype(int))).sum(axis=1) <= 2).all()


def test_more_patches_hide_more_and_none_nothing(key):
    ones = jnp.ones((20, 30, 1))
    three = many(partial(zero_out, patches=3, patch=0.5), key, ones, 1000)
    assert (three == 0).mean() == pytest.approx(1 - (15 / 16) ** 3, abs=0.02)
    np.testing.assert_array_equal(zero_out(key, ones, patches=0, patch=0.5), ones)


def test_steps_have_keys_of_their_own(key, image):
    steps = partial(crop, size=4, margin=1), reflect
    together = sequence(*steps)(key, image)
    apart = reflect(jax.random.fold_in(key, 1), steps[0](jax.random.fold_in(key, 0), image))
    np.testing.assert_array_equal(together, apart)
