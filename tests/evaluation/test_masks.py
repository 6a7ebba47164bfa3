"""Masks and curves, by hand, against scikit-learn and by trying every threshold."""

import inspect

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

from vizjax.errors import InputError
from vizjax.evaluation import (
    average_precision,
    best_threshold,
    box_mask,
    iou,
    mask_iou,
    pixel_accuracy,
    precision_recall_curve,
)
from vizjax.types import Box

RNG = np.random.default_rng(0)
TRUE = RNG.random((9, 13)) < 0.3
MAPS = {
    "distinct": RNG.normal(size=(9, 13)),
    "ties": RNG.integers(-2, 3, (9, 13)).astype(float),
    "sparse": np.where(RNG.random((9, 13)) < 0.9, 0.0, 1.0),
    "flat": np.full((9, 13), 0.7),
    "huge": RNG.normal(size=(9, 13)) * 1e30,
    "informative": TRUE + RNG.normal(size=(9, 13)),
}


@pytest.fixture(params=MAPS)
def saliency_map(request):
    return MAPS[request.param]


def test_boxes_become_masks():
    mask = box_mask([Box(1, 2, 4, 3), Box(-5, 0, 1, 1), Box(3, 2, 99, 4)], 4, 5)
    expected = [[1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, 1, 1, 1], [0, 0, 0, 1, 1]]
    np.testing.assert_array_equal(mask, expected)
    assert not box_mask([Box(-4, -4, -1, -1), Box(5, 0, 9, 4)], 4, 5).any()


def test_iou_by_hand():
    a = np.array([[1, 1, 0], [0, 0, 0]], bool)
    b = np.array([[0, 1, 1], [0, 0, 1]], bool)
    empty = np.zeros_like(a)
    assert mask_iou(a, b) == mask_iou(b, a) == 1 / 4
    assert mask_iou(a, a) == mask_iou(empty, empty) == 1
    assert mask_iou(a, empty) == 0
    assert pixel_accuracy(a, b) == 3 / 6


def test_iou_and_accuracy_are_scikit_learns():
    for share in (0.1, 0.5, 0.9):
        predicted = RNG.random(TRUE.shape) < share
        flat = TRUE.ravel(), predicted.ravel()
        assert mask_iou(predicted, TRUE) == pytest.approx(metrics.jaccard_score(*flat))
        assert pixel_accuracy(predicted, TRUE) == pytest.approx(metrics.accuracy_score(*flat))


def test_iou_of_boxes_is_that_of_their_masks():
    first, second = Box(1, 2, 9, 8), Box(4, 0, 12, 7)
    masks = (box_mask([box], 9, 13) for box in (first, second))
    assert mask_iou(*masks) == pytest.approx(iou(first, [second])[0])


def test_curve_by_hand():
    found = precision_recall_curve(
        np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([[True, True], [False, False]])
    )
    np.testing.assert_array_equal(found.thresholds, [1, 2, 3])
    np.testing.assert_allclose(found.precision, [2 / 4, 1 / 2, 1, 1])
    np.testing.assert_allclose(found.recall, [1, 1 / 2, 1 / 2, 0])


def test_curve_is_scikit_learns(saliency_map):
    expected = metrics.precision_recall_curve(TRUE.ravel(), saliency_map.ravel())
    found = precision_recall_curve(saliency_map, TRUE)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other)
    assert average_precision(saliency_map, TRUE) == pytest.approx(
        metrics.average_precision_score(TRUE.ravel(), saliency_map.ravel())
    )


def test_a_flat_map_has_the_objects_share():
    assert average_precision(MAPS["flat"], TRUE) == pytest.approx(TRUE.mean())


def test_only_ranks_count():
    stretched = np.exp(3 * MAPS["distinct"]) - 7
    assert average_precision(stretched, TRUE) == average_precision(MAPS["distinct"], TRUE)


def test_maps_of_jax_and_pooled_pixels():
    single = jnp.asarray(MAPS["ties"], jnp.float32)
    assert average_precision(single, TRUE) == average_precision(MAPS["ties"], TRUE)
    assert average_precision(MAPS["ties"].ravel(), TRUE.ravel()) == average_precision(
        MAPS["ties"], TRUE
    )


def test_best_threshold_is_the_best_of_all(saliency_map):
    found = best_threshold(saliency_map, TRUE)
    tried = {t: mask_iou(saliency_map >= t, TRUE) for t in np.unique(saliency_map)}
    assert found.iou == pytest.approx(max(tried.values()))
    assert found.threshold == max(t for t, value in tried.items() if value == found.iou)
    predicted = (saliency_map >= found.threshold).ravel()
    assert found.f1 == pytest.approx(metrics.f1_score(TRUE.ravel(), predicted))


def test_of_equally_good_thresholds_the_highest():
    # Above 2: 1 of 2 found, IoU 1/2. Above 1: 2 found among 4 marked, IoU 1/2.
    saliency_map = np.array([2.0, 1.0, 1.0, 1.0, 0.0])
    found = best_threshold(saliency_map, np.array([True, True, False, False, False]))
    assert found == (2.0, 0.5, pytest.approx(2 / 3))


def test_refuses():
    pair = np.ones((2, 3), bool), np.ones((3, 2), bool)  # unwrapped, or the types refuse first
    with pytest.raises(InputError, match=r"`predicted` has shape \(2, 3\) and `truth` \(3, 2\)"):
        inspect.unwrap(mask_iou)(*pair)
    with pytest.raises(InputError, match="`predicted` has shape"):
        inspect.unwrap(pixel_accuracy)(*pair)
    for bad in (np.nan, np.inf):
        with pytest.raises(InputError, match=r"`saliency_map` .* has 1 values that are NaN"):
            average_precision(np.array([[0.0, bad]]), np.array([[True, False]]))
    with pytest.raises(InputError, match="`mask` has no True pixel"):
        best_threshold(np.ones((2, 3)), np.zeros((2, 3), bool))
