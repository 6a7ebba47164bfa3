"""What every method promises. A new one is tested by one line in `METHODS`."""

import functools
import inspect
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from vizjax.attribution import gradient, multicrop, saliency
from vizjax.data.crops import ten_views
from vizjax.rules import RULES
from vizjax.types import Method

CANVAS = (19, 17)  # larger than the network's 16×12


class Case(NamedTuple):
    """A method, the size of an image for it, and the shape of what it returns."""

    method: Method
    size: tuple[int, int]
    shape: tuple[int, ...]


TEN_VIEWS = functools.partial(ten_views, size=tiny.SIZE)
METHODS = {
    "gradient": Case(gradient, tiny.SIZE, (*tiny.SIZE, 3)),
    "saliency": Case(saliency, tiny.SIZE, tiny.SIZE),
    "multicrop": Case(multicrop(saliency, crops=TEN_VIEWS), CANVAS, CANVAS),
}
COMPILED = {name: jax.jit(case.method) for name, case in METHODS.items()}
LABELS = (4, 0, 6)


@pytest.fixture(scope="module", params=RULES)
def network(request):
    return tiny.network().with_rule(request.param)


@pytest.fixture(params=METHODS)
def name(request):
    return request.param


@pytest.fixture
def method(name):
    return METHODS[name].method


@pytest.fixture
def compiled(name):
    return COMPILED[name]


@pytest.fixture
def image(name):
    return tiny.image(size=METHODS[name].size)


def assert_close(one, other):
    """Float32 sums in another order, relative to the largest value."""
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(np.abs(other).max()))


def test_arguments(method):
    score_fn, x, label, *others = inspect.signature(method).parameters.values()
    assert (score_fn.name, x.name in ("x", "image"), label.name) == ("score_fn", True, "label")
    assert all(other.kind == inspect.Parameter.KEYWORD_ONLY for other in others)


def test_shape_and_type(name, compiled, network, image):
    found = compiled(network, image, 4)
    assert (found.shape, found.dtype) == (METHODS[name].shape, jnp.float32)
    assert np.isfinite(found).all()
    assert np.abs(found).max() > 0


def test_compiled_equals_eager(method, compiled, network, image):
    assert_close(compiled(network, image, 4), method(network, image, 4))


def test_mapped_over_labels_equals_one_by_one(method, compiled, network, image):
    together = jax.jit(jax.vmap(method, (None, None, 0)))(network, image, jnp.array(LABELS))
    assert len(together) == len(LABELS)
    for one, label in zip(together, LABELS, strict=True):
        assert_close(one, compiled(network, image, label))


def test_mapped_over_images_equals_one_by_one(method, compiled, network, image):
    images = jnp.stack([image, image[:, ::-1], 255 - image])
    together = jax.jit(jax.vmap(method, (None, 0, None)))(network, images, 4)
    for one, image in zip(together, images, strict=True):
        assert_close(one, compiled(network, image, 4))


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


def test_the_rule_is_part_of_what_is_compiled(compiled, image):
    maps = [compiled(tiny.network().with_rule(rule), image, 4) for rule in RULES]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not np.allclose(maps[first], maps[second])
