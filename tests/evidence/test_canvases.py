"""Canvases, views and calls of one shape."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from evidence.literal import photo

from vizjax.data import canvas, extract, ten_views
from vizjax.errors import InputError
from vizjax.evidence import canvas_of, canvases, in_chunks, mean_scores
from vizjax.evidence.canvases import cut_out, laid_out


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (4, 1), (5, 2), (9, 3)])
def test_all_calls_have_one_shape(count, calls):
    shapes = []

    def function(rows, numbers):
        shapes.append((rows.shape, numbers.shape))
        return {"sum": jnp.asarray(rows).sum(axis=1), "number": jnp.asarray(numbers)}

    rows = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    found = in_chunks(function, (rows, np.arange(count)), chunk=4)
    assert shapes == [((4, 3), (4,))] * calls
    np.testing.assert_allclose(found["sum"], rows.sum(axis=1), rtol=1e-5)
    assert found["number"].tolist() == list(range(count))
    assert isinstance(found["sum"], np.ndarray)


@pytest.mark.parametrize(("short_side", "size"), [(None, (16, 24)), (16, (16, 24)), (30, (30, 45))])
def test_a_canvas_is_as_large_as_the_network_has_it(short_side, size):
    network = tiny.network(short_side=short_side)
    found = canvas_of(network, photo(40, 60))
    assert found.shape == (*size, 3)
    np.testing.assert_array_equal(found, canvas(photo(40, 60), size[0]))


def test_views_of_all_canvases_one_after_the_other():
    images = [canvas(photo(20, 30), 18), canvas(photo(30, 20, seed=1), 18)]
    found = cut_out(images, [laid_out(one, 10, tiny.SIZE) for one in images])
    assert found.shape == (20, *tiny.SIZE, 3)
    np.testing.assert_array_equal(found[1], images[0][:16, 15:])  # top right
    np.testing.assert_array_equal(found[10], images[1][:16, :12])
    np.testing.assert_array_equal(found[15], images[1][:16, :12][:, ::-1])


@pytest.mark.parametrize("views", [1, 10])
def test_scores_are_means_over_views(views):
    network, pictures = tiny.network(short_side=18), [photo(20, 30), photo(41, 26, seed=1)]
    found = mean_scores(network, pictures, views=views, chunk=7)
    assert found.shape == (2, tiny.CLASSES)
    scores = jax.jit(lambda network, crop: network(crop))
    for row, picture in zip(found, pictures, strict=True):
        if views == 1:
            expected = scores(network, network.prepare(picture))
        else:
            whole = canvas(picture, 18)
            crops = extract(whole, ten_views(whole.shape[0], whole.shape[1], tiny.SIZE))
            expected = np.mean([scores(network, crop) for crop in crops], axis=0)
        np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-5)


def test_scores_of_all_sizes_share_one_program():
    network = tiny.network(seed=1)
    mean_scores(network, [photo(20, 30)])
    before = tiny.compilations(canvases._scores)
    mean_scores(network, [photo(50, 31), photo(17, 40)])
    assert tiny.compilations(canvases._scores) == before


def test_a_photograph_far_longer_than_wide_is_refused():
    with pytest.raises(InputError, match="`photo` is 10 pixels high and 400 wide"):
        canvas_of(tiny.network(), photo(10, 400))
