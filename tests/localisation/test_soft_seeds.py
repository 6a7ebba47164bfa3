"""Soft seeds: log odds by hand, and pictures whose object is known."""

import jax
import numpy as np
import pytest

from vizjax.errors import InputError
from vizjax.localisation import SoftSeeds
from vizjax.types import Box

KEY = jax.random.key(0)
SHAPE, OBJECT = (40, 56), Box(17, 11, 39, 30)
GREEN, RED = (60, 120, 40), (200, 30, 20)
INSIDE = np.s_[OBJECT.y0 : OBJECT.y1, OBJECT.x0 : OBJECT.x1]
NOTHING = np.zeros(SHAPE, bool)


def picture(*regions, noise=4.0):
    """Green, with regions of red, and noise; float in 0-255."""
    image = np.full((*SHAPE, 3), GREEN, np.float32)
    for region in regions:
        image[region] = RED
    rng = np.random.default_rng(0)
    return np.clip(image + rng.normal(0, noise, image.shape), 0, 255).astype(np.float32)


def blob(y, x, deviation=6.0, height=1.0):
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    square = (rows - y) ** 2 + (columns - x) ** 2
    return (height * np.exp(-square / (2 * deviation**2))).astype(np.float32)


def test_log_odds_by_hand():
    # Two levels, 0 and 1: Otsu's threshold is the middle of a bin at the lower end, 1/512.
    level = np.zeros((10, 10), np.float32)
    level[4:6, 4:6] = 1.0
    found = SoftSeeds(width=0.4, border=1.5, margin=0.1, limit=2.0).log_odds(7 * level - 3)
    threshold = 1 / 512
    expected = np.full((10, 10), -threshold / 0.4 - 1.5)
    expected[1:9, 1:9] = -threshold / 0.4  # the frame is a pixel wide
    expected[4:6, 4:6] = 2.0  # (1 − threshold) / 0.4 = 2.495, clipped
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_otsus_threshold_parts_the_values_best():
    """Of all thresholds the one with the least variance within the two classes."""
    level = np.clip(blob(20, 28) + blob(10, 45, 4, 0.6), 0, 1)
    level = (level - level.min()) / (level.max() - level.min())
    one = SoftSeeds(width=1.0, border=0.0, limit=9.0)
    (threshold,) = np.unique(np.round(level - one.log_odds(level), 5))
    values = np.sort(level.ravel().astype(np.float64))
    within = [values[:n].var() * n + values[n:].var() * (values.size - n) for n in
              range(1, values.size)]  # fmt: skip
    best = 1 + int(np.argmin(within))
    # A histogram of 256 bins decides: one bin's worth from the best.
    assert values[best - 1] - 1 / 256 < threshold < values[best] + 1 / 256


def test_the_scale_of_a_map_does_not_count():
    one, values = SoftSeeds(), blob(20, 28)
    np.testing.assert_allclose(one.log_odds(values), one.log_odds(300 * values + 7), atol=1e-4)


def test_an_object_of_one_colour_is_found_to_the_pixel():
    found = SoftSeeds()(KEY, picture(INSIDE), blob(20, 28))
    expected = NOTHING.copy()
    expected[INSIDE] = True
    np.testing.assert_array_equal(found.mask, expected)
    assert found.box == OBJECT
    odds = SoftSeeds().log_odds(blob(20, 28))
    np.testing.assert_array_equal(found.seeds.foreground, odds >= 1)
    np.testing.assert_array_equal(found.seeds.background, odds <= -1)


def test_integers_and_jax_arrays_are_images_and_maps():
    image, values = picture(INSIDE), blob(20, 28)
    found = SoftSeeds()(KEY, jax.numpy.asarray(image.astype(np.uint8)), jax.numpy.asarray(values))
    assert found.box == OBJECT


def test_a_large_picture_is_cut_small():
    image = picture(INSIDE).repeat(4, axis=0).repeat(4, axis=1)
    values = blob(20, 28).repeat(4, axis=0).repeat(4, axis=1)
    found = SoftSeeds(side=40)(KEY, image, values)
    assert found.mask.shape == (160, 224)
    assert found.box == Box(*(4 * side for side in OBJECT))


def test_a_flat_map_says_nothing():
    found = SoftSeeds()(KEY, picture(INSIDE), np.full(SHAPE, 3.0, np.float32))
    assert found.box is None
    assert not found.mask.any()
    assert not found.seeds.foreground.any()
    assert not found.seeds.background.any()


def test_a_map_that_is_high_in_the_frame_alone_finds_nothing():
    values = np.zeros(SHAPE, np.float32)
    values[0] = 1.0
    found = SoftSeeds(trust=50.0, border=20.0)(KEY, picture(), values)
    assert found.box is None
    assert not found.mask.any()


@pytest.mark.parametrize("components", [1, 5])
def test_of_a_map_that_is_trusted_alone_the_colours_do_not_count(components):
    values = blob(20, 28)
    one = SoftSeeds(trust=1e7, smoothness=1.0, components=components)
    found = one(KEY, picture(np.s_[:, :20]), values)
    np.testing.assert_array_equal(found.mask, one.log_odds(values) > 0)


def test_holes_are_filled():
    image = picture(INSIDE)
    image[18:22, 25:31] = GREEN
    found = SoftSeeds(smoothness=1.0)(KEY, image, blob(20, 28, 12.0))
    assert found.box == OBJECT
    assert found.mask[INSIDE].all()


@pytest.mark.parametrize("best", [0, 1])
def test_the_component_with_more_evidence_is_the_object(best):
    small, large = np.s_[14:24, 8:18], np.s_[8:32, 28:50]
    # On the small one the map is high; the large one has more of a map that is everywhere half.
    heights = ((1.0, 0.06), (1.0, 1.0))[best]
    values = np.maximum(blob(19, 13, 4.0, heights[0]), blob(20, 39, 8.0, heights[1]))
    image = picture(small, large)
    one = SoftSeeds(smoothness=1.0, trust=0.1, border=0.0)
    found = one(KEY, image, values)
    expected = NOTHING.copy()
    expected[(small, large)[best]] = True
    np.testing.assert_array_equal(found.mask, expected)


def test_the_same_key_finds_the_same():
    image, values = picture(INSIDE, noise=40.0), blob(15, 25)
    first, second = (SoftSeeds()(KEY, image, values) for _ in range(2))
    np.testing.assert_array_equal(first.mask, second.mask)


def test_equal_by_value():
    assert SoftSeeds() == SoftSeeds(width=0.2)
    assert len({SoftSeeds(), SoftSeeds(), SoftSeeds(trust=3.0)}) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"width": 0.0}, {"limit": -1.0}, {"components": 0}, {"rounds": 0}, {"side": 0},
        {"trust": -0.1}, {"border": float("inf")}, {"smoothness": float("nan")},
        {"margin": 0.5}, {"margin": -0.1}, {"width": float("nan")},
    ],
)  # fmt: skip
def test_fields_it_refuses(fields):
    (name,) = fields
    with pytest.raises(InputError, match=f"`{name}` is"):
        SoftSeeds(**fields)


@pytest.mark.parametrize("shape", [(40, 55), (20, 28)])
def test_a_map_of_another_size_is_refused(shape):
    with pytest.raises(InputError, match=r"`saliency_map` has shape .* each pixel of \(40, 56\)"):
        SoftSeeds()(KEY, picture(), np.zeros(shape, np.float32))


def test_a_map_that_is_not_finite_is_refused():
    values = blob(20, 28)
    values[3, 4] = np.nan
    with pytest.raises(InputError, match="1 values not finite"):
        SoftSeeds()(KEY, picture(), values)


def test_an_image_in_other_units_is_refused():
    with pytest.raises(InputError, match="`image` has values up to"):
        SoftSeeds()(KEY, picture() / 255, blob(20, 28))
