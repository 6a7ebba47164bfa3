"""What every method promises. A new one is tested by one line in `METHODS`."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from vizjax.attribution import gradient, multicrop, saliency
from vizjax.data.crops import ten_views
from vizjax.rules import RULES

CANVAS = (19, 17)  # larger than the network's 16×12
METHODS = {  # the method, the image's size, the result's shape
    "gradient": (gradient, tiny.SIZE, (*tiny.SIZE, 3)),
    "saliency": (saliency, tiny.SIZE, tiny.SIZE),
    "multicrop": (
        multicrop(saliency, crops=functools.partial(ten_views, size=tiny.SIZE)),
        CANVAS,
        CANVAS,
    ),
}
LABELS = (4, 0, 6)


@pytest.fixture(scope="module", params=RULES)
def network(request):
    return tiny.network().with_rule(request.param)


@pytest.fixture(params=METHODS)
def method(request):
    return METHODS[request.param][0]


@pytest.fixture
def image(request, method):
    (size,) = (size for known, size, _ in METHODS.values() if known is method)
    return tiny.image(size=size)


def assert_close(one, other):
    """Float32 sums in another order, relative to the largest value."""
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(np.abs(other).max()))


def test_arguments(method):
    score_fn, x, label, *others = inspect.signature(method).parameters.values()
    assert (score_fn.name, x.name in ("x", "image"), label.name) == ("score_fn", True, "label")
    assert all(other.kind == inspect.Parameter.KEYWORD_ONLY for other in others)


@pytest.mark.parametrize("name", METHODS)
def test_shape_and_type(name, network):
    method, size, shape = METHODS[name]
    found = method(network, tiny.image(size=size), 4)
    assert (found.shape, found.dtype) == (shape, jnp.float32)
    assert np.isfinite(found).all()
    assert np.abs(found).max() > 0


def test_compiled_equals_eager(method, network, image):
    eager = method(network, image, 4)
    assert_close(jax.jit(method)(network, image, 4), eager)
    assert_close(jax.jit(lambda image: method(network, image, 4))(image), eager)


def test_mapped_over_labels_equals_one_by_one(method, network, image):
    together = jax.jit(jax.vmap(method, (None, None, 0)))(network, image, jnp.array(LABELS))
    assert len(together) == len(LABELS)
    for one, label in zip(together, LABELS, strict=True):
        assert_close(one, method(network, image, label))


def test_mapped_over_images_equals_one_by_one(method, network, image):
    images = jnp.stack([image, image[:, ::-1], 255 - image])
    together = jax.jit(jax.vmap(method, (None, 0, None)))(network, images, 4)
    for one, image in zip(together, images, strict=True):
        assert_close(one, method(network, image, 4))


def test_one_trace_for_other_values(method, network, image):
    traces = []

    @jax.jit
    def compiled(network, image, label):
        traces.append(label)
        return method(network, image, label)

    first = compiled(network, image, 4)
    others = [
        compiled(jax.tree.map(lambda leaf: 1.1 * leaf, network), image, 4),
        compiled(network, 255 - image, 4),
        compiled(network, image, 0),
    ]
    assert len(traces) == 1
    assert all(not np.array_equal(first, other) for other in others)
    np.testing.assert_array_equal(compiled(network, image, 4), first)


def test_the_rule_is_part_of_what_is_compiled(method, image):
    compiled = jax.jit(method)
    maps = [compiled(tiny.network().with_rule(rule), image, 4) for rule in RULES]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not np.allclose(maps[first], maps[second])
