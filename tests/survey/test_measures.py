"""Figures of a case, counted by hand on a photograph of 20×30 pixels."""

import json

import jax
import numpy as np
import pytest

from vizjax.localisation import Localisation, Seeds
from vizjax.survey import RECALLS, Case, Work, measured
from vizjax.types import Box

HEIGHT, WIDTH = 20, 30
TRUE = Box(10, 4, 20, 16)
FAR = Box(0, 0, 2, 2)
CANVAS = np.zeros((10, 15, 3), np.float32)


def place(y0, y1, x0, x1):
    """A segmentation that says: these rows and columns of the canvas, 10×15, half the photo."""

    def segment(key, canvas, saliency_map):
        assert canvas.shape[:2] == saliency_map.shape
        mask = np.zeros(canvas.shape[:2], bool)
        mask[y0:y1, x0:x1] = True
        return Localisation(mask, None, Seeds(mask, ~mask))

    return segment


def drawn(box):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[box.y0 : box.y1, box.x0 : box.x1] = True
    return mask


def work(segment, saliency_map=None, *, boxes=(TRUE,), mask=None, ignored=None, figures=None):
    if saliency_map is None:
        saliency_map = np.zeros((10, 15), np.float32)
        saliency_map[5, 7] = 1.0
    photo = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    case = Case("a.jpg", 3, 285, 2, photo, boxes, mask, ignored)
    return Work(case, CANVAS, {"one": saliency_map}, {"one": segment}, figures or {}, 0)


def found(*arguments, **fields):
    return measured(work(*arguments, **fields))["procedures"]["one"]


def test_the_record_of_a_case():
    record = measured(work(place(2, 8, 5, 10), figures={"one": {"insertion": 0.123456789}}))
    assert list(record) == ["name", "label", "target", "rank", "procedures"]
    assert [record[key] for key in ("name", "label", "target", "rank")] == ["a.jpg", 3, 285, 2]
    assert record["procedures"]["one"]["insertion"] == 0.123457
    assert json.loads(json.dumps(record)) == record  # plain numbers, lists and words


def test_boxes_are_in_the_photographs_pixels():
    assert found(place(2, 8, 5, 10))["box"] == [10, 4, 20, 16]
    assert found(place(2, 8, 5, 10))["iou"] == 1.0


def test_the_nearest_true_box_counts():
    # 6…20 × 4…14: 14 · 10 pixels, 10 · 10 of them shared; 120 + 140 − 100 in all.
    one = found(place(2, 7, 3, 10), boxes=(FAR, TRUE))
    assert one["box"] == [6, 4, 20, 14]
    assert one["iou"] == 0.625


def test_no_mask_is_no_overlap():
    one = found(place(0, 0, 0, 0))
    assert (one["box"], one["iou"]) == (None, 0.0)


def test_pointing_has_a_margin_of_15_pixels():
    maps = np.zeros((2, 10, 15), np.float32)
    maps[0, 5, 14] = 1.0  # of the photograph's pixels 28 or 29: 10 to the right of the box
    maps[1, 0, 0] = 1.0  # 4 above and 10 to the left
    assert [found(place(0, 1, 0, 1), one)["hit"] for one in maps] == [True, True]
    small = (Box(29, 19, 30, 20),)
    assert found(place(0, 1, 0, 1), maps[1], boxes=small)["hit"] is False
    assert found(place(0, 1, 0, 1), maps[0], boxes=small)["hit"] is True


def test_energy_is_the_share_inside_the_boxes():
    flat = np.ones((10, 15), np.float32)
    assert found(place(0, 1, 0, 1), flat)["energy"] == pytest.approx(120 / 600)
    assert found(place(0, 1, 0, 1), flat, boxes=(TRUE, FAR))["energy"] == pytest.approx(
        124 / 600, abs=1e-6
    )


def test_without_boxes_and_mask_there_is_the_box_alone():
    assert list(found(place(0, 1, 0, 1), boxes=())) == ["box"]


def test_masks_are_held_against_the_mask():
    # Predicted 10…20 × 4…16, true 8…16 × 4…16: 120 and 96 pixels, 72 shared.
    one = found(place(2, 8, 5, 10), mask=drawn(Box(8, 4, 16, 16)))
    assert one["mask_iou"] == 0.5
    assert one["pixel_accuracy"] == 1 - 72 / 600


def test_ignored_pixels_count_neither_way():
    # What is ignored, 16…20 × 4…16, is just what was predicted too much.
    mask, ignored = drawn(Box(8, 4, 16, 16)), drawn(Box(16, 4, 20, 16))
    one = found(place(2, 8, 5, 10), mask=mask, ignored=ignored)
    assert one["mask_iou"] == 0.75
    assert one["pixel_accuracy"] == pytest.approx(1 - 24 / 552, abs=1e-6)
    saliency_map = np.zeros((10, 15), np.float32)
    saliency_map[2:8, 4:10] = 1.0  # larger by as much, and blurred when it is enlarged
    one = found(place(2, 8, 5, 10), saliency_map, mask=mask, ignored=drawn(Box(16, 0, 30, 20)))
    assert one["precision"][0] == 1.0


def test_pointing_and_energy_are_about_the_mask_where_there_is_one():
    flat = np.ones((10, 15), np.float32)
    one = found(place(0, 1, 0, 1), flat, mask=drawn(Box(0, 0, 3, 10)))
    assert one["energy"] == pytest.approx(30 / 600)


def test_precision_at_recalls_by_hand():
    """Four rows, enlarged without interpolation: the map has the photograph's size."""
    saliency_map = np.zeros((HEIGHT, WIDTH), np.float32)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    saliency_map[0], saliency_map[1], saliency_map[2], saliency_map[3] = 4, 3, 2, 1
    mask[0] = mask[2] = True
    case = Case("", 0, 0, 1, np.zeros((HEIGHT, WIDTH, 3), np.uint8), (), mask, None)
    canvas = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    one = Work(case, canvas, {"one": saliency_map}, {"one": place(0, 1, 0, 30)}, {}, 0)
    figures = measured(one)["procedures"]["one"]
    # The first row is right, the second wrong, the third right: 1 up to half, then 2/3.
    assert figures["precision"] == [1.0] * 10 + [0.666667] * 10
    assert figures["average_precision"] == pytest.approx(0.5 + 0.5 * 2 / 3, abs=1e-6)
    assert len(RECALLS) == 20
    assert (RECALLS[0], RECALLS[9], RECALLS[-1]) == (0.05, 0.5, 1.0)


def test_precision_at_recalls_never_rises():
    saliency_map = np.random.default_rng(0).uniform(size=(10, 15)).astype(np.float32)
    curve = found(place(0, 1, 0, 1), saliency_map, mask=drawn(TRUE))["precision"]
    assert np.all(np.diff(curve) <= 0)
    assert len(set(curve)) > 5


@pytest.mark.parametrize("ignored", [None, drawn(TRUE)])
def test_a_mask_without_a_pixel_that_counts_is_no_truth(ignored):
    mask = drawn(TRUE) if ignored is not None else np.zeros((HEIGHT, WIDTH), bool)
    assert list(found(place(2, 8, 5, 10), boxes=(), mask=mask, ignored=ignored)) == ["box"]
    boxed = found(place(2, 8, 5, 10), mask=mask, ignored=ignored)
    assert list(boxed) == ["box", "iou", "hit", "energy"]


def test_every_procedure_has_its_own_map_and_segmentation():
    one = work(place(2, 8, 5, 10))
    two = one._replace(
        maps={"one": one.maps["one"], "two": np.ones((10, 15), np.float32)},
        segments={"one": place(2, 8, 5, 10), "two": place(0, 10, 0, 15)},
    )
    procedures = measured(two)["procedures"]
    assert [procedures[name]["iou"] for name in ("one", "two")] == [1.0, 0.2]
    assert procedures["two"]["energy"] == pytest.approx(0.2)
    assert procedures["one"]["energy"] == 1.0


def test_the_seed_reaches_the_segmentation():
    keys = []

    def segment(key, canvas, saliency_map):
        keys.append(jax.random.key_data(key).tolist())
        return place(0, 1, 0, 1)(key, canvas, saliency_map)

    measured(work(segment)._replace(seed=7))
    assert keys == [jax.random.key_data(jax.random.key(7)).tolist()]
