"""Speed, and a batch learnt by heart."""

import dataclasses
from typing import Any

import pytest

from experiments import train_throughput
from experiments.train_throughput import TINY, Config, by_heart
from vizjax.errors import InputError


@pytest.mark.slow
def test_the_rows_and_the_batch_learnt_by_heart(tmp_path):
    result = train_throughput.run(TINY, tmp_path)
    metrics: list[Any] = list(result.metrics)
    sides = [line["side"] for line in metrics if "side" in line]
    assert sides == ["vizjax", "vizjax, with augmentation"]
    losses = [line["loss"] for line in metrics if "loss" in line]
    summary = metrics[-1]
    assert losses[-1] < TINY.loss <= min(losses[:-1])
    assert summary["steps_to_zero"] == len(losses)
    assert summary["images_per_second"] == pytest.approx(8 / metrics[0]["seconds"])
    assert "| vizjax, with augmentation |" in result.tables["speed"]


@pytest.mark.slow
def test_what_is_not_learnt_is_said():
    with pytest.raises(InputError, match="`steps` is 2, and after 2 the loss is"):
        by_heart(dataclasses.replace(TINY, steps=2))
    with pytest.raises(InputError, match=r"`steps` is 300, and after \d{1,2} the loss is nan"):
        by_heart(dataclasses.replace(TINY, learning_rate=1e6))


@pytest.mark.parametrize(
    "option", [{"rounds": 0}, {"learnt": -1}, {"size": 32}, {"batch": 0}, {"steps": 0}]
)
def test_what_cannot_be_used_is_refused(option):
    with pytest.raises(InputError, match=f"`{next(iter(option))}`"):
        Config(**option)
