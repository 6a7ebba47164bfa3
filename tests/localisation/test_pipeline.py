"""Localisation from map to box: objects that are known, and images that are not fit for it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.data
from skimage.transform import resize

from vizjax.errors import InputError
from vizjax.localisation import localise, localise_classes
from vizjax.types import Box

SHAPE = (40, 56)
BOXES = {"red": Box(6, 5, 22, 25), "blue": Box(33, 12, 50, 33)}


def scene(seed=0):
    """Two objects, each of two colours, on a noisy green ground."""
    rng = np.random.default_rng(seed)
    image = np.full((*SHAPE, 3), (60, 120, 40), np.float32)
    for (x0, y0, x1, y1), colours in zip(
        BOXES.values(),
        [((200, 30, 20), (230, 180, 20)), ((20, 40, 210), (10, 10, 60))],
        strict=True,
    ):
        image[y0:y1, x0:x1], image[(y0 + y1) // 2 : y1, x0:x1] = colours
    return np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)


def blob(box, shape=SHAPE, noise=0.02):
    """A map that peaks in the middle of a box."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    distance = ((x - (box.x0 + box.x1 - 1) / 2) / (box.x1 - box.x0)) ** 2
    distance = distance + ((y - (box.y0 + box.y1 - 1) / 2) / (box.y1 - box.y0)) ** 2
    return (np.exp(-8 * distance) + np.random.default_rng(0).normal(0, noise, shape)).astype(
        "float32"
    )


def intersection_over_union(box, other):
    x0, y0 = max(box.x0, other.x0), max(box.y0, other.y0)
    x1, y1 = min(box.x1, other.x1), min(box.y1, other.y1)
    shared = max(0, x1 - x0) * max(0, y1 - y0)
    areas = [(b.x1 - b.x0) * (b.y1 - b.y0) for b in (box, other)]
    return shared / (sum(areas) - shared)


def assert_same(one, other):
    assert one.box == other.box
    np.testing.assert_array_equal(one.mask, other.mask)
    for a, b in zip(one.seeds, other.seeds, strict=True):
        np.testing.assert_array_equal(a, b)


def assert_nothing(found, shape):
    assert found.box is None
    assert found.mask.shape == shape
    assert not found.mask.any()


@pytest.mark.parametrize("name", BOXES)
def test_finds_the_object_that_the_map_points_at(key, name):
    box = BOXES[name]
    found = localise(key, scene(), blob(box))
    assert found.box == box
    expected = np.zeros(SHAPE, bool)
    expected[box.y0 : box.y1, box.x0 : box.x1] = True
    np.testing.assert_array_equal(found.mask, expected)
    assert found.seeds.foreground.sum() == 0.05 * found.mask.size


def test_seeds_of_the_object_are_certain_and_those_of_the_background_are_not(key):
    """One salient pixel on the ground beside the object, and a map that is darkest inside it."""
    x0, y0, x1, _ = BOXES["red"]
    saliency_map = blob(BOXES["red"], noise=0.0)
    saliency_map[y0 + 8, x1] = 2.0
    saliency_map[y0 + 8 : y0 + 11, x0 + 2 : x0 + 6] = -1.0
    found = localise(key, scene(), saliency_map)
    assert found.seeds.foreground[y0 + 8, x1]
    assert found.mask[y0 + 8, x1]
    assert found.box == BOXES["red"]._replace(x1=x1 + 1)
    assert found.seeds.background[y0 + 9, x0 + 3]
    assert found.mask[y0 + 9, x0 + 3]


def test_a_photograph_all_but_black(key):
    image = np.zeros((*SHAPE, 3), np.float32)
    image[5:20, 6:30] = 1.0
    assert localise(key, image, blob(Box(6, 5, 30, 20))).mask.any()


def test_a_class_does_not_depend_on_its_company(key):
    maps = np.stack([blob(box) for box in BOXES.values()] + [np.zeros(SHAPE, np.float32)])
    together = localise_classes(key, scene(), maps)
    assert len(together) == 3
    for found, one in zip(together, maps, strict=True):
        assert_same(found, localise(key, scene(), one))
    assert_nothing(together[2], SHAPE)


def test_same_key_same_bits_and_any_kind_of_array(key):
    image, saliency_map = scene(), blob(BOXES["blue"])
    found = localise(key, image, saliency_map)
    assert_same(found, localise(key, image, saliency_map))
    assert_same(found, localise(key, image.astype(np.float64), saliency_map.astype(np.float64)))
    assert_same(found, localise(key, jnp.asarray(image), jnp.asarray(saliency_map)))


def test_one_colour_has_no_object(key):
    image = np.full((*SHAPE, 3), (7, 130, 201), np.uint8)
    assert_nothing(localise(key, image, blob(BOXES["red"])), SHAPE)


def test_equal_colours_are_a_tie_despite_rounding(key):
    """Ten copies of one texture: one trains the foreground, three the background, to the same."""
    tile = np.random.default_rng(0).integers(0, 256, (12, 10, 3)).astype(np.uint8)
    saliency_map = np.repeat([-1.0, -1.0, -1.0, 0, 0, 0, 0, 0, 0, 1.0], 10)[None].repeat(12, axis=0)
    found = localise(
        key,
        np.tile(tile, (1, 10, 1)),
        saliency_map,
        components=1,
        smoothness=0.0,
        foreground=0.85,
        background=0.35,
    )
    assert found.seeds.foreground.sum() == 120
    assert found.seeds.background.sum() == 360
    assert_nothing(found, (12, 100))


def test_only_the_largest_component(key):
    image = scene()
    x0, y0, *_ = BOXES["red"]
    image[33:38, 2:7] = image[y0 : y0 + 5, x0 : x0 + 5]  # a small piece of the object, apart
    found = localise(key, image, blob(BOXES["red"]))
    assert found.box == BOXES["red"]
    assert not found.mask[33:38, 2:7].any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2)])
def test_a_few_pixels(key, shape):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*shape, 3)).astype(np.uint8)
    found = localise(key, image, rng.normal(size=shape), smoothness=0.0)
    assert found.mask.shape == shape
    assert (found.box is None) == (not found.mask.any())
    # Without smoothness each seed keeps its own colour's side.
    assert not (found.mask & found.seeds.background).any()


def test_two_pixels_part(key):
    image = np.array([[[250, 0, 0], [0, 0, 250]]], np.uint8)
    assert localise(key, image, np.array([[0.0, 1.0]])).box == Box(1, 0, 2, 1)


def test_a_photograph(key):
    """The cup of scikit-image's coffee; its rim's box drawn by eye, at a short side of 128."""
    photo = 255 * np.asarray(resize(skimage.data.coffee(), (128, 192), anti_aliasing=True))
    rim = Box(55, 5, 131, 67)
    found = localise(key, photo, blob(rim, photo.shape[:2], noise=0.15))
    assert intersection_over_union(found.box, rim) > 0.8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"saliency_map": np.eye(5)}, "`saliency_maps` are .*image's size"),
        ({"image": np.full((4, 5, 4), 9, np.uint8)}, "`image` is .*RGB"),
        ({"image": np.full((4, 5, 3), 256.0)}, "`image` has values in .*0-255"),
        ({"image": np.full((4, 5, 3), -0.5)}, "`image` has values in .*0-255"),
        ({"image": np.full((4, 5, 3), np.nan)}, "`image` has values in .*no NaN"),
        ({"image": np.full((4, 5, 3), 0.5)}, "`image` has values up to 0.5.*255"),
        ({"saliency_map": np.full((4, 5), np.nan)}, "`saliency_map`"),
        ({"foreground": 1.2}, "`foreground`"),
        ({"components": 0}, "`components` is 0"),
        ({"smoothness": -1.0}, "`smoothness` is -1"),
    ],
)
def test_refuses(change, message):
    fine = {"image": scene()[:4, :5], "saliency_map": np.eye(4, 5)}
    with pytest.raises(InputError, match=message):
        localise(jax.random.key(0), **(fine | change))


def test_refuses_no_maps(key):
    with pytest.raises(InputError, match="at least one map"):
        localise_classes(key, scene(), np.zeros((0, *SHAPE)))
