import math

import numpy as np
import pytest

from vizjax.data import annotated_photos, read_photo
from vizjax.errors import InputError
from vizjax.evaluation import centred_box, full_box, gt_known_error, iou, is_localised
from vizjax.types import Box

RNG = np.random.default_rng(0)


def random_box() -> Box:
    (x0, x1), (y0, y1) = (sorted(RNG.choice(12, 2, replace=False).tolist()) for _ in range(2))
    return Box(x0, y0, x1, y1)


def drawn(box: Box) -> np.ndarray:
    mask = np.zeros((12, 12), bool)
    mask[box.y0 : box.y1, box.x0 : box.x1] = True
    return mask


def test_iou_closed_forms():
    box = Box(2, 1, 6, 3)  # 4 × 2
    others = [
        box,
        Box(6, 1, 9, 3),  # touches: exclusive edges share no pixel
        Box(4, 1, 8, 3),  # half of each: 4 / 12
        Box(3, 1, 5, 2),  # within: 2 / 8
        Box(7, 8, 9, 9),  # apart on both axes: the product of two gaps is no overlap
    ]
    np.testing.assert_allclose(iou(box, others), [1, 0, 1 / 3, 1 / 4, 0])


def test_iou_counts_pixels():
    boxes = [random_box() for _ in range(200)]
    box = random_box()
    counted = [
        (drawn(box) & drawn(other)).sum() / (drawn(box) | drawn(other)).sum() for other in boxes
    ]
    assert len(set(counted)) > 20
    np.testing.assert_allclose(iou(box, boxes), counted)
    np.testing.assert_allclose([iou(other, [box])[0] for other in boxes], counted)


def test_half_is_enough():
    truth = [Box(0, 0, 10, 10)]
    assert is_localised(Box(0, 0, 10, 5), truth)
    assert not is_localised(Box(0, 0, 10, 5), [Box(0, 0, 10, 11)])
    assert is_localised(Box(0, 0, 10, 5), [Box(0, 0, 10, 11)], threshold=0.45)


def test_any_box_of_the_class_will_do():
    assert is_localised(Box(0, 0, 2, 2), [Box(5, 5, 9, 9), Box(0, 0, 2, 3)])
    assert not is_localised(None, [Box(0, 0, 2, 2)])


def test_error_is_the_share_of_images():
    truth = [[Box(0, 0, 4, 4)], [Box(0, 0, 4, 4), Box(6, 6, 9, 9)], [Box(0, 0, 4, 4)]]
    assert gt_known_error([Box(0, 0, 4, 4), Box(6, 6, 9, 9), Box(0, 0, 4, 3)], truth) == 0
    assert gt_known_error([Box(0, 0, 4, 4), None, Box(6, 6, 9, 9)], truth) == pytest.approx(2 / 3)
    assert gt_known_error([None, None, None], truth) == 1


@pytest.mark.parametrize(
    "box", [Box(3, 0, 3, 4), Box(0, 4, 4, 2), (0, math.nan, 1, 1), (0, 0, math.inf, 1)]
)
def test_invalid_boxes_are_refused(box):
    box, good = Box(*box), Box(0, 0, 1, 1)
    with pytest.raises(InputError, match=r"`box` holds .*; expected finite .* x0 < x1 and y0 < y1"):
        iou(box, [good])
    with pytest.raises(InputError, match="`boxes` holds"):
        iou(good, [good, box])
    with pytest.raises(InputError, match="`truth` holds"):
        is_localised(None, [box])


def test_missing_truth_is_refused():
    box = Box(0, 0, 1, 1)
    with pytest.raises(InputError, match=r"`truth` has shape .* expected at least one box"):
        is_localised(box, [])
    with pytest.raises(InputError, match="`predicted` holds 2 images and `truth` 1"):
        gt_known_error([box, box], [[box]])
    with pytest.raises(InputError, match="expected the same images in both, at least one"):
        gt_known_error([], [])


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5, math.nan])
def test_shares_out_of_range_are_refused(share):
    with pytest.raises(InputError, match=r"`threshold` is .*; expected a number in \(0, 1\]"):
        is_localised(None, [Box(0, 0, 1, 1)], threshold=share)
    with pytest.raises(InputError, match=r"`fraction` is .*; expected a number in \(0, 1\]"):
        centred_box(5, 5, fraction=share)


def test_full_box_holds_every_pixel():
    assert drawn(full_box(12, 12)).all()
    assert full_box(3, 7) == Box(0, 0, 7, 3)


def test_centred_box_is_centred_and_half_the_area():
    box = centred_box(500, 300)
    assert (box.x0, box.y0) == (300 - box.x1, 500 - box.y1)
    area = (box.x1 - box.x0) * (box.y1 - box.y0)
    assert area / (500 * 300) == pytest.approx(0.71**2, abs=0.01)  # margins are whole pixels
    assert centred_box(8, 5, fraction=1.0) == full_box(8, 5)


@pytest.mark.parametrize("side", range(1, 6))
def test_centred_box_holds_a_pixel(side):
    box = centred_box(side, side, fraction=1e-9)
    assert box.x1 - box.x0 == 2 - side % 2


@pytest.mark.slow
def test_baselines_on_the_annotated_photographs():
    photos = [photo for photo in annotated_photos() if photo.certain]
    sizes = [read_photo(photo.path).shape[:2] for photo in photos]
    truth = [photo.boxes for photo in photos]
    assert len(photos) == 111
    assert gt_known_error([full_box(*size) for size in sizes], truth) == pytest.approx(61 / 111)
    assert gt_known_error([centred_box(*size) for size in sizes], truth) == pytest.approx(31 / 111)
