import numpy as np
import pytest
from skimage.measure import label as components
from skimage.measure import regionprops

from vizjax.data.shapes.drawing import AREA, SIDE, draw
from vizjax.data.shapes.outlines import OUTLINES


@pytest.fixture(scope="module")
def drawings():
    return [draw(0, 0, index) for index in range(60)]


def test_the_same_numbers_draw_the_same_picture(drawings):
    again = draw(0, 0, 7)
    assert again.picture.tobytes() == drawings[7].picture.tobytes()
    assert again.numbers.tobytes() == drawings[7].numbers.tobytes()
    assert (again.boxes, again.label) == (drawings[7].boxes, drawings[7].label)
    for other in (draw(1, 0, 7), draw(0, 1, 7), draw(0, 0, 17)):
        assert other.picture.tobytes() != again.picture.tobytes()
        assert other.boxes != again.boxes


def test_pictures(drawings):
    for index, drawing in enumerate(drawings):
        assert drawing.picture.shape == (SIDE, SIDE, 3)
        assert drawing.label == index % len(OUTLINES)
        assert drawing.picture.std() > 10  # something is on it


def test_boxes_are_those_of_the_masks_by_another_library(drawings):
    for drawing in drawings:
        regions = regionprops(drawing.numbers.astype(int))
        boxes = [(x0, y0, x1, y1) for y0, x0, y1, x1 in (one.bbox for one in regions)]
        assert [tuple(box) for box in drawing.boxes] == boxes
        assert len(boxes) in (1, 2)
    assert {len(drawing.boxes) for drawing in drawings} == {1, 2}


def test_shapes_do_not_touch(drawings):
    for drawing in drawings:
        for number in range(1, len(drawing.boxes) + 1):
            # 4-neighbours of one shape belong to it or to the ground.
            mask = drawing.numbers == number
            others = (drawing.numbers > 0) & ~mask
            for axis in (0, 1):
                assert not (mask & (np.roll(others, 1, axis) | np.roll(others, -1, axis))).any()


def test_holes_are_those_of_the_rings(drawings):
    for drawing in drawings:
        ground = np.asarray(components(drawing.numbers == 0, connectivity=1))
        edge = np.unique(np.concatenate([ground[0], ground[-1], ground[:, 0], ground[:, -1]]))
        rings = len(drawing.boxes) if list(OUTLINES)[drawing.label] == "ring" else 0
        # Pixels that a shape's pointed tip or the rim cuts off are no holes.
        holes = [n for n in range(1, ground.max() + 1) if n not in edge and (ground == n).sum() > 9]
        assert len(holes) == rings


def test_sizes_do_not_tell_the_class():
    shares = np.array([np.bincount(draw(3, 0, i).numbers.ravel(), minlength=2)[1] / SIDE**2
                       for i in range(100)]).reshape(-1, len(OUTLINES))  # fmt: skip
    low, high = AREA
    # A pixel is in or out: of the smallest shape, 491 pixels, a few more or fewer.
    assert shares.min() > low - 0.002
    assert shares.max() < high + 0.002
    # Ten uniform draws a class: their means lie within four standard errors of the middle.
    error = (high - low) / np.sqrt(12 * shares.shape[0])
    assert np.abs(shares.mean(axis=0) - (low + high) / 2).max() < 4 * error


def test_a_shape_stands_out_from_what_is_around_it(drawings):
    contrasts = []
    for drawing in drawings:
        inside = drawing.numbers > 0
        moved = np.roll(inside, 2, axis=1)
        rim_in, rim_out = inside & ~moved, np.roll(inside & ~moved, -3, axis=1) & ~inside
        if rim_out.any():
            colours = drawing.picture.astype(float)
            contrasts.append(
                np.linalg.norm(colours[rim_in].mean(axis=0) - colours[rim_out].mean(axis=0))
            )
    assert np.median(contrasts) > 60
