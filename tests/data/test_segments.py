"""Superpixels and grids."""

from typing import Any

import numpy as np
import pytest
from skimage import data
from skimage.measure import label as connected

from vizjax.data.segments import grid, slic
from vizjax.errors import InputError

PHOTO = data.chelsea()[40:140, 100:250]


def test_a_grid_against_a_loop():
    found = grid(7, 10, 3, 4)
    for i, j in np.ndindex(7, 10):
        assert found[i, j] == 4 * (i * 3 // 7) + j * 4 // 10
    assert found.dtype == np.int32


@pytest.mark.parametrize(("height", "rows"), [(7, 3), (227, 8), (5, 5), (9, 1)])
def test_the_cells_of_a_grid_differ_by_a_pixel_at_most(height, rows):
    found = grid(height, 6, rows, 2)
    assert (np.unique(found) == np.arange(2 * rows)).all()
    heights = np.bincount(found[:, 0] // 2)
    assert heights.max() - heights.min() <= 1


@pytest.mark.parametrize(("rows", "columns"), [(0, 2), (2, 0), (8, 2), (2, 11)])
def test_refuses_cells_without_pixels(rows, columns):
    with pytest.raises(InputError, match=f"`rows` and `columns` are {rows} and {columns} for an"):
        grid(7, 10, rows, columns)


def test_superpixels_are_connected_contiguous_and_about_as_many():
    found = slic(PHOTO, 30)
    assert found.shape == (100, 150)
    assert found.dtype == np.int32
    ids = np.unique(found)
    np.testing.assert_array_equal(ids, np.arange(len(ids)))
    assert 15 <= len(ids) <= 45
    regions: Any = connected(found + 1, connectivity=1)
    assert regions.max() == len(ids)


def test_superpixels_respect_edges():
    """Left black, right white: no segment has both."""
    photo = np.zeros((40, 60, 3), np.uint8)
    photo[:, 23:] = 255
    found = slic(photo, 12, sigma=0.0)
    assert not set(found[:, :23].ravel()) & set(found[:, 23:].ravel())


def test_superpixels_of_floats_are_those_of_the_photograph():
    np.testing.assert_array_equal(slic(PHOTO.astype(np.float32), 20), slic(PHOTO, 20))
    assert (slic(PHOTO, 20, compactness=100.0) != slic(PHOTO, 20)).any()


def test_refuses_no_superpixels():
    with pytest.raises(InputError, match="`count` is 0"):
        slic(PHOTO, 0)
