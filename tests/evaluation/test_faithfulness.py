"""Insertion and deletion, against the paper's loop in NumPy and in closed form."""

import functools
import inspect
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from scipy.ndimage import gaussian_filter
from sklearn import metrics

from vizjax.errors import InputError
from vizjax.evaluation import deletion, insertion, smeared
from vizjax.fills import filled

RNG = np.random.default_rng(0)
SIZE = (6, 7)
IMAGE = RNG.normal(1, 1, (*SIZE, 3))
WEIGHTS = RNG.normal(size=(4, *SIZE, 3)) / 3
MAP = RNG.normal(size=SIZE)
TIES = np.round(MAP)
OPTIONS = {"static_argnums": 0, "static_argnames": ("steps", "chunk")}
COMPILED = {function: jax.jit(function, **OPTIONS) for function in (deletion, insertion)}


@pytest.fixture(scope="module", autouse=True)
def quickly_compiled():
    """What takes the time here is to compile, not to run."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def f32(array):
    return jnp.asarray(array, jnp.float32)


def score_fn(image):
    return jnp.tensordot(f32(WEIGHTS), jnp.sin(image), 3)


def posterior(image, label):
    exponentials = np.exp(np.tensordot(WEIGHTS, np.sin(image), 3))
    return exponentials[label] / exponentials.sum()


def literally(start, end, saliency_map, label, counts):
    """Change the pixels one by one, the most salient first, and look at the posterior at times."""
    places = list(np.ndindex(*SIZE))
    places.sort(key=lambda place: -saliency_map[place])  # Python's sort is stable
    image, posteriors = start.copy(), []
    for count in range(len(places) + 1):
        posteriors += [posterior(image, label)] * (count in counts)
        if count < len(places):
            image[places[count]] = end[places[count]]
    return posteriors


@pytest.mark.parametrize(("steps", "counts"), [(6, range(0, 43, 7)), (5, [0, 8, 16, 25, 33, 42])])
def test_is_the_papers_loop(steps, counts):
    hidden = RNG.normal(size=IMAGE.shape)
    cases = (deletion, IMAGE, hidden), (insertion, hidden, IMAGE)
    maps = MAP, TIES, -TIES, np.zeros(SIZE)
    for (function, start, end), saliency_map in itertools.product(cases, maps):
        compiled, options = COMPILED[function], {"steps": steps, "fill": f32(hidden)}
        found = compiled(score_fn, f32(IMAGE), f32(saliency_map), 2, **options)
        expected = literally(start, end, saliency_map, 2, set(counts))
        np.testing.assert_allclose(found.shares, np.array(counts) / 42, rtol=1e-6)
        np.testing.assert_allclose(found.posteriors, expected, rtol=1e-4)
        assert found.auc == pytest.approx(metrics.auc(np.array(counts) / 42, expected), rel=1e-4)


@pytest.mark.parametrize(
    ("function", "end", "hidden"),
    [(deletion, -1, "mean"), (insertion, 0, None)],
)
def test_what_hides_by_default(function, end, hidden):
    """The image's mean colour, and the paper's blur; at the other end there is the image itself."""
    x = f32(IMAGE)
    expected = np.asarray(smeared(x) if hidden is None else filled(x, hidden), np.float64)
    found = COMPILED[function](score_fn, x, f32(MAP), 1, steps=6).posteriors
    np.testing.assert_allclose(found[end], posterior(expected, 1), rtol=1e-4)
    np.testing.assert_allclose(found[-1 - end], posterior(IMAGE, 1), rtol=1e-4)
    assert abs(found[end] - found[-1 - end]) > 0.01


def test_areas_in_closed_form():
    """Of a posterior that is the sum of the shown pixels' weights, in falling and rising order.

    With 0.4, 0.3, 0.2, 0.1 deletion goes 1, 0.6, 0.3, 0.1, 0: its area is (1/2 + 1.0) / 4.
    """
    weights = jnp.array([[0.1, 0.3], [0.4, 0.2]])

    def linear(image):
        p = jnp.sum(weights * image)
        return jnp.log(jnp.stack([1 - p, p]))

    image, options = jnp.ones((2, 2)), {"steps": 4, "fill": jnp.zeros((2, 2))}
    found = COMPILED[deletion](linear, image, weights, 1, **options)
    np.testing.assert_allclose(found.posteriors, [1, 0.6, 0.3, 0.1, 0], atol=1e-6)
    assert found.auc == pytest.approx(1.5 / 4)
    found = COMPILED[deletion](linear, image, -weights, 1, **options)
    assert found.auc == pytest.approx((0.5 + 0.9 + 0.7 + 0.4) / 4)
    found = COMPILED[insertion](linear, image, weights, 1, **options)
    assert found.auc == pytest.approx((0.4 + 0.7 + 0.9 + 0.5) / 4)


def test_to_show_the_most_salient_is_to_hide_the_least():
    arguments = {"steps": 6, "fill": f32(IMAGE[::-1])}
    shown = COMPILED[insertion](score_fn, f32(IMAGE), f32(MAP), 3, **arguments)
    hidden = COMPILED[deletion](score_fn, f32(IMAGE), f32(-MAP), 3, **arguments)
    np.testing.assert_allclose(shown.posteriors, hidden.posteriors[::-1], rtol=1e-5)


def test_only_the_order_counts_and_a_nan_is_last():
    compiled = COMPILED[deletion]
    found, stretched = (
        compiled(score_fn, f32(IMAGE), f32(m), 0, steps=42) for m in (MAP, np.exp(5 * MAP) - 3)
    )
    np.testing.assert_array_equal(found.posteriors, stretched.posteriors)
    lowest, nan = MAP.copy(), MAP.copy()
    lowest[2, 3], nan[2, 3] = -99, np.nan
    found, expected = (compiled(score_fn, f32(IMAGE), f32(m), 0, steps=42) for m in (nan, lowest))
    np.testing.assert_array_equal(found.posteriors, expected.posteriors)


def test_minus_zero_is_a_tie_with_zero():
    compiled = COMPILED[deletion]
    signed = np.where(MAP > 0, 0.0, -0.0)
    found, flat = (compiled(score_fn, f32(IMAGE), f32(m), 0, steps=42) for m in (signed, 0 * MAP))
    np.testing.assert_array_equal(found.posteriors, flat.posteriors)


def test_the_blur_is_that_of_the_authors_kernel():
    """They filter a bright pixel amid 11×11 with scipy, whose borders are mirrors by default."""
    point = np.zeros((11, 11))
    point[5, 5] = 1
    kernel = gaussian_filter(point, 5)
    image = np.zeros((33, 29))
    image[15, 13] = 1
    expected = np.zeros_like(image)
    expected[10:21, 8:19] = kernel
    np.testing.assert_allclose(smeared(f32(image)), expected, atol=1e-7)
    photo = RNG.uniform(0, 255, (14, 12, 3))
    found = smeared(f32(photo))
    corner = np.einsum("ij,ijc->c", kernel[5:, 5:], photo[:6, :6]) / kernel[5:, 5:].sum()
    np.testing.assert_allclose(found[0, 0], corner, rtol=1e-5)
    np.testing.assert_allclose(
        smeared(jnp.full((9, 30, 3), 40.0)), np.full((9, 30, 3), 40), rtol=1e-6
    )


def test_one_program_for_all_images_alone_or_together():
    """vmap and chunks change the last bits at most."""
    compiled = jax.jit(functools.partial(deletion, steps=9))
    images = jnp.stack([tiny.image(seed) for seed in range(3)])
    maps, labels = f32(RNG.normal(size=(3, *tiny.SIZE))), jnp.arange(3)
    net = tiny.network()
    one_by_one = [
        compiled(net, image, saliency_map, label)
        for image, saliency_map, label in zip(images, maps, labels, strict=True)
    ]
    assert tiny.compilations(compiled) == 1
    ends = [float(one.posteriors[-1] / one.posteriors[0]) for one in one_by_one]
    assert len({round(end, 2) for end in ends}) == 3
    bound = functools.partial(deletion, steps=9, chunk=4)
    together = jax.jit(jax.vmap(bound, (None, 0, 0, 0)))(net, images, maps, labels)
    for field, name in enumerate(together._fields):
        expected = np.stack([one[field] for one in one_by_one])
        np.testing.assert_allclose(together[field], expected, rtol=1e-3, err_msg=name)


def test_maps_of_numpy():
    compiled = COMPILED[deletion]
    found = compiled(score_fn, f32(IMAGE), MAP.astype(np.float32), 2, steps=6)
    expected = compiled(score_fn, f32(IMAGE), f32(MAP), 2, steps=6)
    np.testing.assert_array_equal(found.posteriors, expected.posteriors)


def test_memory_is_that_of_a_chunk():
    def memory(steps, chunk):
        bound = functools.partial(deletion, steps=steps, chunk=chunk)
        return tiny.temporary_bytes(bound, tiny.network(), tiny.image(), jnp.ones(tiny.SIZE), 1)

    assert 8 * memory(150, 4) < memory(150, None)


@pytest.mark.parametrize("function", [deletion, insertion])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "`steps` is 0"),
        ({"steps": 43}, "`steps` is 43; expected at most 42, one a pixel"),
        ({"chunk": 0}, "`chunk` is 0"),
        ({"fill": "grey"}, "`fill` is grey"),
    ],
)
def test_refuses(function, options, message):
    with pytest.raises(InputError, match=message):
        function(score_fn, f32(IMAGE), f32(MAP), 0, **{"steps": 6, **options})


def test_refuses_maps_of_another_size():
    unchecked = inspect.unwrap(deletion)  # the tests' own check of shapes would refuse first
    with pytest.raises(InputError, match=r"`saliency_map` has shape \(7, 6\); expected \(6, 7\)"):
        unchecked(score_fn, f32(IMAGE), f32(MAP.T), 0, steps=6)
    with pytest.raises(InputError, match="`label` is 4"):
        deletion(score_fn, f32(IMAGE), f32(MAP), 4, steps=6)
