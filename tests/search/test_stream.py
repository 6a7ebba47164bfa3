"""A search in one pass: against all activations at once, in bounded memory, and continued."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from jax.tree_util import Partial

from vizjax.errors import InputError
from vizjax.search import TopK, load, neurons_at, save, start, stream, top_activations

IMAGES, LAYERS, K = 11, ("relu1", "conv2", "head"), 4
DATASET = [np.asarray(tiny.image(seed)) for seed in range(IMAGES)]


def exact(image):
    """Layers whose bits cannot depend on the batch."""
    return {"plane": image[..., :2] // 16, "scores": image[0, 0], "unused": image[0, 0, 0]}


def in_full(x, k=K):
    """All activations sorted by NumPy: images, rows, columns, values."""
    flat = x.reshape(len(x), -1, x.shape[-1])
    peaks, places = flat.max(axis=1), flat.argmax(axis=1)
    order = np.argsort(-peaks, axis=0, kind="stable")[:k].T
    channels = np.arange(x.shape[-1])[:, None]
    rows, columns = np.divmod(places[order, channels], x.shape[2] if x.ndim == 4 else 1)
    return peaks[order, channels], order, rows, columns


def assert_equal(found, expected):
    assert found.hits.keys() == expected.hits.keys()
    for layer in found.hits:
        for one, other in zip(found.hits[layer], expected.hits[layer], strict=True):
            np.testing.assert_array_equal(one, other)
    assert (found.seen, found.skipped) == (expected.seen, expected.skipped)


def searched(images=DATASET, layers=("plane", "scores"), k=K, chunk: int | None = 4, **options):
    return top_activations(exact, images, layers=layers, k=k, chunk=chunk, **options)


@pytest.mark.parametrize("chunk", [1, 3, 4, IMAGES, 50, None])
def test_any_chunk_gives_the_full_sort_to_the_last_bit(chunk):
    found = searched(chunk=chunk)
    assert (found.seen, found.searched, found.skipped) == (IMAGES, IMAGES, ())
    assert list(found.hits) == ["plane", "scores"]
    outputs = jax.vmap(exact)(np.stack(DATASET))
    for layer, hits in found.hits.items():
        for one, other in zip(hits, in_full(np.asarray(outputs[layer])), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_network_s_layers_of_every_kind():
    network = tiny.network()
    found = top_activations(network.activations, DATASET, layers=LAYERS, k=K, chunk=3)
    outputs = jax.jit(jax.vmap(network.activations))(np.stack(DATASET))
    for layer in LAYERS:
        values, *where = in_full(np.asarray(outputs[layer]))
        np.testing.assert_allclose(found.hits[layer].values, values, rtol=1e-5, atol=1e-4)
        for one, other in zip(found.hits[layer][1:], where, strict=True):
            np.testing.assert_array_equal(one, other)


def test_images_are_read_a_chunk_ahead_at_most():
    read = []

    def images():
        for image in DATASET:
            read.append(image)
            yield image

    ahead = []
    searched(images(), chunk=2, progress=lambda found: ahead.append(len(read) - found.seen))
    assert ahead == [2, 2, 2, 2, 1, 0]


def test_all_is_compiled_once_and_parameters_are_arguments():
    traces = []

    def layers(parameters, image):
        traces.append(1)
        return {"plane": parameters * image, "other": parameters + image}

    for scale in (1.0, -3.0):
        searched = Partial(layers, jnp.full((1, 1, 1), scale))
        found = top_activations(searched, DATASET, layers=["plane"], chunk=3)
        peak = (
            np.stack(DATASET).max(axis=(1, 2)) if scale > 0 else -3 * np.stack(DATASET).min((1, 2))
        )
        np.testing.assert_array_equal(found.hits["plane"].values[:, 0], peak.max(axis=0))
    assert len(traces) == 3  # the shapes, twice, and one compilation


def test_another_network_is_not_compiled_again():
    def search(network):
        return top_activations(network.activations, DATASET, layers=["relu1"], k=2, chunk=4)

    network = tiny.network(seed=3)
    first, before = search(network), tiny.compilations(stream._advance)
    other = search(jax.tree.map(lambda leaf: 1.5 * leaf, network))
    assert tiny.compilations(stream._advance) == before
    assert not np.array_equal(first.hits["relu1"].values, other.hits["relu1"].values)


def test_layers_beyond_those_asked_for_cost_nothing():
    network = tiny.network()
    activations = stream.as_pytree(network.activations)
    images, indices = np.stack(DATASET), np.arange(IMAGES, dtype=np.int32)

    def flops(*layers):
        hits = start(activations, images[0], layers=layers).hits
        compiled = stream._advance.lower(activations, hits, images, indices).compile()
        return dict(compiled.cost_analysis() or {})["flops"]

    assert flops("conv1") < 0.9 * flops("conv1", "head")


def test_images_that_could_not_be_used_keep_their_number():
    gaps = [None if n in (0, 1, 2, 3, 6, 10) else image for n, image in enumerate(DATASET)]
    found = searched(gaps, chunk=2)
    assert (found.seen, found.searched, found.skipped) == (IMAGES, 5, (0, 1, 2, 3, 6, 10))
    kept = [n for n, image in enumerate(gaps) if image is not None]
    _, order, *_ = in_full(np.stack(DATASET)[kept][:, 0, 0])
    np.testing.assert_array_equal(found.hits["scores"].images, np.array(kept)[order])
    assert set(np.unique(found.hits["plane"].images)) <= set(kept)


def until(number, images):
    yield from images[:number]
    raise KeyboardInterrupt


@pytest.mark.parametrize("cut", [0, 3, 5, 6, 9, IMAGES])
def test_an_interrupted_search_goes_on_to_the_same_bytes(cut, tmp_path):
    network, options = tiny.network(), {"layers": LAYERS, "k": K, "chunk": 3}
    images = [None if n == 1 else image for n, image in enumerate(DATASET)]
    whole = top_activations(network.activations, images, **options)
    save(tmp_path / "whole", whole, searched={})
    states = [start(network.activations, network.blank(), layers=LAYERS, k=K)]
    with pytest.raises(KeyboardInterrupt):
        top_activations(network.activations, until(cut, images), progress=states.append, **options)
    save(tmp_path / "part", states[-1], searched={})
    state = load(tmp_path / "part", searched={})
    assert state.seen == max(cut // 3 - 1, 0) * 3  # the chunk being computed is lost
    rest = images[state.seen :]
    found = top_activations(network.activations, rest, state=state, **options)
    assert_equal(found, whole)
    save(tmp_path / "found", found, searched={})
    assert (tmp_path / "found").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_finished_search_has_nothing_to_do():
    whole = searched()
    assert_equal(searched([], state=whole), whole)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_activation_that_is_not_finite_is_named(value):
    broken = [image.copy() for image in DATASET]
    broken[7][2, 3, 1] = value
    with pytest.raises(InputError, match="`images` number 7 has an activation of plane that is"):
        searched(broken, layers=["plane"])
    assert searched([*broken[:7], None, *broken[8:]]).skipped == (7,)


def test_what_fills_up_the_last_chunk_may_be_anything():
    found = top_activations(
        lambda image: {"inverse": 1 / image[0, 0]}, DATASET, layers=["inverse"], k=2, chunk=4
    )  # infinite for the blank images of the last chunk
    _, order, *_ = in_full(1 / np.stack(DATASET)[:, 0, 0], k=2)
    np.testing.assert_array_equal(found.hits["inverse"].images, order)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"k": 0}, "`k` is 0; expected how many images a channel, at least 1"),
        ({"chunk": 0}, "`chunk` is 0"),
        ({"layers": []}, "`layers` is empty"),
        ({"layers": ["plain"]}, "`layer` is plain; expected one of: plane, scores, unused"),
        ({"layers": ["unused"]}, r"`layers` names unused, whose output is \(\); expected"),
        ({"images": []}, "`images` holds none"),
        ({"images": [None, None]}, "`images` holds none"),
        ({"images": [DATASET[0], DATASET[1][:4]]}, r"number 1 is of shape \(4, 12, 3\)"),
    ],
)
def test_what_cannot_be_searched_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        searched(**options)


def test_a_state_of_another_search_is_refused():
    state = searched(DATASET[:4])
    with pytest.raises(InputError, match="`state` is of layers plane, scores and 4 images"):
        searched(state=state, k=5)
    with pytest.raises(InputError, match="expected plane and 4: begin a new search"):
        searched(state=state, layers=["plane"])


# One neuron a channel -------------------------------------------------------------------------


def test_one_neuron_of_every_channel():
    network = tiny.network()
    one = neurons_at(network.activations, {"conv2": (2, 1)})
    found = top_activations(one, DATASET, layers=["conv2", "relu1"], k=K, chunk=4)
    whole = top_activations(network.activations, DATASET, layers=["relu1"], k=K, chunk=4)
    x = np.asarray(jax.jit(jax.vmap(network.layer("conv2")))(np.stack(DATASET)))
    values, order, *_ = in_full(x[:, 2:3, 1:2])
    np.testing.assert_array_equal(found.hits["conv2"].images, order)
    np.testing.assert_allclose(found.hits["conv2"].values, values, rtol=1e-5, atol=1e-4)
    assert set(np.ravel(found.hits["conv2"].rows)) == {2}
    assert set(np.ravel(found.hits["conv2"].columns)) == {1}
    np.testing.assert_array_equal(found.hits["relu1"].images, whole.hits["relu1"].images)


@pytest.mark.parametrize(
    ("positions", "said"),
    [
        ({"plane": (16, 0)}, "`positions` has row 16, column 0 of plane; .* plane of 16 × 12"),
        ({"plane": (0, -1)}, "`positions` has row 0, column -1 of plane"),
        ({"scores": (0, 0)}, "of scores; expected a position on its plane of no pixels"),
        ({"plain": (0, 0)}, "`layer` is plain; expected one of: plane"),
    ],
)
def test_a_neuron_that_is_not_there_is_refused(positions, said):
    with pytest.raises(InputError, match=said):
        top_activations(neurons_at(exact, positions), DATASET, layers=["plane"])


def test_the_start_is_all_missing():
    begun = start(exact, jax.ShapeDtypeStruct((16, 12, 3), jnp.float32), layers=["scores"], k=2)
    assert isinstance(begun, TopK)
    assert (begun.seen, begun.hits["scores"].images.tolist()) == (0, [[-1, -1]] * 3)
