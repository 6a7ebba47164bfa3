"""Masks, precision and recall, boxes and rank correlation, against torchmetrics."""

import numpy as np
import pytest
import torch
import torchmetrics.functional as tm

from vizjax.evaluation import (
    average_precision,
    iou,
    mask_iou,
    pixel_accuracy,
    precision_recall_curve,
    rank_correlation,
)
from vizjax.types import Box

pytestmark = pytest.mark.peers

SHAPE = (37, 52)


@pytest.fixture
def pair():
    """A map with ties and a mask that it half agrees with."""
    rng = np.random.default_rng(4)
    mask = np.zeros(SHAPE, bool)
    mask[8:30, 10:35] = True
    noisy = mask + rng.normal(0, 0.7, SHAPE)
    return np.round(noisy, 1).astype(np.float32), mask


def test_masks(pair):
    values, truth = pair
    predicted = values > 0.5
    ours = mask_iou(predicted, truth), pixel_accuracy(predicted, truth)
    both = torch.tensor(predicted), torch.tensor(truth)
    theirs = tm.classification.binary_jaccard_index(*both), tm.classification.binary_accuracy(*both)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_precision_and_recall(pair):
    values, truth = pair
    # Their thresholds are of probabilities: any increasing function has the same curve.
    likely = torch.sigmoid(torch.tensor(values, dtype=torch.float64)).ravel()
    theirs = tm.classification.binary_precision_recall_curve(
        likely, torch.tensor(truth).ravel().int()
    )
    ours = precision_recall_curve(values, truth)
    for one, other in zip(ours[:2], theirs[:2], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    area = tm.classification.binary_average_precision(likely, torch.tensor(truth).ravel().int())
    np.testing.assert_allclose(average_precision(values, truth), area, rtol=1e-6)


def test_boxes():
    rng = np.random.default_rng(5)
    corners = rng.integers(0, 40, (30, 2))
    boxes = np.concatenate([corners, corners + rng.integers(1, 30, (30, 2))], axis=1)
    theirs = tm.detection.intersection_over_union(
        torch.tensor(boxes[:1], dtype=torch.float32),
        torch.tensor(boxes, dtype=torch.float32),
        aggregate=False,
    )
    ours = iou(Box(*boxes[0].tolist()), [Box(*row) for row in boxes.tolist()])
    np.testing.assert_allclose(ours, theirs[0], rtol=1e-6)


def test_rank_correlation(pair):
    values, _ = pair
    other = values + np.random.default_rng(6).normal(0, 1, SHAPE).astype(np.float32)
    theirs = tm.spearman_corrcoef(torch.tensor(values).ravel(), torch.tensor(other).ravel())
    np.testing.assert_allclose(rank_correlation(values, other), theirs, rtol=1e-5)
