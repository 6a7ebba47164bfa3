"""Masks without a graph cut: small maps whose components can be counted."""

import jax
import numpy as np
import pytest

from vizjax.errors import InputError
from vizjax.localisation import above_share, middle_box
from vizjax.types import Box

MAP = np.array(
    [
        [0.0, 0.5, 1.9, 0.0, 0.0, 0.0],
        [0.0, 2.1, 3.0, 0.0, 0.0, 10.0],
        [0.0, 0.0, 0.0, 2.5, 0.0, 9.0],
        [2.2, 0.0, 0.0, 0.0, 0.0, -30.0],
    ]
)


@pytest.mark.parametrize(
    ("share", "box", "pixels"),
    [
        (0.2, Box(1, 1, 4, 3), 3),  # 2.1, 3 and, at a corner, 2.5
        (0.15, Box(1, 0, 4, 3), 4),  # with 1.9
        (0.5, Box(5, 1, 6, 3), 2),
        (0.95, Box(5, 1, 6, 2), 1),
    ],
)
def test_the_largest_component_above_a_share_of_the_maximum(share, box, pixels):
    found = above_share(None, None, MAP, share=share)
    assert found.box == box
    assert found.mask.sum() == pixels
    np.testing.assert_array_equal(found.seeds.foreground, share * 10 < MAP)
    np.testing.assert_array_equal(found.seeds.background, ~found.seeds.foreground)


def test_of_share_0_it_is_what_is_positive():
    assert above_share(None, None, np.array([[0.0, 1e-9, 5.0]]), share=0.0).mask.tolist() == [
        [False, True, True]
    ]


def test_what_only_reaches_the_share_is_left_out():
    found = above_share(None, None, np.array([[1.0, 4.0, 2.0, 4.0]]), share=0.5)
    assert found.mask.tolist() == [[False, True, False, False]]


@pytest.mark.parametrize("value", [0.0, -2.0])
def test_a_map_without_a_positive_value_has_no_box(value):
    found = above_share(None, None, np.full((3, 4), value))
    assert found.box is None
    assert not found.mask.any()
    assert found.seeds.background.all()


def test_a_jax_map_is_a_map():
    found = above_share(jax.random.key(0), None, jax.numpy.asarray(MAP, "float32"), share=0.5)
    assert found.box == Box(5, 1, 6, 3)


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_shares_it_refuses(share):
    with pytest.raises(InputError, match="`share` is"):
        above_share(None, None, MAP, share=share)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_map_that_is_not_finite_is_refused(value):
    with pytest.raises(InputError, match="`saliency_map` holds NaN or infinity"):
        above_share(None, None, np.array([[0.0, value]]))


def test_the_middle_of_a_map():
    # 71 % of 40 × 20: margins of 5.8 and 2.9 pixels, rounded.
    found = middle_box(None, None, np.zeros((40, 20)))
    assert found.box == Box(3, 6, 17, 34)
    assert found.mask.sum() == 14 * 28
    assert found.mask[6:34, 3:17].all()
    np.testing.assert_array_equal(found.seeds.background, ~found.mask)


def test_the_whole_of_a_map():
    found = middle_box(None, None, np.zeros((7, 5)), fraction=1.0)
    assert found.box == Box(0, 0, 5, 7)
    assert found.mask.all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 3), (4, 5)])
def test_the_middle_is_never_empty(shape):
    found = middle_box(None, None, np.zeros(shape), fraction=0.01)
    height, width = shape
    assert found.box is not None
    assert found.box.y0 == height - found.box.y1  # symmetric
    assert found.box.x0 == width - found.box.x1


@pytest.mark.parametrize("fraction", [0.0, 1.01, -1.0, float("nan")])
def test_fractions_it_refuses(fraction):
    with pytest.raises(InputError, match="`fraction` is"):
        middle_box(None, None, np.zeros((4, 4)), fraction=fraction)
