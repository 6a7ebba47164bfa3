import jax
import numpy as np
import pytest
import skimage.transform
from PIL import Image

from vizjax.data.images import canvas, resize, resize_mask
from vizjax.errors import InputError

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (7, 5, 3), np.uint8)
MASK = RNG.random((7, 5)) > 0.5


@pytest.mark.parametrize("size", [(3, 2), (7, 5), (11, 16), (1, 1)])
def test_resizing_keeps_a_constant(size):
    photo = np.full((7, 5, 3), (10, 100, 250), np.uint8)
    resized = resize(photo, *size)
    assert resized.dtype == np.float32
    assert resized.shape == (*size, 3)
    np.testing.assert_allclose(resized, np.broadcast_to(photo[0, 0], resized.shape), rtol=1e-6)


def test_resizing_to_the_same_size_is_the_identity():
    np.testing.assert_array_equal(resize(RGB, 7, 5), RGB.astype(np.float32))


@pytest.mark.parametrize("width", [10, 20, 64, 90])
def test_resizing_a_ramp_takes_its_value_at_the_new_centres(width):
    # Enlarged, or shrunk by a whole number, where a sampled triangle keeps its centre of mass.
    # f(x) = x at the centres x = i + 1/2; the new centre j + 1/2 lies at (j + 1/2) · 40 / width.
    ramp = np.tile(np.arange(40, dtype=np.float32) + 0.5, (3, 1))
    expected = (np.arange(width) + 0.5) * 40 / width
    # The triangle is cut off at the edges: up to one pixel of the coarser grid inside them.
    support = max(1.0, 40 / width)
    inside = (expected > support) & (expected < 40 - support)
    assert inside.sum() > 5
    resized = resize(ramp, 3, width)
    np.testing.assert_allclose(resized[:, inside], np.tile(expected[inside], (3, 1)), rtol=1e-5)


def test_shrinking_does_not_alias():
    stripes = np.tile(np.array([0, 255], np.uint8), (4, 20))  # dropped pixels would give 0 or 255
    np.testing.assert_allclose(resize(stripes, 4, 20)[:, 1:-1], 127.5, rtol=1e-6)


@pytest.mark.parametrize("size", [(13, 9), (40, 60), (29, 31), (5, 90)])
def test_resizing_agrees_with_jax(size):
    photo = RNG.integers(0, 256, (30, 47, 3), np.uint8)
    pixels = photo.astype(np.float32)
    expected = np.asarray(jax.image.resize(pixels, (*size, 3), "linear", antialias=True))
    # Same triangle, same centres: what differs is the rounding of 32-bit sums of up to 255.
    np.testing.assert_allclose(resize(photo, *size), expected, atol=1e-3)


def test_enlarging_agrees_with_scikit_image():
    saliency_map = RNG.normal(size=(13, 9)).astype(np.float32)
    expected = np.asarray(skimage.transform.resize(saliency_map, (57, 31), order=1, mode="edge"))
    np.testing.assert_allclose(resize(saliency_map, 57, 31), expected, atol=1e-5)


def test_resizing_takes_jax_arrays_and_single_channels():
    image = jax.numpy.ones((4, 6, 1))
    assert resize(image, 2, 3).shape == (2, 3, 1)


@pytest.mark.parametrize("size", [(3, 2), (14, 10), (5, 13), (1, 1), (7, 5)])
def test_resizing_masks_agrees_with_pillow(size):
    nearest = Image.fromarray(MASK).resize(size[::-1], Image.Resampling.NEAREST)
    np.testing.assert_array_equal(resize_mask(MASK, *size), np.asarray(nearest))


@pytest.mark.parametrize("size", [(0, 5), (5, -1)])
def test_resizing_to_nothing_is_refused(size):
    with pytest.raises(InputError, match="expected at least 1 pixel"):
        resize(RGB, *size)
    with pytest.raises(InputError, match="expected at least 1 pixel"):
        resize_mask(MASK, *size)


@pytest.mark.parametrize("shape", [(5,), (2, 2, 2, 2), (0, 5)])
def test_resizing_other_arrays_is_refused(shape):
    with pytest.raises(InputError, match=r"has shape .*; expected \(H, W\) or \(H, W, C\)"):
        resize(np.zeros(shape, np.float32), 2, 2)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((300, 451), (256, 385)),  # 451 · 256 / 300 = 384.85
        ((451, 300), (385, 256)),
        ((256, 256), (256, 256)),
        ((1, 1), (256, 256)),
        ((3, 4), (256, 341)),
        ((50, 1000), (256, 5120)),
        ((333, 334), (256, 257)),
    ],
)
def test_canvas_keeps_the_aspect(shape, expected):
    assert canvas(np.zeros((*shape, 3), np.uint8), 256).shape == (*expected, 3)


@pytest.mark.parametrize("short_side", [1, 7, 255, 256])
def test_canvas_is_exact_on_the_short_side(short_side):
    for length in range(1, 60):
        photo = np.zeros((length, length + 1, 3), np.uint8)
        height, width, _ = canvas(photo, short_side).shape
        assert height == short_side <= width


def test_canvas_refuses_ribbons_and_nothing():
    with pytest.raises(InputError, match=r"`photo` is 1 pixels high and 5000 wide; .* crop it"):
        canvas(np.zeros((1, 5000, 3), np.uint8), 256)
    with pytest.raises(InputError, match="`short_side` is 0"):
        canvas(RGB, 0)


def test_resizing_no_mask_is_refused():
    with pytest.raises(InputError, match=r"`mask` has shape \(0, 5\); expected \(H, W\)"):
        resize_mask(MASK[:0], 2, 2)
