"""The pointing game, by hand and against a region grown by scikit-image."""

import inspect
import math

import numpy as np
import pytest
from skimage.morphology import dilation

from vizjax.errors import InputError
from vizjax.evaluation import box_mask, energy_inside, pointing_accuracy, pointing_hit
from vizjax.types import Box

RNG = np.random.default_rng(0)


def peak(row, column, size=(30, 40)):
    saliency_map = RNG.uniform(-1, 0, size)
    saliency_map[row, column] = 1e-3
    return saliency_map


def test_by_hand():
    region = box_mask([Box(20, 10, 30, 20)], 30, 40)
    assert pointing_hit(peak(10, 20), region, tolerance=0.0)
    assert pointing_hit(peak(19, 29), region, tolerance=0.0)
    assert not pointing_hit(peak(20, 29), region, tolerance=0.0)
    assert not pointing_hit(peak(19, 30), region, tolerance=1.0)  # strictly less
    assert pointing_hit(peak(19, 30), region, tolerance=1.001)
    assert pointing_hit(peak(12, 6), region)  # 14 pixels away, by 15
    assert not pointing_hit(peak(12, 5), region)


@pytest.mark.parametrize("tolerance", [1.0, 2.0, 5.0, 7.5])
def test_is_a_hit_of_the_region_grown_by_a_disc(tolerance):
    region = box_mask([Box(9, 6, 14, 12), Box(30, 25, 33, 27)], 30, 40)
    reach = math.ceil(tolerance)
    away = np.add.outer(*[np.arange(-reach, reach + 1) ** 2] * 2)
    grown = dilation(region, away < tolerance**2)
    for place in np.ndindex(30, 40):
        assert pointing_hit(peak(*place), region, tolerance=tolerance) == grown[place]


def test_of_equal_maxima_the_first_in_scan_order_counts():
    saliency_map = np.zeros((3, 4))
    saliency_map[1, 3] = saliency_map[2, 0] = 5
    assert pointing_hit(saliency_map, box_mask([Box(3, 1, 4, 2)], 3, 4), tolerance=0.0)
    assert not pointing_hit(saliency_map, box_mask([Box(0, 2, 1, 3)], 3, 4), tolerance=0.0)
    assert pointing_hit(np.zeros((3, 4)), box_mask([Box(0, 0, 1, 1)], 3, 4), tolerance=0.0)


def test_energy_by_hand():
    saliency_map = np.array([[1.0, 2.0, -100.0], [3.0, -7.0, 4.0]])
    region = np.array([[True, True, True], [False, False, False]])
    assert energy_inside(saliency_map, region) == pytest.approx(3 / 10)
    assert energy_inside(saliency_map, np.ones_like(region)) == 1
    assert energy_inside(saliency_map * 1e306, region) == pytest.approx(3 / 10)
    assert energy_inside(saliency_map * 1e-306, region) == pytest.approx(3 / 10)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_map_without_energy_has_none_inside(value):
    assert energy_inside(np.full((2, 3), value), np.ones((2, 3), bool)) == 0


def test_accuracies_by_hand():
    hits = [True, True, False, True, False, False]
    found = pointing_accuracy(hits, ["cat", "cat", "cat", "dog", "owl", "owl"])
    assert found.overall == pytest.approx(3 / 6)
    assert found.by_class == {"cat": pytest.approx(2 / 3), "dog": 1, "owl": 0}
    assert found.mean_of_classes == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert pointing_accuracy(np.array([True]), [3]).by_class == {3: 1}


def test_refuses():
    region = np.ones((2, 3), bool)
    with pytest.raises(InputError, match=r"`saliency_map` has shape \(3, 2\) and `region` \(2, 3"):
        inspect.unwrap(pointing_hit)(np.ones((3, 2)), region)  # else the types refuse first
    with pytest.raises(InputError, match="NaN or infinite"):
        pointing_hit(np.full((2, 3), np.nan), region)
    with pytest.raises(InputError, match="`region` has no True pixel"):
        energy_inside(np.ones((2, 3)), ~region)
    for tolerance in (-1.0, math.nan):
        with pytest.raises(InputError, match=r"`tolerance` is .*; expected pixels"):
            pointing_hit(np.ones((2, 3)), region, tolerance=tolerance)
    with pytest.raises(InputError, match="`hits` holds 1 pairs and `classes` 2"):
        pointing_accuracy([True], ["cat", "dog"])
    with pytest.raises(InputError, match="at least one"):
        pointing_accuracy([], [])
