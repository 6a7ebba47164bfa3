"""Arrays made visible: closed forms on arrays small enough to work out by hand."""

import numpy as np
import pytest

from vizjax import pictures
from vizjax.errors import InputError
from vizjax.localisation import Seeds
from vizjax.types import Box

RED = [230, 30, 30]


def test_pixels_are_rounded_and_clipped():
    image = np.array([[[-5.0, 0.4, 0.6], [254.6, 255.4, 1e30]]], np.float32)
    assert pictures.to_pixels(image).tolist() == [[[0, 0, 1], [255, 255, 255]]]


def test_a_quantile_becomes_one_and_what_is_above_it_too():
    values = np.arange(101, dtype=np.float32)
    scaled = pictures.unit_interval(values, quantile=0.5)
    np.testing.assert_allclose(scaled[:51], np.arange(51) / 50, rtol=1e-6)
    assert (scaled[51:] == 1).all()


def test_a_zero_map_stays_zero_and_a_sparse_one_is_scaled_by_its_maximum():
    zero = np.zeros((4, 500), np.float32)
    assert (pictures.unit_interval(zero) == 0).all()
    zero[1, 7] = 5  # above the 99.5 % quantile, which is 0
    scaled = pictures.unit_interval(zero)
    assert scaled[1, 7] == 1
    assert scaled.sum() == 1


def test_heat_is_grey_and_of_a_scale_of_its_own():
    saliency = np.linspace(0, 1, 60, dtype=np.float32).reshape(6, 10)
    picture = pictures.heat(saliency)
    assert picture.shape == (6, 10, 3)
    assert (picture == picture[..., :1]).all()
    assert (picture[0, 0, 0], picture[-1, -1, 0]) == (0, 255)
    assert (pictures.heat(1000 * saliency) == picture).all()


def test_signed_is_grey_at_zero_and_symmetric():
    gradient = np.zeros((5, 7, 3), np.float32)
    gradient[1, 2], gradient[3, 4] = [2, 0, 0], [0, 0, -2]
    picture = pictures.signed(gradient)
    assert picture[0, 0].tolist() == [128, 128, 128]
    assert picture[1, 2].tolist() == [255, 128, 128]
    assert picture[3, 4].tolist() == [128, 128, 0]


def test_seeds_are_red_and_blue_on_grey():
    image = np.full((2, 3, 3), [30.0, 60.0, 90.0])
    seeds = Seeds(np.zeros((2, 3), bool), np.zeros((2, 3), bool))
    seeds.foreground[0, 0] = seeds.background[1, 2] = True
    picture = pictures.seeded(image, seeds)
    assert picture[0, 0].tolist() == RED
    assert picture[0, 1].tolist() == [96, 96, 96]  # 0.6 · 60 + 60
    assert picture[1, 2].tolist() == [68, 88, 163]  # half of that, half blue


def test_outside_the_mask_it_is_dark():
    mask = np.array([[True, False, False]])
    picture = pictures.cut_out(np.full((1, 3, 3), 200.0), mask, None)
    assert picture[0, :, 0].tolist() == [200, 50, 50]
    framed = pictures.cut_out(np.full((1, 3, 3), 200.0), mask, Box(2, 0, 3, 1))
    assert framed[0].tolist() == [[200] * 3, [50] * 3, RED]


def test_a_frame_lies_just_inside_its_box():
    image = np.full((20, 30, 3), 9, np.uint8)
    picture = pictures.framed(image, Box(4, 2, 14, 9))
    red = (picture == RED).all(axis=2)
    expected = np.zeros((20, 30), bool)
    expected[2:9, 4:14] = True
    expected[3:8, 5:13] = False
    np.testing.assert_array_equal(red, expected)
    assert (image == 9).all()  # the image that was given is untouched


@pytest.mark.parametrize(
    ("size", "thickness"), [((256, 384), 3), ((1000, 1500), 10), ((256, 5120), 10), ((5, 5), 1)]
)
def test_a_frame_is_as_thick_as_the_picture_asks_for(size, thickness):
    height, width = size
    picture = pictures.framed(np.zeros((*size, 3), np.uint8), Box(0, 0, width, height))
    assert (picture[height // 2, :, 0] > 0).sum() == 2 * thickness


@pytest.mark.parametrize("box", [Box(3, 3, 4, 4), Box(0, 0, 200, 1), Box(5, 0, 6, 200)])
def test_a_thin_box_is_filled(box):
    picture = pictures.framed(np.zeros((200, 200, 3), np.uint8), box)
    red = (picture == RED).all(axis=2)
    assert red.sum() == (box.x1 - box.x0) * (box.y1 - box.y0)
    assert red[box.y0 : box.y1, box.x0 : box.x1].all()


def grid_of(maps, **options):
    """The grid of maps given channel by channel."""
    return pictures.activation_grid(np.stack(maps, axis=-1).astype(np.float32), **options)


STEPS = np.array([[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])  # 3 rows, 2 columns


def test_a_grid_has_a_map_a_channel_in_scan_order():
    picture = grid_of([STEPS, 10 * STEPS, 0 * STEPS, STEPS[::-1], 2 + 0 * STEPS])
    # Two of three rows by three of two columns, and the gaps: 7 × 8.
    assert picture.shape == (7, 8, 3)
    cell, white, grey = np.zeros((3, 2)), 255, 128
    first, last, full = cell.copy(), cell.copy(), cell + white
    first[0, 1] = last[2, 1] = white
    gap = np.full((3, 1), grey)
    expected = np.vstack(
        [
            np.hstack([first, gap, first, gap, cell]),
            np.full((1, 8), grey),
            np.hstack([last, gap, full, gap, cell + grey]),
        ]
    )
    np.testing.assert_array_equal(picture, np.repeat(expected[..., None], 3, axis=2))


def test_a_joint_scale_shows_which_are_strong():
    picture = grid_of([STEPS, 4 * STEPS], jointly=True)
    assert picture[0, 4].tolist() == [255] * 3
    # Of 12 values the 99.5 % quantile lies at 10.945: between 1 and 4.
    assert picture[0, 1, 0] == round(255 / (1 + 0.945 * 3))
    assert grid_of([0 * STEPS, 4 * STEPS], jointly=True)[:, :2].max() == 0


def test_signed_maps_are_blue_white_and_red():
    picture = grid_of([STEPS, -STEPS, 0 * STEPS])
    assert picture[0, 1].tolist() == RED
    assert picture[0, 4].tolist() == [40, 80, 230]
    assert picture[0, 0].tolist() == [255] * 3
    assert (picture[:, 6:] == 255).all()


def test_the_first_or_the_strongest():
    maps = [STEPS, -3 * STEPS, 2 + 0 * STEPS]
    np.testing.assert_array_equal(grid_of(maps, count=1), grid_of(maps[:1]))
    np.testing.assert_array_equal(grid_of(maps, count=9), grid_of(maps))
    ordered = [maps[2], maps[1], maps[0]]
    np.testing.assert_array_equal(grid_of(maps, strongest=True), grid_of(ordered))
    np.testing.assert_array_equal(grid_of(maps, strongest=True, count=2), grid_of(ordered[:2]))
    with pytest.raises(InputError, match="`count` is 0"):
        grid_of(maps, count=0)


@pytest.mark.parametrize(
    ("size", "channels"), [((13, 13), 512), ((28, 14), 96), ((5, 9), 7), ((1, 1), 1000)]
)
def test_a_grid_is_nearly_square_and_shows_every_map(size, channels):
    rng = np.random.default_rng(0)
    activation = rng.uniform(0.1, 1, (*size, channels)).astype(np.float32)
    activation[0, 0] = 2  # every map's brightest
    picture = pictures.activation_grid(activation)
    assert 0.6 < picture.shape[0] / picture.shape[1] < 1.6
    corners = picture[:: size[0] + 1, :: size[1] + 1, 0]
    assert (corners == 255).sum() == channels
    assert corners.size - channels < max(corners.shape)


def test_an_attribution_of_one_sign_runs_from_its_least_value():
    """RISE's maps lie around the mean posterior: what they have in common says nothing."""
    values = np.array([[0.25, 0.5], [0.75, 0.5]])
    assert pictures.attribution(values)[..., 0].tolist() == [[0, 128], [255, 128]]
    np.testing.assert_array_equal(pictures.attribution(np.full((2, 3), 0.3)), 0)


def test_an_attribution_of_both_signs_is_red_and_blue_on_white():
    picture = pictures.attribution(np.array([[1.0, -1.0, 0.0]]))
    assert picture[0].tolist() == [pictures.RED.tolist(), pictures.BLUE.tolist(), [255] * 3]


def test_the_spotlight_is_on_what_counts_for_the_class():
    image = np.full((1, 3, 3), 200.0)
    lit = pictures.spotlight(image, np.array([[2.0, -2.0, 0.0]]))[0, :, 0]
    assert lit.tolist() == [200, 30, 30]
    assert pictures.spotlight(image, np.array([[3.0, 2.0, 2.0]]))[0, :, 0].tolist() == [200, 30, 30]
