"""Batches from memory and from files are the same."""

import numpy as np
import pytest
from little_cifar import TINY

from vizjax.training.batches import batches
from vizjax.training.data import decoded
from vizjax.training.devices import all_devices
from vizjax.training.order import order


def taken(data, *, memory, first=0, workers=0):
    kept = decoded(data.train) if memory else None
    found = batches(data.train, kept, TINY.resolved(), all_devices(), first, 7, workers)
    return [tuple(map(np.asarray, batch)) for batch in found]


@pytest.fixture(scope="module")
def from_memory(data):
    return taken(data, memory=True)


def assert_same(one, other):
    assert len(one) == len(other)
    for batch, its in zip(one, other, strict=True):
        for array, counterpart in zip(batch, its, strict=True):
            np.testing.assert_array_equal(array, counterpart)


def test_the_order_is_that_of_the_seed(data, from_memory):
    positions = np.concatenate([position for _, _, position in from_memory])
    np.testing.assert_array_equal(positions, np.arange(7 * 16))
    labels = np.concatenate([label for _, label, _ in from_memory])
    expected = [data.train[int(index)][1] for index in order(TINY.seed, 80, positions)]
    np.testing.assert_array_equal(labels, expected)


def test_from_files_they_are_the_same(data, from_memory):
    assert_same(taken(data, memory=False), from_memory)


def test_from_any_step_on(data, from_memory):
    assert_same(taken(data, memory=True, first=5), from_memory[5:])
    assert_same(taken(data, memory=False, first=5), from_memory[5:])
    assert taken(data, memory=False, first=7) == []


@pytest.mark.slow
def test_worker_processes_change_nothing(data, from_memory):
    assert_same(taken(data, memory=False, first=2, workers=2), from_memory[2:])
