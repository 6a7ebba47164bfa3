"""From a photograph to predictions, maps and boxes: what is put together, and what is refused."""

import dataclasses
import functools
import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.data
import tiny

from vizjax import maps
from vizjax.attribution import multicrop, saliency
from vizjax.data.crops import centre_view, extract, ten_views
from vizjax.data.images import canvas
from vizjax.errors import InputError
from vizjax.explain import explain, scores_and_maps
from vizjax.localisation import Localisation, Seeds, bounding_box
from vizjax.models import Preprocessing

module = importlib.import_module("vizjax.explain")  # and not the function of that name

SHORT_SIDE = 20
PHOTO = np.asarray(skimage.data.coffee()[:200:4, :300:4])  # 50×75
CANVAS = (20, 30)
VIEWS = {1: centre_view, 10: ten_views}


@pytest.fixture(scope="module")
def network():
    return tiny.network(short_side=SHORT_SIDE)


@pytest.fixture(scope="module")
def explained(network):
    return explain(jax.random.key(0), network, PHOTO, top=tiny.CLASSES)


@jax.jit
def score(network, view):
    return network(view)


def crops_of(views=10):
    return extract(canvas(PHOTO, SHORT_SIDE), VIEWS[views](*CANVAS, tiny.SIZE))


def literal_scores(network, views=10):
    return np.mean([score(network, view) for view in crops_of(views)], axis=0)


@pytest.fixture
def unlocated(monkeypatch):
    """Without the localisation, which takes most of the time and has tests of its own."""

    def nothing(key, image, maps):
        mask = np.zeros(image.shape[:2], bool)
        return [Localisation(mask, None, Seeds(mask, mask))] * len(maps)

    monkeypatch.setattr(module, "localise_classes", nothing)


def close(one, other):
    """Float32 sums in another order, relative to the largest value."""
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(np.abs(other).max()))


# What is found --------------------------------------------------------------------------------


@pytest.mark.usefixtures("unlocated")
@pytest.mark.parametrize("views", VIEWS)
def test_predictions_are_of_the_mean_scores_in_order(network, views):
    found = explain(jax.random.key(0), network, PHOTO, top=3, views=views).predictions
    scores = literal_scores(network, views)
    assert [one.label for one in found] == np.argsort(-scores)[:3].tolist()
    close([one.score for one in found], np.sort(scores)[::-1][:3])
    posterior = np.exp(scores) / np.exp(scores).sum()
    close([one.posterior for one in found], np.sort(posterior)[::-1][:3])


def test_the_posteriors_of_all_classes_sum_to_one(explained):
    assert sorted(one.label for one in explained.predictions) == list(range(tiny.CLASSES))
    np.testing.assert_allclose(sum(one.posterior for one in explained.predictions), 1, rtol=1e-5)
    scores = [one.score for one in explained.predictions]
    assert scores == sorted(scores, reverse=True)


def test_everything_lies_on_the_canvas(explained):
    np.testing.assert_array_equal(explained.canvas, canvas(PHOTO, SHORT_SIDE))
    assert explained.canvas.shape == (*CANVAS, 3)
    for one in explained.predictions:
        assert one.saliency.shape == one.localisation.mask.shape == CANVAS
        assert one.saliency.dtype == np.float32
        assert one.localisation.box == bounding_box(one.localisation.mask)


@pytest.mark.usefixtures("unlocated")
@pytest.mark.parametrize(("views", "rule"), [(1, "deconvnet"), (10, "gradient")])
def test_maps_are_those_of_multicrop_saliency_by_the_network_s_rule(network, views, rule):
    ruled = network.with_rule(rule)
    found = explain(jax.random.key(0), ruled, PHOTO, top=2, views=views)
    method = multicrop(saliency, crops=functools.partial(VIEWS[views], size=tiny.SIZE))
    for one in found.predictions:
        close(one.saliency, jax.jit(method)(ruled, jnp.asarray(found.canvas), one.label))


@pytest.mark.usefixtures("unlocated")
def test_the_centre_alone_leaves_the_border_without_evidence(network):
    (one,) = explain(jax.random.key(0), network, PHOTO, top=1, views=1).predictions
    seen = np.zeros(CANVAS, bool)
    seen[2:18, 9:21] = True
    assert not one.saliency[~seen].any()
    assert one.saliency[seen].any()


def test_at_the_photograph_s_size(explained):
    for one in explained.predictions:
        located = one.at(*PHOTO.shape[:2])
        assert located.saliency.shape == located.mask.shape == (50, 75)
        assert located.box == bounding_box(located.mask)
    same = explained.predictions[0].at(*CANVAS)
    np.testing.assert_array_equal(same.saliency, explained.predictions[0].saliency)
    np.testing.assert_array_equal(same.mask, explained.predictions[0].localisation.mask)
    assert same.box == explained.predictions[0].localisation.box


def test_labels_of_ones_own(network, explained):
    wanted = [one.label for one in explained.predictions][-1:1:-2]
    found = explain(jax.random.key(0), network, PHOTO, labels=wanted, top=1).predictions
    by_label = {one.label: one for one in explained.predictions}
    assert [one.label for one in found] == wanted[::-1]  # by score, whatever the order asked
    for one in found:
        np.testing.assert_allclose(one.score, by_label[one.label].score, rtol=1e-5)
        close(one.saliency, by_label[one.label].saliency)


def test_same_key_same_bits(network, explained):
    again = explain(jax.random.key(0), network, PHOTO, top=tiny.CLASSES)
    for one, other in zip(explained.predictions, again.predictions, strict=True):
        assert one[:3] == other[:3]
        np.testing.assert_array_equal(one.saliency, other.saliency)
        np.testing.assert_array_equal(one.localisation.mask, other.localisation.mask)


@pytest.mark.usefixtures("unlocated")
def test_a_network_without_a_short_side_gets_a_canvas_that_its_views_fit(network):
    preprocessing = dataclasses.replace(network.preprocessing, short_side=None)
    free = dataclasses.replace(network, preprocessing=preprocessing)
    assert explain(jax.random.key(0), free, PHOTO, top=1).canvas.shape == (16, 24, 3)


# Memory and speed -----------------------------------------------------------------------------


@pytest.mark.parametrize("top", [2, 6, 7])
def test_a_few_classes_at_a_time_equal_all_at_once(network, monkeypatch, top):
    monkeypatch.setattr(maps, "CLASSES_AT_ONCE", tiny.CLASSES)
    crops = crops_of()
    whole = scores_and_maps(network, crops, top)
    monkeypatch.setattr(maps, "CLASSES_AT_ONCE", 3)
    for labels in (top, whole.labels):
        parts = scores_and_maps(network, crops, labels)
        np.testing.assert_array_equal(parts.labels, whole.labels)
        assert parts.maps.shape == (top, 10, *tiny.SIZE)
        for one, other in zip(parts.maps, whole.maps, strict=True):
            close(one, other)
        close(parts.scores, whole.scores)


def test_all_classes_share_one_forward_pass(network):
    """The scores, then one forward and five backward passes, and 2 % at most."""

    crops, one = crops_of(), jnp.array([0])
    forward = tiny.flops(jax.vmap(network), crops)
    backward = tiny.flops(lambda n, c: scores_and_maps(n, c, one).maps, network, crops) - forward
    five = tiny.flops(lambda n, c: scores_and_maps(n, c, 5), network, crops)
    assert five <= 1.02 * (2 * forward + 5 * backward)


def test_compiled_once_for_other_parameters_and_photographs(network):
    crops = crops_of()
    scores_and_maps(network, crops, 3)
    before = tiny.compilations(maps._maps)
    moved = jax.tree.map(lambda leaf: 1.1 * leaf, network)
    assert not np.allclose(scores_and_maps(moved, 255 - crops, 3).maps, 0)
    assert tiny.compilations(maps._maps) == before


# Real photographs -----------------------------------------------------------------------------


@pytest.mark.slow
def test_squeezenet_sees_cats_and_an_espresso(squeezenet):
    """Chelsea's first three classes are cats, tabby, tiger and Egyptian; coffee is espresso."""
    # One column less than all, and the two have one canvas: compiled once.
    cat = explain(jax.random.key(0), squeezenet, skimage.data.chelsea()[:, :450], top=3)
    assert {one.label for one in cat.predictions} == {281, 282, 285}
    assert cat.canvas.shape == (256, 384, 3)
    coffee = explain(jax.random.key(0), squeezenet, skimage.data.coffee(), top=3)
    assert coffee.predictions[0].label == 967
    assert coffee.predictions[0].posterior > 0.5
    # The cup stands at the left, at 49-307 of 384 columns; all of it is to the left of the spoon.
    box = coffee.predictions[0].at(400, 600).box
    assert box is not None
    assert box.x0 < 300 < box.x1


# What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("top", [0, -1, tiny.CLASSES + 1, 1001])
def test_refuses_a_number_of_classes_that_there_is_not(network, top):
    with pytest.raises(InputError, match=f"`top` is {top}; expected 1 to 7 classes"):
        explain(jax.random.key(0), network, PHOTO, top=top)


@pytest.mark.parametrize("labels", [[7], [-1], [0, 1000]])
def test_refuses_labels_that_there_are_not(network, labels):
    with pytest.raises(InputError, match=f"`label` is {labels[-1]}; expected 0 to 6"):
        explain(jax.random.key(0), network, PHOTO, labels=labels)


@pytest.mark.parametrize("views", [0, 5, 144])
def test_refuses_other_numbers_of_views(network, views):
    with pytest.raises(InputError, match=f"`views` is {views}; expected one of: 1, 10"):
        explain(jax.random.key(0), network, PHOTO, views=views)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_parameters_that_are_not_finite(network, value):
    broken = jax.tree.map(lambda leaf: leaf * value, network)
    broken = dataclasses.replace(broken, preprocessing=network.preprocessing)
    with pytest.raises(InputError, match="`network` tiny gives scores that are not finite"):
        explain(jax.random.key(0), broken, PHOTO)


def test_refuses_a_network_without_a_size_or_a_canvas_below_it(network):
    free = dataclasses.replace(network, preprocessing=Preprocessing())
    with pytest.raises(InputError, match=r"`network\.preprocessing\.size` is None"):
        explain(jax.random.key(0), free, PHOTO)
    small = dataclasses.replace(network.preprocessing, short_side=10)
    with pytest.raises(InputError, match="`size` is 16×12 on a canvas of 10×15"):
        explain(jax.random.key(0), dataclasses.replace(network, preprocessing=small), PHOTO)
