"""What every registered method promises, on a plain function and on networks.

A new method is tested by registering it; on whole architectures, by `make test-slow`. Two ways to
compute the same map are compared in double precision: in single precision a rectifier or a maximum
that is all but undecided may fall one way or the other, and with it a share of the map.
"""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from jax.tree_util import Partial

from vizjax.attribution import METHODS, bind
from vizjax.layered import Composed

FEW = {
    "steps": 4,
    "samples": 4,
    "masks": 8,
    "cells": 2,
    "permutations": 2,
    "window": (9, 7),
    "stride": (24, 16),
    "chunk": 2,
}
"""Few evaluations: the promises are the same."""

MANY = {"steps": 12, "samples": 12, "masks": 24, "permutations": 16, "stride": (4, 4)}
"""What a chunk is a small part of."""

LAYERS = {"lambda": "features", "tiny": "relu2", "convnet": "relu5", "squeezenet": "conv10"}
GLOBAL_POOLING = {"lambda", "squeezenet"}
"""The networks that class activation mapping is made for."""

CASES = [
    pytest.param(
        (method, network),
        id=f"{method}-{network}",
        marks=[pytest.mark.slow] if network in ("convnet", "squeezenet") else [],
    )
    for network in LAYERS
    for method in METHODS
    if method != "cam" or network in GLOBAL_POOLING
]


@pytest.fixture(scope="module", autouse=True)
def networks(small_convnet, small_squeezenet):
    """Each network and the size of its images; all is double, and compiled without ado."""
    options = "jax_enable_x64", "jax_disable_most_optimizations"
    for option in options:
        jax.config.update(option, True)
    double = functools.partial(jax.tree.map, lambda leaf: jnp.asarray(leaf, jnp.float64))
    yield {
        "lambda": (double(plain_function()), (23, 19)),
        "tiny": (double(tiny.network(size=(45, 37))), (45, 37)),
        "convnet": (double(small_convnet), small_convnet.preprocessing.size),
        "squeezenet": (double(small_squeezenet), small_squeezenet.preprocessing.size),
    }
    for option in options:
        jax.config.update(option, False)


def plain_function():
    """Features of a plane, one score a class: no library's network, as a pytree of its weights."""
    rng = np.random.default_rng(3)
    kernel = jnp.asarray(rng.normal(0, 0.02, (3, 3, 3, 4)), jnp.float32)
    head = jnp.asarray(rng.normal(0, 1, (4, 7)), jnp.float32)

    def features(kernel, image):
        plane = jax.lax.conv_general_dilated(
            image[None], kernel, (2, 2), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        rectified = jax.nn.relu(plane[0] + 0.1)
        # Without pooling a DeconvNet's reconstruction would be the same for every image.
        return jax.lax.reduce_window(
            rectified, -jnp.inf, jax.lax.max, (2, 2, 1), (2, 2, 1), "VALID"
        )

    return Composed(
        Partial(features, kernel), Partial(lambda w, plane: plane.mean((0, 1)) @ w, head)
    )


@pytest.fixture(scope="module", params=CASES)
def case(request, networks):
    """A bound method, a network, three images for it and three of its classes."""
    name, which = request.param
    network, size = networks[which]
    known = METHODS[name].hyperparameters
    options = {option: value for option, value in FEW.items() if option in known}
    if "layer" in known:
        options["layer"] = LAYERS[which]
    method = bind(name, **options)
    images = jnp.asarray(
        np.random.default_rng(1).uniform(size=(3, *size, 3)) * [255, 200, 150], jnp.float64
    )
    return method, network, images, jnp.array([3, 0, 4])


@pytest.fixture(scope="module")
def compiled(case):
    """The method over images and labels at once, compiled once, and how often it was traced."""
    method, traces = case[0], []

    @jax.jit
    def call(key, network, images, labels):
        traces.append(labels)
        return jax.vmap(method, (None, None, 0, 0))(key, network, images, labels)

    return call, traces


@pytest.fixture(scope="module")
def found(case, compiled, key):
    """The maps of the three images."""
    _, network, images, labels = case
    return compiled[0](key, network, images, labels)


def assert_close(one, other):
    """Sums in another order, relative to the largest value."""
    np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9 * float(np.abs(other).max()))


@pytest.mark.parametrize("name", METHODS)
def test_signature(name):
    entry = METHODS[name]
    parameters = list(inspect.signature(entry.function).parameters.values())
    arrays = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert arrays[0] == "key" if entry.keyed else arrays[0] != "key"
    network, image, label = arrays[entry.keyed :]
    assert network in ("score_fn", "network")
    assert image in ("image", "x")
    assert label == "label"
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters[len(arrays) :])
    assert "chunk" in entry.hyperparameters or not entry.many


def test_shape_type_and_bits(case, compiled, found, key):
    """Finite maps of the image's plane and type; again the same bits; compiled for all values."""
    (method, network, images, labels), (call, traces) = case, compiled
    size = images.shape[1:3]
    assert found.dtype == jnp.float64
    assert found.shape in ((3, *size), (3, *size, 3))
    assert np.isfinite(found).all()
    assert np.abs(found).max() > 0
    assert method.plane(found[0]).shape == size
    np.testing.assert_array_equal(call(key, network, images, labels), found)
    others = [
        call(key, jax.tree.map(lambda leaf: 1.1 * leaf, network), images, labels),
        call(key, network, images[::-1], labels),
        call(key, network, images, labels[::-1]),
    ]
    if method.entry.keyed:
        others.append(call(jax.random.fold_in(key, 1), network, images, labels))
    assert all(not np.array_equal(found, other) for other in others)
    assert len(traces) == 1


def test_single_precision_in_and_out(case, key):
    method, network, images, _ = case
    network, image = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), (network, images[0]))
    with jax.enable_x64(False):
        assert jax.eval_shape(method, key, network, image, 1).dtype == jnp.float32


def test_compiled_and_mapped_equals_eager_and_alone(case, found, key):
    """Eager on the plain function; a network, step by step, is hundreds of small programs."""
    method, network, images, labels = case
    alone = method if isinstance(network, Composed) else jax.jit(method)
    assert_close(found[1], alone(key, network, images[1], int(labels[1])))


def test_chunk_bounds_the_memory_and_changes_nothing_else(case, key):
    method, network, images, labels = case
    if "chunk" not in method.hyperparameters:
        pytest.skip("a few passes: nothing to be bounded")
    many = {option: value for option, value in MANY.items() if option in method.hyperparameters}
    arguments, maps, memory = (key, network, images[0], labels[0]), {}, {}
    for chunk in (1, None):
        chunked = bind(method.name, **{**dict(method.options), **many, "chunk": chunk})
        executable = jax.jit(chunked).lower(*arguments).compile()
        maps[chunk], memory[chunk] = executable(*arguments), tiny.bytes_of(executable)
    assert_close(maps[1], maps[None])
    assert memory[1] < 0.6 * memory[None]
