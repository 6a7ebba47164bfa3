"""The largest component and its box."""

import numpy as np
import pytest

from vizjax.localisation import bounding_box, largest_component
from vizjax.types import Box


def mask(*rows):
    return np.array([[character == "#" for character in row] for row in rows])


def test_the_larger_of_two_wins_wherever_it_stands():
    picture = mask("##.....", ".....##", ".....#.", "##.....")
    expected = mask(".......", ".....##", ".....#.", ".......")
    for flip in (np.asarray, np.flipud, np.fliplr, np.transpose):
        np.testing.assert_array_equal(largest_component(flip(picture)), flip(expected))


@pytest.mark.parametrize("flip", [np.asarray, np.fliplr])
def test_corners_connect(flip):
    picture = flip(mask("#....", ".#...", "..#..", "....#"))
    expected = flip(mask("#....", ".#...", "..#..", "....."))
    np.testing.assert_array_equal(largest_component(picture), expected)


def test_of_equals_the_first_in_scan_order():
    np.testing.assert_array_equal(
        largest_component(mask("...#", "#..#", "#...")), mask("...#", "...#", "....")
    )


def test_a_hole_stays_a_hole():
    ring = mask("####", "#..#", "####")
    np.testing.assert_array_equal(largest_component(ring), ring)


def test_box_is_tight_and_exclusive():
    picture = mask(".....", "..#..", "...#.", ".....")
    box = bounding_box(picture)
    assert box == Box(x0=2, y0=1, x1=4, y1=3)
    assert all(type(side) is int for side in box or ())  # not NumPy's, which JSON refuses


def test_whole_image():
    assert bounding_box(np.ones((2, 5), bool)) == Box(0, 0, 5, 2)


def test_nothing():
    empty = np.zeros((3, 4), bool)
    np.testing.assert_array_equal(largest_component(empty), empty)
    assert bounding_box(empty) is None
