"""A whole training of a tiny net: what it writes, that it learns, stops, goes on, and refuses."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from little_cifar import TINY

from vizjax.errors import InputError
from vizjax.models import load
from vizjax.training import train
from vizjax.training.log import read_metrics
from vizjax.training.loop import BEST

STEPS = 15


class Trained:
    """What came of a training, and what it told."""

    def __init__(self, data, folder, config=TINY, **options):
        self.folder, self.told = folder, []
        self.outcome = train(data, config, folder, report=self.told.append, **options)

    @property
    def arrays(self):
        leaves = jax.tree.leaves_with_path(load(str(self.folder)).variables)
        return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    return Trained(data, tmp_path_factory.mktemp("whole"))


def assert_same(one, other):
    assert read_metrics(one.folder) == read_metrics(other.folder)
    assert one.outcome == other.outcome
    ours, theirs = one.arrays, other.arrays
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name])


def test_the_lines_of_metrics(whole):
    lines = read_metrics(whole.folder)
    steps = [line["step"] for line in lines]
    assert steps == [4, 5, 8, 10, 12, 15, 15]  # every four, at each epoch's end, and the summary
    assert [line["step"] for line in lines if "test_top1" in line] == [5, 10, 15]
    assert lines[-1]["summary"] is True
    assert lines[-1]["top1"] == lines[-2]["test_top1"] == whole.outcome.centre.top1
    assert lines[-1]["ten_views_top1"] == whole.outcome.ten.top1
    assert lines[0]["learning_rate"] == pytest.approx(TINY.learning_rate * 3 / 5)
    assert [p.step for p in whole.told] == steps[:-1]
    assert all(p.steps == STEPS for p in whole.told)
    assert whole.told[-1].left == 0


def test_it_learns(whole):
    losses = [line["loss"] for line in read_metrics(whole.folder) if "loss" in line]
    assert losses[0] == pytest.approx(np.log(10), rel=0.1)
    assert losses[-1] < 0.97 * losses[0]


def test_tensorboards_events_are_there(whole):
    (events,) = (whole.folder / "events").iterdir()
    assert events.name.startswith("events.out.tfevents")
    assert b"images_per_second" in events.read_bytes()


def test_the_folder_is_a_network(whole, data):
    network = load(str(whole.folder))
    assert network.labels.index("ship") == 8
    assert network.preprocessing.size == (12, 12)
    photos, labels = zip(*data.test, strict=True)
    scores = jax.vmap(network)(jnp.stack([network.prepare(photo) for photo in photos]))
    error = np.mean(np.asarray(scores).argmax(axis=1) != labels)
    assert error == whole.outcome.centre.top1
    least = min(line["test_top1"] for line in read_metrics(whole.folder) if "test_top1" in line)
    best = load(str(whole.folder / BEST))
    scores = jax.vmap(best)(jnp.stack([best.prepare(photo) for photo in photos]))
    assert np.mean(np.asarray(scores).argmax(axis=1) != labels) == least


@pytest.mark.parametrize("at", [1, 7])
def test_stopped_and_resumed_it_ends_the_same(whole, data, tmp_path, at):
    asked = iter(range(1, STEPS))
    stopped = Trained(data, tmp_path, stop=lambda: next(asked) == at)
    assert (stopped.outcome.finished, stopped.outcome.step) == (False, at)
    assert_same(Trained(data, tmp_path), whole)


def test_lines_after_the_last_checkpoint_are_taken_out(whole, data, tmp_path):
    asked = iter(range(1, STEPS))
    Trained(data, tmp_path, stop=lambda: next(asked) == 6)
    with (tmp_path / "metrics.jsonl").open("a") as file:  # as a process leaves it that was killed
        file.write('{"step": 8, "loss": 99.0}\n{"step": 10, "lo')
    assert_same(Trained(data, tmp_path), whole)


def test_from_files_it_is_the_same_training(whole, data, tmp_path, monkeypatch):
    monkeypatch.setattr("vizjax.training.data.MEMORY", 0)
    assert_same(Trained(data, tmp_path), whole)


def test_a_finished_training_is_not_repeated(whole, data, monkeypatch):
    monkeypatch.setattr("vizjax.training.loop.batches", None)
    again = Trained(data, whole.folder)
    assert again.outcome == whole.outcome
    assert again.told == []


def test_the_last_and_the_best_are_kept(whole):
    kept = {int(path.name) for path in (whole.folder / "checkpoints").iterdir()}
    lines = [line for line in read_metrics(whole.folder) if "test_top1" in line]
    least = min(line["test_top1"] for line in lines)
    best = {line["step"] for line in lines if line["test_top1"] == least}
    assert {10, 15} <= kept
    assert kept & best


def test_another_training_in_the_folder_is_refused(whole, data):
    other = dataclasses.replace(TINY, momentum=0.8)
    with pytest.raises(InputError, match=r"momentum 0.9 there, 0.8 now"):
        train(data, other, whole.folder)


def test_a_loss_that_is_no_number_stops_it(data, tmp_path):
    asked = iter(range(1, STEPS))
    hot = dataclasses.replace(TINY, learning_rate=1e30, warmup=1.5)
    stopped = Trained(data, tmp_path, hot, stop=lambda: next(asked) == 1)
    assert not stopped.outcome.finished
    with pytest.raises(InputError, match=r"is not a number.*`learning_rate`.*that of step 1,"):
        train(data, hot, tmp_path)
    lines = read_metrics(tmp_path)
    assert all(np.isfinite(line["loss"]) for line in lines)


def test_the_configuration_is_kept(whole):
    kept = json.loads((whole.folder / "config.json").read_text())
    assert kept["data"] == "cifar10, train and test"
    assert kept["learning_rate"] == TINY.learning_rate
    assert kept["margin"] == 2
