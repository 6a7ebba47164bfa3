"""ILSVRC's error, against its formula written out and against the error with the class given."""

import math

import numpy as np
import pytest

from vizjax.errors import InputError
from vizjax.evaluation import gt_known_error, iou, localisation_errors
from vizjax.types import Box

RNG = np.random.default_rng(0)
WHOLE = Box(0, 0, 10, 10)


def random_box() -> Box:
    (x0, x1), (y0, y1) = (sorted(RNG.choice(8, 2, replace=False).tolist()) for _ in range(2))
    return Box(x0, y0, x1, y1)


def literally(predicted, truth, k, threshold):
    """`1/N Σ min_i min_m max(d_im, f_im)`, over all pairs of a guess and a true box."""
    errors = []
    for guesses, boxes_of in zip(predicted, truth, strict=True):
        costs = [1]
        for label, box in guesses[:k]:
            for true_label, boxes in boxes_of.items():
                for true_box in boxes:
                    d = int(label != true_label)
                    f = int(box is None or iou(box, [true_box])[0] < threshold)
                    costs.append(max(d, f))
        errors.append(min(costs))
    return errors


def test_by_hand():
    truth = [{3: [WHOLE]}] * 5
    predicted = [
        [(3, WHOLE)],
        [(1, WHOLE), (3, Box(0, 0, 10, 5))],  # second, IoU 0.5
        [(3, Box(0, 0, 10, 4)), (1, WHOLE)],  # first, IoU 0.4
        [(1, WHOLE), (2, WHOLE)],  # the box is right, the class never
        [(3, None)],
    ]
    top5 = localisation_errors(predicted, truth)
    assert top5.thresholds == (0.3, 0.5, 0.7)
    np.testing.assert_array_equal(top5.wrong, [[0, 0, 0, 1, 1], [0, 0, 1, 1, 1], [0, 1, 1, 1, 1]])
    np.testing.assert_allclose(top5.errors, [0.4, 0.6, 0.8])
    top1 = localisation_errors(predicted, truth, k=1, thresholds=[0.5])
    np.testing.assert_array_equal(top1.wrong, [[0, 1, 1, 1, 1]])


def test_any_instance_of_any_class_will_do():
    truth = [{3: [Box(20, 20, 30, 30), WHOLE], 4: [Box(0, 20, 10, 30)]}]
    for right in ((3, WHOLE), (4, Box(0, 20, 10, 30))):
        assert localisation_errors([[(9, WHOLE), right]], truth).errors.tolist() == [0, 0, 0]
    # A box of one class and the name of the other are no find.
    assert localisation_errors([[(4, WHOLE)]], truth).errors.tolist() == [1, 1, 1]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_is_the_formula(k):
    predicted, truth = [], []
    for _ in range(60):
        guesses = [(int(RNG.integers(4)), random_box()) for _ in range(RNG.integers(6))]
        predicted.append([(label, box if RNG.random() > 0.2 else None) for label, box in guesses])
        labels = RNG.choice(4, RNG.integers(1, 3), replace=False).tolist()
        truth.append({label: [random_box() for _ in range(RNG.integers(1, 4))] for label in labels})
    found = localisation_errors(predicted, truth, k=k, thresholds=(0.1, 0.3))
    for row, threshold in enumerate((0.1, 0.3)):
        expected = literally(predicted, truth, k, threshold)
        assert 0 < sum(expected) < 60
        np.testing.assert_array_equal(found.wrong[row], expected)
        assert found.errors[row] == pytest.approx(np.mean(expected))


def test_with_the_class_given_is_the_gt_known_error():
    boxes = [random_box() for _ in range(40)]
    truth = [[random_box(), random_box()] for _ in boxes]
    found = localisation_errors(
        [[(7, box)] for box in boxes], [{7: true} for true in truth], thresholds=(0.3,)
    )
    assert 0 < found.errors[0] < 1
    assert found.errors[0] == pytest.approx(gt_known_error(boxes, truth, threshold=0.3))


@pytest.mark.parametrize(
    ("predicted", "truth", "options", "message"),
    [
        ([], [], {}, "expected the same images in both, at least one"),
        ([[]], [{0: [WHOLE]}] * 2, {}, "`predicted` holds 1 images and `truth` 2"),
        ([[(0, WHOLE)]], [{0: []}], {}, "expected at least one true box of a class"),
        ([[(0, Box(3, 3, 3, 4))]], [{0: [WHOLE]}], {}, "`box` holds"),
        ([[(0, WHOLE)]], [{0: [WHOLE]}], {"k": 0}, "`k` is 0"),
        ([[(0, WHOLE)]], [{0: [WHOLE]}], {"thresholds": (0.5, 0.0)}, r"`thresholds` are \(0.5, 0"),
        ([[(0, WHOLE)]], [{0: [WHOLE]}], {"thresholds": (math.nan,)}, r"numbers in \(0, 1\]"),
    ],
)
def test_refuses(predicted, truth, options, message):
    with pytest.raises(InputError, match=message):
        localisation_errors(predicted, truth, **options)
