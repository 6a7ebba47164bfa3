"""Checkpoints: whole or not there, the last and the best."""

import gc
import resource
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax.errors import InputError
from vizjax.training.checkpoints import Checkpoints
from vizjax.training.step import State


def state(step, fill=0.0):
    params = {"fc8": {"kernel": jnp.full((3, 2), fill), "bias": jnp.full(2, fill)}}
    return State(jnp.asarray(step, jnp.int32), params, (jnp.full(2, -fill), ()))


@pytest.fixture
def checkpoints(tmp_path):
    kept = Checkpoints(tmp_path / "checkpoints")
    yield kept
    kept.close()


def test_what_is_saved_is_restored(checkpoints):
    assert checkpoints.restore(state(0)) is None
    checkpoints.save(state(3, 0.1), {"pending": [[0.1, 0.25]], "best": 0.5}, 0.5)
    found: Any = checkpoints.restore(state(0))
    jax.tree.map(np.testing.assert_array_equal, found.state, state(3, 0.1))
    assert isinstance(found.state, State)
    assert found.record == {"pending": [[0.1, 0.25]], "best": 0.5}


def test_the_two_last_and_the_best_are_kept(checkpoints, tmp_path):
    for step, error in enumerate((0.9, 0.2, 0.5, 0.4, 0.3), start=1):
        checkpoints.save(state(step), {}, error)
    names = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert names == {"2", "4", "5"}
    assert checkpoints.last == 5


def test_a_step_is_saved_once(checkpoints):
    checkpoints.save(state(1, 0.5), {}, 0.5)
    checkpoints.save(state(1, 0.7), {}, 0.5)
    found: Any = checkpoints.restore(state(0))
    np.testing.assert_array_equal(found.state.params["fc8"]["bias"], [0.5, 0.5])


def test_what_was_left_half_written_is_none(checkpoints, tmp_path):
    checkpoints.save(state(1), {}, 0.5)
    (tmp_path / "checkpoints" / "2.orbax-checkpoint-tmp").mkdir()
    again = Checkpoints(tmp_path / "checkpoints")
    assert again.last == 1
    again.close()


@pytest.fixture
def left_behind():
    """Where one read fails, Orbax forgets the others, which complain when they are collected."""
    yield
    gc.collect()


forgetful = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@forgetful
@pytest.mark.usefixtures("left_behind")
def test_another_networks_is_refused(checkpoints):
    checkpoints.save(state(1), {}, 0.5)
    other = state(0)._replace(params={"fc8": {"kernel": jnp.zeros((5, 2)), "bias": jnp.zeros(2)}})
    with pytest.raises(InputError, match=r"checkpoints/1` cannot be restored"):
        checkpoints.restore(other)


@forgetful
@pytest.mark.usefixtures("left_behind")
def test_a_damaged_one_is_refused(checkpoints, tmp_path):
    checkpoints.save(state(1), {}, 0.5)
    for path in (tmp_path / "checkpoints" / "1" / "state").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    with pytest.raises(InputError, match="delete it to go on from the one before"):
        checkpoints.restore(state(0))


def test_a_full_disk_leaves_what_was_there(checkpoints, tmp_path):
    checkpoints.save(state(1, 0.1), {}, 0.5)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, hard))  # bytes that a file may have
    try:
        with pytest.raises(InputError, match=r"step 2 cannot be written.* is that of step 1$"):
            checkpoints.save(state(2, 0.2), {}, 0.4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    again = Checkpoints(tmp_path / "checkpoints")
    found: Any = again.restore(state(0))
    jax.tree.map(np.testing.assert_array_equal, found.state, state(1, 0.1))
    again.save(state(2, 0.3), {}, 0.4)
    assert again.last == 2
    again.close()


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="expected a writable folder"):
        Checkpoints(tmp_path / "file")
