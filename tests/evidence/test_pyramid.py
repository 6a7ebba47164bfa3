"""Saliency of a deep layer over scales and views, against loops over both."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from evidence.literal import blurred, photo
from interpolation import enlarged

from vizjax.data import canvas, coverage, resize
from vizjax.errors import InputError
from vizjax.evidence import Pyramid, pyramid
from vizjax.evidence.pyramid import covering

PHOTOS = [photo(20, 30), photo(47, 26, seed=1)]
LABELS = [3, 5]
SMALL = Pyramid("conv2", scales=(1.0, 1.7), step=0.6, smoothing=0.07, peak=0.9, chunk=4)

conv2 = jax.jit(lambda network, image: network.activations(image)["conv2"])


@pytest.fixture(scope="module")
def network():
    return tiny.network(short_side=18)


@pytest.fixture(scope="module")
def maps(network):
    return SMALL(jax.random.key(0), network, PHOTOS, LABELS)


def map_of_view(network, view, label):
    """`‖∂S/∂A‖` at each place: behind `conv2` there is a rectifier, and a weight for each value."""
    activation = np.asarray(conv2(network, view), np.float64)
    weights = np.asarray(network.variables["params"]["head"]["kernel"][..., label], np.float64)
    coarse = np.linalg.norm(np.where(activation > 0, weights, 0), axis=-1)
    return enlarged(coarse, view.shape[:2])


def starts(length, side, step):
    """Where views begin, from edge to edge, evenly, none further apart than `step`."""
    count = 1
    while (length - side) > step * (count - 1):
        count += 1
    gap = (length - side) / (count - 1) if count > 1 else 0
    return [round(number * gap) for number in range(count)]


def literal_levels(network, picture, one):
    """Images of the photograph, and where in them it lies: amid the mean, squeezed, covered."""
    height, width = tiny.SIZE
    everything = np.s_[:, :]
    if one.whole:
        rows, columns = picture.shape[:2]
        if rows / columns > height / width:
            h, w = height, round(columns * height / rows)
        else:
            h, w = round(rows * width / columns), width
        image = np.array(network.mean_image)
        inside = np.s_[(height - h) // 2 :, (width - w) // 2 :]
        inside = tuple(slice(i.start, i.start + n) for i, n in zip(inside, (h, w), strict=True))
        image[inside] = resize(picture, h, w)
        yield image, inside
        yield resize(picture, height, width), everything
    for scale in one.scales:
        yield canvas(picture, round(18 * scale)), everything


def literal(network, picture, label, one=SMALL):
    rows, columns, _ = canvas(picture, 18).shape
    height, width = tiny.SIZE
    total = np.zeros((rows, columns))
    for image, inside in literal_levels(network, picture, one):
        added, count = np.zeros(image.shape[:2]), np.zeros(image.shape[:2])
        for y in starts(image.shape[0], height, int(one.step * height)):
            for x in starts(image.shape[1], width, int(one.step * width)):
                place = np.s_[y : y + height, x : x + width]
                added[place] += map_of_view(network, image[place], label)
                added[place] += map_of_view(network, image[place][:, ::-1], label)[:, ::-1]
                count[place] += 2
        averaged = np.ascontiguousarray((added / count)[inside])
        smooth = blurred(resize(averaged, rows, columns), 18 * one.smoothing)
        values = np.sort(smooth.ravel())
        at = one.peak * (values.size - 1)
        below = int(at)
        top = values[below] + (at - below) * (values[below + 1] - values[below])
        total += np.minimum(smooth / top, 1)
    return (total - total.min()) / (total.max() - total.min())


def test_the_maps_are_those_of_loops_over_scales_and_views(network, maps):
    for one, picture, label in zip(maps, PHOTOS, LABELS, strict=True):
        expected = literal(network, picture, label)
        assert one.shape == expected.shape
        np.testing.assert_allclose(one, expected, atol=2e-4)


def test_every_scale_has_the_same_say(network):
    """Each scale's own map is divided by its quantile, so that none outweighs the others."""
    key = jax.random.key(0)
    single = [
        dataclasses.replace(SMALL, whole=False, scales=(s,), smoothing=0.0, peak=1.0)(
            key, network, PHOTOS[:1], LABELS[:1]
        )[0]
        for s in (1.0, 1.7)
    ]
    both = dataclasses.replace(SMALL, whole=False, scales=(1.0, 1.7), smoothing=0.0, peak=1.0)
    (found,) = both(key, network, PHOTOS[:1], LABELS[:1])
    # Least squares: found = a first + b second + c.
    columns = [one.ravel() for one in single] + [np.ones(found.size, np.float32)]
    (a, b, _), residual, *_ = np.linalg.lstsq(np.stack(columns, axis=1), found.ravel(), rcond=None)
    assert residual < 1e-6
    assert 0.5 < a / b < 2


def test_maps_fill_the_range_from_0_to_1(maps):
    for one in maps:
        assert (one.min(), one.max(), one.dtype) == (0, 1, np.float32)


def test_photographs_do_not_depend_on_their_company(network, maps):
    other = dataclasses.replace(SMALL, chunk=7)
    for picture, label, expected in zip(PHOTOS, LABELS, maps, strict=True):
        (alone,) = other(jax.random.key(9), network, [picture], [label])
        np.testing.assert_allclose(alone, expected, atol=1e-5)


def test_all_sizes_share_one_program(network):
    SMALL(jax.random.key(0), network, PHOTOS[:1], [0])
    before = tiny.compilations(pyramid._maps)
    SMALL(jax.random.key(0), network, [photo(61, 35, seed=3), photo(18, 18)], [1, 6])
    assert tiny.compilations(pyramid._maps) == before


def test_a_score_that_depends_on_no_place_has_no_map(network):
    variables = jax.tree.map(jnp.zeros_like, network.variables)
    blind = dataclasses.replace(network, variables=variables)
    (found,) = SMALL(jax.random.key(0), blind, PHOTOS[:1], [0])
    assert found.shape == (18, 27)
    assert not found.any()


def test_an_unknown_layer_is_refused(network):
    with pytest.raises(InputError, match=r"`layer`.*conv7"):
        Pyramid("conv7")(jax.random.key(0), network, PHOTOS, LABELS)


def test_a_scale_smaller_than_a_view_is_refused(network):
    small = dataclasses.replace(SMALL, scales=(10 / 18,))
    with pytest.raises(InputError, match="`size` is 16×12 on a canvas of 10×15"):
        small(jax.random.key(0), network, PHOTOS[:1], [0])


@pytest.mark.parametrize(
    ("canvas_size", "size", "step"),
    [((227, 227), (227, 227), 0.53), ((256, 341), (227, 227), 0.53), ((90, 413), (37, 29), 0.3)],
)
def test_views_cover_the_canvas_evenly(canvas_size, size, step):
    views = covering(canvas_size[0], canvas_size[1], size, step=step)
    assert np.asarray(coverage(views, *canvas_size)).min() >= 2
    for offsets, length, side in zip((views.y, views.x), canvas_size, size, strict=True):
        different = np.unique(offsets)
        assert (different[0], different[-1]) == (0, length - side)
        assert np.diff(different).max(initial=0) <= step * side
        assert np.ptp(np.diff(different)) <= 1 if len(different) > 1 else True
    pairs = list(zip(views.y.tolist(), views.x.tolist(), views.flip.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert all((y, x, not flip) in pairs for y, x, flip in pairs)


@pytest.mark.parametrize("step", [0.0, -1.0, 1.01])
def test_a_step_that_leaves_pixels_out_is_refused(step):
    with pytest.raises(InputError, match="`step`"):
        covering(20, 30, (10, 10), step=step)


def test_no_scale_at_all_is_refused(network):
    none = dataclasses.replace(SMALL, whole=False, scales=())
    with pytest.raises(InputError, match="`scales` is empty"):
        none(jax.random.key(0), network, PHOTOS[:1], [0])
