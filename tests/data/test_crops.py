import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax.data.crops import Views, assemble, centre_view, coverage, extract, ten_views
from vizjax.errors import InputError

RNG = np.random.default_rng(0)
CANVASES = [(7, 5, (4, 5)), (5, 17, (5, 4)), (9, 8, (2, 3))]
jit_extract = jax.jit(extract)
jit_assemble = jax.jit(assemble, static_argnums=(2, 3))


def loop_extract(image: np.ndarray, views: Views) -> np.ndarray:
    h, w = views.size
    crops = []
    for y, x, flip in zip(views.y, views.x, views.flip, strict=True):
        crop = image[y : y + h, x : x + w]
        crops.append(np.flip(crop, 1) if flip else crop)
    return np.stack(crops)


def loop_assemble(maps: np.ndarray, views: Views, height: int, width: int) -> np.ndarray:
    h, w = views.size
    result = np.zeros((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            seen = []
            for k, (y, x, flip) in enumerate(zip(views.y, views.x, views.flip, strict=True)):
                i, j = row - y, column - x
                if 0 <= i < h and 0 <= j < w:
                    seen.append(maps[k, i, w - 1 - j if flip else j])
            if seen:
                result[row, column] = np.mean(seen)
    return result


def test_ten_views_by_hand():
    views = ten_views(5, 9, 3)
    corners_and_centre = [(0, 0), (0, 6), (2, 0), (2, 6), (1, 3)]
    assert list(zip(views.y.tolist(), views.x.tolist(), strict=True)) == 2 * corners_and_centre
    assert views.flip.tolist() == 5 * [False] + 5 * [True]
    assert views.size == (3, 3)


def test_centre_view_by_hand():
    views = centre_view(5, 8, (2, 3))
    assert (views.y.tolist(), views.x.tolist(), views.flip.tolist()) == ([1], [2], [False])


def test_extract_by_hand():
    image = jnp.arange(8.0).reshape(2, 4, 1)
    views = Views(np.array([0, 1]), np.array([0, 1]), np.array([False, True]), (1, 3))
    assert extract(image, views)[..., 0].tolist() == [[[0, 1, 2]], [[7, 6, 5]]]


def test_assemble_by_hand():
    views = Views(np.array([0, 0]), np.array([0, 1]), np.array([False, True]), (1, 2))
    maps = jnp.array([[[2.0, 4.0]], [[8.0, 6.0]]])  # the second, upright: 6 8, one to the right
    assert assemble(maps, views, 1, 4).tolist() == [[2, 5, 8, 0]]
    assert coverage(views, 1, 4).tolist() == [[1, 2, 1, 0]]


@pytest.mark.parametrize(("height", "width", "size"), CANVASES)
def test_extract_and_assemble_agree_with_loops(height, width, size):
    views = ten_views(height, width, size)
    image = RNG.normal(size=(height, width, 2)).astype(np.float32)
    np.testing.assert_array_equal(jit_extract(image, views), loop_extract(image, views))
    maps = RNG.normal(size=(10, *size)).astype(np.float32)
    # Means of at most ten values near 1, added in another order.
    np.testing.assert_allclose(
        jit_assemble(jnp.asarray(maps), views, height, width),
        loop_assemble(maps, views, height, width),
        atol=1e-6,
    )


@pytest.mark.parametrize(("height", "width", "size"), CANVASES)
def test_assemble_undoes_extract_where_views_look(height, width, size):
    views = ten_views(height, width, size)
    image = jnp.asarray(RNG.normal(size=(height, width, 1)).astype(np.float32))
    back = jit_assemble(jit_extract(image, views)[..., 0], views, height, width)
    seen = coverage(views, height, width) > 0
    np.testing.assert_allclose(back, jnp.where(seen, image[..., 0], 0), atol=1e-6)


def test_a_panorama_has_stretches_that_no_view_covers():
    views = ten_views(4, 40, 4)
    count = coverage(views, 4, 40)
    seen = [slice(0, 4), slice(18, 22), slice(36, 40)]
    assert all((count[:, columns] > 0).all() for columns in seen)
    assert int(jnp.sum(count > 0)) == 3 * 4 * 4
    assert int(jnp.sum(count)) == 10 * 4 * 4
    result = assemble(jnp.ones((10, 4, 4)), views, 4, 40)
    np.testing.assert_array_equal(result, (count > 0).astype(np.float32))


def test_a_canvas_of_the_view_s_size_is_covered_evenly():
    assert coverage(ten_views(3, 4, (3, 4)), 3, 4).tolist() == 3 * [4 * [10]]


def test_offsets_may_be_traced():
    views = ten_views(7, 9, (3, 4))
    image = jnp.asarray(RNG.normal(size=(7, 9, 3)).astype(np.float32))
    crops = extract(image, views)
    np.testing.assert_array_equal(jit_extract(image, views), crops)
    maps = crops[..., 0]
    traced = jit_assemble(maps, views, 7, 9)
    # One compiled program may add in another order than the single operations.
    np.testing.assert_allclose(traced, assemble(maps, views, 7, 9), atol=1e-6)


def test_a_batch_of_maps_is_assembled_by_vmap():
    views = ten_views(7, 9, (3, 4))
    maps = jnp.asarray(RNG.normal(size=(2, 10, 3, 4)).astype(np.float32))
    batch = jax.vmap(lambda m: assemble(m, views, 7, 9))(maps)
    loop = jnp.stack([assemble(m, views, 7, 9) for m in maps])
    np.testing.assert_allclose(batch, loop, atol=1e-6)


def test_views_may_be_mapped_over():
    views = ten_views(7, 9, (3, 4))
    image = jnp.asarray(RNG.normal(size=(7, 9, 1)).astype(np.float32))
    singles = jax.tree.map(lambda leaf: leaf[:, None], views)
    crops = jax.vmap(extract, in_axes=(None, 0))(image, singles)
    np.testing.assert_array_equal(crops[:, 0], extract(image, views))


def test_gradients_flow_back_to_the_canvas():
    views = ten_views(5, 6, 3)
    grad = jax.grad(lambda image: jnp.sum(extract(image, views)))(jnp.ones((5, 6, 1)))
    np.testing.assert_array_equal(grad[..., 0], coverage(views, 5, 6))


@pytest.mark.parametrize("size", [6, (3, 9), (6, 3), 0])
def test_views_that_do_not_fit_are_refused(size):
    views = Views(np.array([0]), np.array([0]), np.array([False]), ten_views(20, 20, 9).size)
    with pytest.raises(InputError, match="on a canvas of 5×8; expected views of at least one"):
        ten_views(5, 8, size)
    with pytest.raises(InputError, match="on a canvas of 5×8"):
        centre_view(5, 8, size)
    with pytest.raises(InputError, match="`size` is 9×9 on a canvas of 5×8"):
        extract(jnp.ones((5, 8, 3)), views)
    with pytest.raises(InputError, match="`size` is 9×9 on a canvas of 5×8"):
        assemble(jnp.ones((1, 9, 9)), views, 5, 8)


@pytest.mark.parametrize(("height", "width", "size"), CANVASES)
def test_numpy_stays_on_the_host_and_is_the_same(height, width, size, monkeypatch):
    views = ten_views(height, width, size)
    image = RNG.normal(size=(height, width, 2)).astype(np.float32)
    maps = RNG.normal(size=(10, *size)).astype(np.float32)
    crops = np.asarray(extract(jnp.asarray(image), views))
    mean = np.asarray(assemble(jnp.asarray(maps), views, height, width))
    monkeypatch.setattr(jax, "vmap", None)  # is not reached
    np.testing.assert_array_equal(extract(image, views), crops)
    ours = assemble(maps, views, height, width)
    assert isinstance(ours, np.ndarray)
    np.testing.assert_array_equal(ours, mean)
    with pytest.raises(InputError, match="expected views of at least one"):
        assemble(maps, views, size[0] - 1, width)
