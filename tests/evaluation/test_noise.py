"""Noise of maps, in closed form and by pairs."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from vizjax.errors import InputError
from vizjax.evaluation import box_agreement, iou, mask_agreement, mask_iou, signal_to_noise
from vizjax.types import Box

RNG = np.random.default_rng(0)


def test_by_hand():
    found = signal_to_noise(jnp.array([[[1.0, -6.0, 2.0]], [[3.0, -2.0, 2.0]]]))
    np.testing.assert_allclose(found.mean, [[2, -4, 2]])
    np.testing.assert_allclose(found.deviation, [[2**0.5, 8**0.5, 0]])
    np.testing.assert_allclose(found.pixels, [[2**0.5, 2**0.5, np.inf]])
    assert found.ratio == pytest.approx((4 + 16 + 4) / (2 + 8))


def test_of_a_known_signal_in_known_noise():
    """`Σ m² ≈ Σ μ² + HW σ²/n`: with 400 pixels and 50 maps a few percent."""
    signal = RNG.normal(size=(20, 20))
    for level in (0.0, 1.0):
        maps = level * signal + 0.5 * RNG.normal(size=(50, 20, 20))
        expected = level * np.sum(signal**2) / (400 * 0.25) + 1 / 50
        assert signal_to_noise(maps).ratio == pytest.approx(expected, rel=0.15)


def test_without_noise_or_signal():
    still = signal_to_noise(np.ones((3, 2, 2)))
    assert still.ratio == np.inf
    assert signal_to_noise(np.zeros((3, 2, 2))).ratio == 0
    np.testing.assert_array_equal(signal_to_noise(np.zeros((3, 2, 2))).pixels, np.zeros((2, 2)))


def test_masks_agree_as_their_pairs_do():
    masks = RNG.random((6, 5, 7)) < np.linspace(0.05, 0.9, 6)[:, None, None]
    masks[0] = False
    masks[1] = masks[2]
    pairs = [mask_iou(a, b) for a, b in itertools.combinations(masks, 2)]
    assert len(set(pairs)) > 5
    assert mask_agreement(masks) == pytest.approx(np.mean(pairs))
    assert mask_agreement(np.zeros((2, 3, 3), bool)) == 1
    assert mask_agreement(np.stack([masks[3]] * 4)) == 1


def test_boxes_agree_as_their_pairs_do():
    a, b = Box(0, 0, 4, 4), Box(2, 0, 6, 4)
    overlap = float(iou(a, [b])[0])
    assert box_agreement([a, b]) == pytest.approx(overlap)
    assert box_agreement([a, b, None, None]) == pytest.approx((overlap + 1) / 6)
    assert box_agreement([a, a, a]) == 1


def test_refuses():
    with pytest.raises(InputError, match="`maps` holds 1; expected at least two"):
        signal_to_noise(np.ones((1, 2, 2)))
    with pytest.raises(InputError, match=r"`maps` of shape .* NaN or infinite"):
        signal_to_noise(np.full((2, 2, 2), np.nan))
    with pytest.raises(InputError, match="`masks` holds 1"):
        mask_agreement(np.ones((1, 2, 2), bool))
    with pytest.raises(InputError, match="`boxes` holds 0"):
        box_agreement([])
