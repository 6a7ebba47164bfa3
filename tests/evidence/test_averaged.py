"""Maps averaged over views, of several photographs at once, against one photograph at a time."""

import functools

import jax
import numpy as np
import pytest
import tiny
from evidence.literal import blurred, photo

from vizjax.attribution import bind, multicrop, saliency
from vizjax.data import canvas, resize, ten_views
from vizjax.errors import InputError
from vizjax.evidence import Averaged, Middle, averaged
from vizjax.explain import explain
from vizjax.localisation import Localisation, Seeds
from vizjax.models import Network

PHOTOS = [photo(20, 30), photo(41, 26, seed=1)]
LABELS = [3, 5]
ten = jax.jit(multicrop(saliency, crops=functools.partial(ten_views, size=tiny.SIZE)))


@pytest.fixture(scope="module")
def network():
    return tiny.network(short_side=18)


@pytest.fixture(scope="module")
def maps(network):
    return Averaged()(jax.random.key(0), network, PHOTOS, LABELS)


def test_the_maps_have_the_sizes_of_the_canvases(maps):
    assert [one.shape for one in maps] == [(18, 27), (28, 18)]


def test_ten_views_of_saliency_are_the_papers(network, maps):
    for one, picture, label in zip(maps, PHOTOS, LABELS, strict=True):
        expected = ten(network, canvas(picture, 18), label)
        np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("views", [1, 10])
def test_the_maps_are_those_of_explain(network, views):
    def nowhere(key, image, maps):
        nothing = np.zeros(image.shape[:2], bool)
        return [Localisation(nothing, None, Seeds(nothing, nothing))] * len(maps)

    key = jax.random.key(0)
    found = Averaged(views=views)(key, network, PHOTOS, LABELS)
    for one, picture, label in zip(found, PHOTOS, LABELS, strict=True):
        explained = explain(key, network, picture, labels=[label], views=views, localise=nowhere)
        (prediction,) = explained.predictions
        np.testing.assert_allclose(one, prediction.saliency, rtol=1e-4, atol=1e-7)


def test_photographs_do_not_depend_on_their_company(network, maps):
    for picture, label, expected in zip(PHOTOS, LABELS, maps, strict=True):
        (alone,) = Averaged(chunk=3)(jax.random.key(0), network, [picture], [label])
        np.testing.assert_allclose(alone, expected, rtol=1e-4, atol=1e-7)


def test_all_sizes_share_one_program(network):
    evidence = Averaged(bind("gradient"))
    evidence(jax.random.key(0), network, PHOTOS[:1], [0])
    before = tiny.compilations(averaged._maps)
    evidence(jax.random.key(1), network, PHOTOS, [1, 2])
    evidence(jax.random.key(2), network, [photo(33, 90, seed=2)], [6])
    assert tiny.compilations(averaged._maps) == before


def test_what_no_view_covers_is_0(network):
    (one,) = Averaged()(jax.random.key(0), network, [photo(20, 100)], [2])
    assert one.shape == (18, 90)
    assert not one[:, 12:39].any()
    assert not one[:, 51:78].any()
    assert (one[:, :12].max(), one[:, 39:51].max(), one[:, 78:].max()) > (0, 0, 0)
    (centre,) = Averaged(views=1)(jax.random.key(0), network, [photo(20, 100)], [2])
    assert centre[:, 39:51].any()
    assert not centre[:, :39].any()
    assert not centre[:, 51:].any()


def test_the_rule_is_the_networks(network):
    key = jax.random.key(0)
    (found,) = Averaged(rule="guided", views=1)(key, network, PHOTOS[:1], [3])
    guided = network.with_rule("guided")
    (expected,) = Averaged(views=1)(key, guided, PHOTOS[:1], [3])
    (plain,) = Averaged(views=1)(key, network, PHOTOS[:1], [3])
    np.testing.assert_array_equal(found, expected)
    assert np.abs(found - plain).max() > 0.01 * plain.max()


def test_views_of_a_larger_canvas_are_brought_back(network):
    key = jax.random.key(0)
    (found,) = Averaged(short_side=36)(key, network, PHOTOS[:1], [3])
    expected = resize(ten(network, canvas(PHOTOS[0], 36), 3), 18, 27)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_smoothing_is_a_gaussian(network, maps):
    found = Averaged(smoothing=1.5)(jax.random.key(0), network, PHOTOS, LABELS)
    for one, rough in zip(found, maps, strict=True):
        np.testing.assert_allclose(one, blurred(rough, 1.5), rtol=1e-4, atol=1e-7)


def test_every_view_of_a_random_method_has_a_key_of_its_own(network):
    method = bind("smoothgrad", samples=3, chunk=None)
    assert method.entry.many  # thus one view at a time
    key, compiled = jax.random.key(4), jax.jit(method.map)
    found = Averaged(method, views=1)(key, network, [PHOTOS[0], PHOTOS[0]], [3, 3])
    for number, one in enumerate(found):
        crop = network.prepare(PHOTOS[0])
        expected = compiled(jax.random.fold_in(key, number), network, crop, 3)
        np.testing.assert_allclose(one[1:17, 7:19], expected, rtol=1e-4, atol=1e-7)
    assert np.abs(found[0] - found[1]).max() > 0
    again = Averaged(method, views=1)(key, network, [PHOTOS[0], PHOTOS[0]], [3, 3])
    np.testing.assert_array_equal(found, again)


def test_views_are_one_or_ten(network):
    with pytest.raises(InputError, match=r"`views` is 5; expected 1 .* or 10"):
        Averaged(views=5)(jax.random.key(0), network, PHOTOS, LABELS)


def test_a_network_without_a_size_is_refused(network):
    free = Network(network.module, network.variables)
    with pytest.raises(InputError, match=r"`network\.preprocessing\.size` is None"):
        Averaged()(jax.random.key(0), free, PHOTOS, LABELS)


def test_the_middle_falls_with_the_distance_from_the_centre(network):
    for one in Middle()(jax.random.key(0), network, PHOTOS, LABELS):
        rows, columns = one.shape
        expected = [
            [
                1
                - (((2 * i + 1) / rows - 1) ** 2 + ((2 * j + 1) / columns - 1) ** 2) ** 0.5 / 2**0.5
                for j in range(columns)
            ]
            for i in range(rows)
        ]
        np.testing.assert_allclose(one, expected, atol=1e-6)
        assert one.dtype == np.float32


def test_the_middle_depends_on_shapes_alone(network):
    other = [255 - picture for picture in PHOTOS]
    for one, two in zip(
        Middle()(jax.random.key(0), network, PHOTOS, LABELS),
        Middle()(jax.random.key(1), network, other, [0, 0]),
        strict=True,
    ):
        np.testing.assert_array_equal(one, two)
