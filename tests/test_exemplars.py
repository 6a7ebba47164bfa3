"""From photographs to exemplars: what was found, where, and traced back to which pixels."""

import functools
from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from PIL import Image

from vizjax.attribution import gradient
from vizjax.errors import InputError
from vizjax.exemplars import (
    box_on_photo,
    chosen_channels,
    exemplars,
    pipeline,
    search_photos,
    trace_back,
    tracing,
    view_of,
)
from vizjax.models.layers import GlobalAveragePool, Relu
from vizjax.search import no_hits, start
from vizjax.types import Box

SHORT_SIDE = 18
SHAPES = [(40, 60), (60, 40), (18, 18), (23, 31), (33, 24)]
PHOTOS = [
    np.random.default_rng(number).integers(0, 256, (*SHAPES[number % 5], 3), np.uint8)
    for number in range(11)
]
LAYERS, K = ("relu1", "relu2"), 4


@pytest.fixture(scope="module")
def network():
    return tiny.network(short_side=SHORT_SIDE)


@pytest.fixture(scope="module")
def views(network):
    return np.stack([network.prepare(photo) for photo in PHOTOS])


@pytest.fixture(scope="module")
def found(network):
    return exemplars(network, PHOTOS, layers=LAYERS, k=K, channels=3, chunk=4)


def close(one, other):
    """Float32 sums in another order, relative to the largest value."""
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(np.abs(other).max()))


# Views and boxes ------------------------------------------------------------------------------


@pytest.mark.parametrize("short_side", [None, SHORT_SIDE, 40])
def test_a_view_is_what_the_network_prepares(short_side):
    network = tiny.network(short_side=short_side)
    for photo in PHOTOS[:5]:
        np.testing.assert_array_equal(view_of(network, photo), network.prepare(photo))


def test_a_view_of_a_file(network, tmp_path):
    Image.fromarray(PHOTOS[0]).save(tmp_path / "photo.png")
    for path in (tmp_path / "photo.png", str(tmp_path / "photo.png")):
        np.testing.assert_array_equal(view_of(network, path), network.prepare(PHOTOS[0]))


def test_a_box_of_half_the_size_by_hand():
    network = tiny.network(short_side=20)  # the view is 16×12 of 20×30, from row 2, column 9
    assert box_on_photo(network, Box(0, 0, 12, 16), (40, 60)) == Box(18, 4, 42, 36)
    assert box_on_photo(network, Box(3, 1, 5, 2), (40, 60)) == Box(24, 6, 28, 8)


@pytest.mark.parametrize("size", [(40, 60), (47, 39), (90, 33), (18, 18), (7, 9)])
def test_nothing_beyond_a_box_on_the_photograph_shows_in_the_view(size, network):
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (*size, 3), np.uint8)
    box = Box(3, 5, 8, 9)
    on_photo = box_on_photo(network, box, size)
    reach = int(np.ceil(max(min(size) / SHORT_SIDE, 1)))  # of the triangle that resizes
    keep = np.zeros(size, bool)
    top, left = max(on_photo.y0 - reach, 0), max(on_photo.x0 - reach, 0)
    keep[top : on_photo.y1 + reach, left : on_photo.x1 + reach] = True
    other = np.where(keep[..., None], photo, 255 - photo)
    seen = np.s_[box.y0 : box.y1, box.x0 : box.x1]
    np.testing.assert_array_equal(view_of(network, other)[seen], view_of(network, photo)[seen])
    inside = np.s_[on_photo.y0 : on_photo.y1, on_photo.x0 : on_photo.x1]
    changed = photo.copy()
    changed[inside] = 255 - photo[inside]
    assert np.abs(view_of(network, changed) - view_of(network, photo))[seen].min(axis=2).max() > 0


# Exemplars ------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS)
def test_an_exemplar_is_the_strongest_neuron_of_its_channel(layer, network, views, found):
    outputs = np.asarray(jax.jit(jax.vmap(network.layer(layer)))(views))
    peaks = outputs.max(axis=(1, 2))
    assert len(found.shown[layer]) == 3
    for channel, shown in found.shown[layer].items():
        expected = np.argsort(-peaks[:, channel], kind="stable")[:K]
        assert [exemplar.photo for exemplar in shown] == expected.tolist()
        for exemplar in shown:
            plane = outputs[exemplar.photo, ..., channel]
            assert plane[exemplar.row, exemplar.column] == plane.max()
            close(exemplar.value, plane.max())
    np.testing.assert_array_equal(found.found.hits[layer].images.shape, (outputs.shape[-1], K))


@pytest.mark.parametrize("rule", ["deconvnet", "guided", "gradient"])
def test_patch_and_projection_are_the_same_part_of_view_and_gradient(rule, network, views, found):
    compiled = jax.jit(gradient)
    traced = trace_back(network, PHOTOS, found.found, channels=3, rule=rule, chunk=5)
    assert traced.rule == rule
    for layer, channels in traced.shown.items():
        score_fn = network.with_rule(rule).layer(layer)
        for channel, shown in channels.items():
            for exemplar in shown[::2]:
                view, box = views[exemplar.photo], exemplar.box
                neuron = jnp.array([exemplar.row, exemplar.column, channel])
                whole = np.asarray(compiled(score_fn, view, neuron)).copy()
                seen = np.s_[box.y0 : box.y1, box.x0 : box.x1]
                np.testing.assert_array_equal(exemplar.patch, view[seen])
                close(exemplar.projection, whole[seen])
                assert np.abs(exemplar.projection).max() > 0
                # 3×3 of stride 2 twice is 7; conv2 adds a step of 4, down and on a plane 2 wide.
                assert exemplar.whole == {"relu1": (3, 3), "relu2": (11, 11)}[layer]
                whole[seen] = 0
                assert not whole.any()


@pytest.mark.parametrize("chunk", [7, None])
def test_any_chunk_gives_the_same(chunk, network, found):
    other = exemplars(network, PHOTOS, layers=LAYERS, k=K, channels=3, chunk=chunk)
    for layer in LAYERS:
        assert other.shown[layer].keys() == found.shown[layer].keys()
        for channel, shown in found.shown[layer].items():
            for one, two in zip(other.shown[layer][channel], shown, strict=True):
                assert (one.photo, one.row, one.column) == (two.photo, two.row, two.column)
                close(one.projection, two.projection)


def test_a_layer_is_compiled_once(network, found):
    before = tiny.compilations(tracing._projections)
    for chunk in (4, 4):  # 12 exemplars, then 16: the last chunk may be short
        trace_back(network, PHOTOS, found.found, channels=3, chunk=chunk)
        trace_back(network, PHOTOS, found.found, channels=[0, 1, 3], chunk=chunk)
    assert tiny.compilations(tracing._projections) == before


def test_photographs_are_read_when_they_are_needed_and_once_a_pass(network, monkeypatch):
    numbers, log = {id(photo): number for number, photo in enumerate(PHOTOS)}, []

    def logged(network, photo):
        log.append(numbers[id(photo)])
        return view_of(network, photo)

    monkeypatch.setattr(pipeline, "view_of", logged)
    monkeypatch.setattr(tracing, "view_of", logged)
    counts = []
    found = search_photos(
        network,
        PHOTOS,
        layers=["relu1"],
        k=2,
        chunk=4,
        progress=lambda _: counts.append(len(log)),
    )
    assert counts == [8, 11, 11]  # the next chunk at most
    assert log == list(range(11))
    log.clear()
    trace_back(network, PHOTOS, found, channels=4, chunk=4)
    assert log == sorted(set(log))


def test_fewer_photographs_than_k(network):
    few = exemplars(network, PHOTOS[:2], layers=["relu2"], k=K, channels=[1])
    assert len(few.shown["relu2"][1]) == 2
    assert few.found.hits["relu2"].images[:, 2:].max() == -1


class Averaged(nn.Module):
    """Classes without a plane."""

    relu: Callable = jax.nn.relu

    @nn.compact
    def __call__(self, x):
        x = Relu(self.relu, name="relu")(nn.Conv(5, (3, 3), name="conv")(x))
        return GlobalAveragePool(name="scores")(x)


def test_a_layer_without_a_plane_sees_the_whole_view(randomised):
    network = randomised(Averaged(), tiny.SIZE)
    shown = exemplars(network, PHOTOS, layers=["scores"], k=2, channels=[4]).shown["scores"][4]
    scores = jax.jit(jax.vmap(network))(jnp.stack([network.prepare(p) for p in PHOTOS]))[:, 4]
    assert [e.photo for e in shown] == np.argsort(-scores)[:2].tolist()
    for exemplar in shown:
        assert (exemplar.row, exemplar.column) == (0, 0)
        assert (exemplar.box, exemplar.whole) == (Box(0, 0, 12, 16), (16, 12))
        whole = gradient(network.with_rule("deconvnet"), network.prepare(PHOTOS[exemplar.photo]), 4)
        close(exemplar.projection, whole)


# Which channels -------------------------------------------------------------------------------


def hits_of(values):
    values = jnp.asarray(values, jnp.float32)
    hits = no_hits(*values.shape)
    return hits._replace(values=values, images=jnp.zeros(values.shape, jnp.int32))


def test_so_many_channels_are_evenly_spaced_among_those_that_are_excited():
    values = np.ones((10, 3))
    values[[0, 4], 2] = 0  # silent for the third image
    hits = hits_of(values)
    assert chosen_channels("a", hits, 3) == [1, 6, 9]
    assert chosen_channels("a", hits, 1) == [1]
    assert chosen_channels("a", hits, 50) == [1, 2, 3, 5, 6, 7, 8, 9]
    assert chosen_channels("a", hits_of(-values), 3) == [0, 4, 9]
    missing = hits._replace(images=np.tile([0, 1, -1], (10, 1)))
    assert chosen_channels("a", missing, 50) == list(range(10))


def test_channels_by_name():
    hits = hits_of(np.ones((10, 3)))
    assert chosen_channels("a", hits, [7, 2, 7]) == [7, 2]
    assert chosen_channels("a", hits, {"a": [3], "b": [4]}) == [3]
    assert chosen_channels("c", hits, {"a": [3], "b": [4]}) == []


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        (0, "`channels` is 0; expected how many, at least 1, or which"),
        ([3, 10], "`channels` has 10; expected 0 to 9 for a"),
        ({"a": [-1]}, "`channels` has -1"),
    ],
)
def test_channels_that_are_not_there_are_refused(channels, said):
    with pytest.raises(InputError, match=said):
        chosen_channels("a", hits_of(np.ones((10, 3))), channels)


# What cannot be used --------------------------------------------------------------------------


@pytest.mark.parametrize("readers", [0, 2])
def test_a_photograph_that_cannot_be_used_is_passed_over_if_one_listens(network, tmp_path, readers):
    photos = [PHOTOS[0], tmp_path / "missing.png", PHOTOS[1], np.zeros((1, 50, 3), np.uint8)]
    search = functools.partial(search_photos, network, photos, layers=["relu1"], readers=readers)
    with pytest.raises(InputError, match=r"missing\.png"):
        search()
    said = {}
    found = search(unusable=said.__setitem__)
    assert (found.skipped, found.searched) == ((1, 3), 2)
    assert "missing.png" in str(said[1])
    assert "one side at most 20 times" in str(said[3])
    assert set(np.ravel(found.hits["relu1"].images)) == {0, 2, -1}


def test_a_search_goes_on_from_its_state(network):
    whole = search_photos(network, PHOTOS, layers=LAYERS, k=K, chunk=4)
    states = [start(network.activations, network.blank(), layers=LAYERS, k=K)]
    search_photos(network, PHOTOS, layers=LAYERS, k=K, chunk=4, progress=states.append)
    for number, state in enumerate(states):
        options = {"state": state, "readers": number % 3}
        found = search_photos(network, PHOTOS, layers=LAYERS, k=K, chunk=4, **options)
        jax.tree.map(np.testing.assert_array_equal, found, whole)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rule": "relu"}, "`rule` is relu"),
        ({"layers": ["relu3"]}, "`layer` is relu3; expected one of: conv1, relu1"),
        ({"k": 0}, "`k` is 0"),
        ({"chunk": 0}, "`chunk` is 0"),
    ],
)
def test_unusable_options(options, said, network):
    with pytest.raises(InputError, match=said):
        exemplars(network, PHOTOS[:1], **{"layers": LAYERS, **options})
