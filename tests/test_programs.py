"""Programs on disk: found again by what they depend on, and by nothing less."""

import collections
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax import maps, programs
from vizjax.programs import LIVE, Kept

traced = []


@functools.partial(jax.jit, static_argnums=2)
def scaled(tree, shift, power):
    """Of a pytree; notes that it is traced."""
    traced.append(power)
    return tree["a"] ** power + shift, tree["b"].sum()


@jax.jit
def drawn(key, shape_of):
    """Of a random key."""
    traced.append("drawn")
    return jax.random.normal(key, shape_of.shape)


TREE = {"a": jnp.arange(3.0), "b": jnp.ones((2, 2))}


@pytest.fixture(autouse=True)
def another_process():
    """What a process remembers is forgotten."""

    def forget():
        programs._program.cache_clear()
        programs._surroundings.cache_clear()
        jax.clear_caches()
        traced.clear()

    forget()
    return forget


def test_a_program_is_traced_once_a_folder(tmp_path, another_process):
    run = Kept(tmp_path, "network")
    expected = scaled(TREE, jnp.float32(2), 3)
    another_process()
    first = run(scaled, TREE, jnp.float32(2), static=(3,))
    assert traced == [3]
    another_process()
    second = run(scaled, TREE, jnp.float32(2), static=(3,))
    assert traced == []
    for one in (first, second):
        jax.tree.map(np.testing.assert_array_equal, one, expected)
    assert len(list(tmp_path.iterdir())) == 1


def test_values_are_arguments(tmp_path, another_process):
    run = Kept(tmp_path, "network")
    run(scaled, TREE, jnp.float32(2), static=(3,))
    another_process()
    moved, total = run(scaled, {"a": TREE["a"] + 1, "b": TREE["b"]}, jnp.float32(0), static=(3,))
    assert traced == []
    assert (moved.tolist(), total.item()) == ([1.0, 8.0, 27.0], 4.0)


def test_shapes_need_no_values(tmp_path, another_process):
    run = Kept(tmp_path, "network")
    shapes = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), TREE)
    for _ in range(2):
        a, b = run.shape(scaled, shapes, jax.ShapeDtypeStruct((), jnp.float32), static=(2,))
        assert (a.shape, b.shape) == ((3,), ())
        another_process()
    assert [s.shape for s in LIVE.shape(scaled, TREE, jnp.float32(0), static=(2,))] == [(3,), ()]


@pytest.mark.parametrize(
    "change", ["identity", "static", "structure", "shape", "dtype", "files", "settings"]
)
def test_what_a_program_depends_on_finds_another(tmp_path, another_process, change, monkeypatch):
    Kept(tmp_path, "network")(scaled, TREE, jnp.float32(2), static=(3,))
    another_process()
    tree, identity, power = dict(TREE), "network", 3
    if change == "identity":
        identity = "network guided"
    if change == "static":
        power = 2
    if change == "structure":
        tree = collections.OrderedDict(tree)
    if change == "shape":
        tree["b"] = jnp.ones((2, 3))
    if change == "dtype":
        tree["a"] = tree["a"].astype(jnp.bfloat16).astype(jnp.float16).astype(jnp.int32)
    if change == "files":
        (tmp_path / "package").mkdir()
        monkeypatch.setattr(programs, "PACKAGE", tmp_path / "package")
    shift = jnp.int32(2) if change == "dtype" else jnp.float32(2)
    precision = "highest" if change == "settings" else None
    with jax.default_matmul_precision(precision):
        Kept(tmp_path, identity)(scaled, tree, shift, static=(power,))
    assert traced == [power]
    assert len(list(tmp_path.glob("*.stablehlo"))) == 2


def test_equal_arrays_in_other_rows_are_another_program(tmp_path):
    """Ten views of five classes, one at a time, are as many maps as one view of fifty."""
    run, one = Kept(tmp_path, ""), jnp.zeros((5, 1, 2, 2))
    assert run(maps._joined, [[one]] * 10).shape == (5, 10, 2, 2)
    assert run(maps._joined, [[one] * 10]).shape == (50, 1, 2, 2)


def test_random_keys_are_arguments(tmp_path, key):
    run, like = Kept(tmp_path, ""), jnp.zeros((4, 2))
    np.testing.assert_array_equal(run(drawn, key, like), drawn(key, like))


@pytest.mark.parametrize("damage", [0, 100, -700, "tail"])
def test_a_damaged_program_is_traced_again(tmp_path, another_process, damage):
    """Cut off, or the last blocks never written: that it still opens does not make it whole."""
    run = Kept(tmp_path, "network")
    first = run(scaled, TREE, jnp.float32(2), static=(3,))
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    if damage == "tail":
        path.write_bytes(whole[:-700] + bytes(700))
    else:
        path.write_bytes(whole[:damage])
    another_process()
    second = run(scaled, TREE, jnp.float32(2), static=(3,))
    assert traced == [3]
    jax.tree.map(np.testing.assert_array_equal, first, second)


class Named(NamedTuple):
    """Of what JAX does not know how to write down."""

    shifted: Any


@jax.jit
def named(x):
    """Its result is no plain container."""
    traced.append("named")
    return Named(x + 1)


def test_a_result_of_namedtuples_is_not_kept(tmp_path):
    assert Kept(tmp_path, "")(named, jnp.zeros(2)).shifted.tolist() == [1.0, 1.0]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_used_is_no_failure(tmp_path):
    (tmp_path / "file").write_text("")
    result, _ = Kept(tmp_path / "file", "network")(scaled, TREE, jnp.float32(2), static=(3,))
    assert result.tolist() == [2.0, 3.0, 10.0]


def test_live_is_the_function_itself():
    result, _ = LIVE(scaled, TREE, jnp.float32(2), static=(3,))
    assert result.tolist() == [2.0, 3.0, 10.0]
