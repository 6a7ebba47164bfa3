"""Occlusion against a loop over windows, and against what a linear score must give."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from vizjax.attribution.occlusion import occlusion, occlusion_probability
from vizjax.errors import InputError
from vizjax.fills import filled

RNG = np.random.default_rng(0)
SIZE, CLASSES = (9, 7), 4
IMAGE = RNG.normal(1, 1, size=(*SIZE, 3))
FIRST, SECOND = RNG.normal(size=(2, CLASSES, *SIZE, 3))


def f32(array):
    return jnp.asarray(array, jnp.float32)


def score_fn(image):
    """Not linear, and of no symmetry."""
    return jnp.tensordot(FIRST.astype(np.float32), image, 3) + jnp.tensordot(
        SECOND.astype(np.float32), image**2, 3
    )


def scores_of(image):
    return np.tensordot(FIRST, image, 3) + np.tensordot(SECOND, image**2, 3)


def places(size, window, stride):
    """Captum's: `⌈(size − window) / stride⌉ + 1` starts; the last window is cut off at the edge.

    One that would begin beyond the edge (only where stride > window) hides nothing.
    """
    starts = [stride * k for k in range(int(np.ceil((size - window) / stride)) + 1)]
    return [start for start in starts if start < size]


def compiled(method, **options):
    return jax.jit(functools.partial(method, **options), static_argnums=0)


def literally(label, window, stride, fill):
    """The map and the posteriors, window by window."""
    total, count, posteriors = np.zeros(SIZE), np.zeros(SIZE), []
    starts = [places(*axis) for axis in zip(SIZE, window, stride, strict=True)]
    for top in starts[0]:
        posteriors.append([])
        for left in starts[1]:
            inside = np.s_[top : top + window[0], left : left + window[1]]
            hidden = IMAGE.copy()
            hidden[inside] = fill[inside]
            total[inside] += scores_of(IMAGE)[label] - scores_of(hidden)[label]
            count[inside] += 1
            exponentials = np.exp(scores_of(hidden))
            posteriors[-1].append(exponentials[label] / exponentials.sum())
    return np.where(count > 0, total / np.maximum(count, 1), 0), np.array(posteriors)


GEOMETRIES = [
    ((1, 1), (1, 1)),
    ((3, 2), (2, 1)),
    ((4, 3), (4, 3)),  # 9 rows: the third window is cut off
    ((2, 5), (3, 4)),  # stride > window: uncovered rows
    ((9, 7), (1, 1)),  # the whole image at once
    ((9, 1), (5, 2)),
]


@pytest.mark.parametrize(("window", "stride"), GEOMETRIES)
def test_is_the_mean_fall_over_the_windows_that_cover_a_pixel(window, stride):
    expected, _ = literally(2, window, stride, np.zeros(IMAGE.shape))
    method = compiled(occlusion, window=window, stride=stride, fill="zero")
    found = method(score_fn, f32(IMAGE), 2)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("window", "stride"), GEOMETRIES)
def test_the_posterior_belongs_to_the_place_of_the_window(window, stride):
    _, expected = literally(1, window, stride, np.full(IMAGE.shape, 0.5))
    method = compiled(occlusion_probability, window=window, stride=stride, fill=0.5)
    found = method(score_fn, f32(IMAGE), 1)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)
    assert found.shape == expected.shape


def test_of_a_linear_score_with_single_pixels_is_weight_times_difference():
    weights = f32(FIRST)
    found = occlusion(
        lambda image: jnp.tensordot(weights, image, 3), f32(IMAGE), 3, window=1, stride=1
    )
    expected = (FIRST[3] * (IMAGE - IMAGE.mean((0, 1)))).sum(-1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("fill", ["zero", "mean", "blur", -2.0, f32([1, 2, 3]), f32(IMAGE[::-1])])
def test_every_fill_hides(fill):
    """Of the sum of one pixel the fall is what the pixel has over the fill."""
    found = occlusion(
        lambda image: image[4, 5][None].sum(1), f32(IMAGE), 0, window=1, stride=1, fill=fill
    )
    expected = np.zeros(SIZE)
    expected[4, 5] = (IMAGE[4, 5] - np.asarray(filled(f32(IMAGE), fill))[4, 5]).sum()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_pixels_that_no_window_covers_are_zero():
    found = occlusion(score_fn, f32(IMAGE), 0, window=(2, 1), stride=(4, 3), fill="zero")
    covered = np.zeros(SIZE, bool)
    covered[np.ix_([0, 1, 4, 5, 8], [0, 3, 6])] = True
    np.testing.assert_array_equal(np.asarray(found) != 0, covered)


def test_places_beyond_the_edge_are_left_out():
    # ⌈(7 − 1) / 4⌉ + 1 = 3 places would begin at 0, 4 and 8.
    found = occlusion_probability(score_fn, f32(IMAGE), 0, window=(9, 1), stride=4)
    assert found.shape == (1, 2)


def test_one_number_is_for_both_axes():
    one, other = (
        occlusion(score_fn, f32(IMAGE), 0, window=window, stride=stride)
        for window, stride in ((3, 2), ((3, 3), (2, 2)))
    )
    np.testing.assert_array_equal(one, other)


def test_grey_images():
    grey, coloured = f32(IMAGE[..., 0]), lambda image: jnp.stack([image] * 3, -1)
    found = occlusion(lambda image: score_fn(coloured(image)), grey, 1, window=3, stride=3)
    expected = occlusion(score_fn, coloured(grey), 1, window=3, stride=3)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("chunk", [1, 5, 100])
@pytest.mark.parametrize("method", [occlusion, occlusion_probability])
def test_chunks_change_the_last_bits_at_most(method, chunk):
    options = {"window": (3, 2), "stride": 2}
    together = compiled(method, **options)(score_fn, f32(IMAGE), 2)
    found = compiled(method, **options, chunk=chunk)(score_fn, f32(IMAGE), 2)
    atol = 1e-5 * float(np.abs(together).max())
    np.testing.assert_allclose(found, together, rtol=1e-4, atol=atol)


def test_memory_is_that_of_a_chunk():
    """32 times the windows at once take about 32 times the memory."""
    method = functools.partial(occlusion, window=(4, 3), stride=1)  # 13 × 10 windows

    def memory(chunk):
        bound = functools.partial(method, chunk=chunk)
        return tiny.temporary_bytes(bound, tiny.network(), tiny.image(), jnp.array(1))

    assert 10 * memory(4) < memory(128)


def test_all_labels_share_all_forward_passes():
    """Four more labels take less than a tenth of one label's passes: their maps' sums."""
    net, image = tiny.network(), tiny.image()
    passes = tiny.flops(jax.vmap(net), jnp.zeros((20, *tiny.SIZE, 3)))
    for method in (occlusion, occlusion_probability):
        bound = functools.partial(method, window=(4, 3), stride=3)  # 5 × 4 windows
        one = tiny.flops(bound, net, image, jnp.array(0))
        five = tiny.flops(jax.vmap(bound, (None, None, 0)), net, image, jnp.arange(5))
        assert one > 0.3 * passes  # of each only what its window changes
        assert five - one < 0.1 * passes


def test_labels_together_equal_one_by_one():
    bound = functools.partial(occlusion, window=(4, 3), stride=3, chunk=3)
    labels = jnp.array([4, 0, 6])
    together = jax.jit(jax.vmap(bound, (None, None, 0)))(tiny.network(), tiny.image(), labels)
    one_by_one = jax.jit(bound)
    for one, label in zip(together, labels, strict=True):
        expected = one_by_one(tiny.network(), tiny.image(), label)
        atol = 1e-4 * float(np.abs(expected).max())
        np.testing.assert_allclose(one, expected, rtol=1e-3, atol=atol)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 8, "stride": 1}, "`window` is 8×8 on an image of 9×7; expected"),
        ({"window": (0, 2), "stride": 1}, "`window` is 0×2 on"),
        ({"window": 2, "stride": 0}, "`stride` is 0; expected at least 1 pixel"),
        ({"window": 2, "stride": (1, -1)}, "`stride` is"),
        ({"window": 2, "stride": 1, "chunk": 0}, "`chunk` is 0"),
        ({"window": 2, "stride": 1, "fill": "grey"}, "`fill` is grey"),
    ],
)
@pytest.mark.parametrize("method", [occlusion, occlusion_probability])
def test_refuses(method, options, message):
    with pytest.raises(InputError, match=message):
        method(score_fn, f32(IMAGE), 0, **options)


def test_refuses_wrong_labels():
    with pytest.raises(InputError, match="`label` is 4; expected 0 to 3"):
        occlusion(score_fn, f32(IMAGE), 4, window=3, stride=3)
