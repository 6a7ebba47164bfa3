"""A small network that the experiment trains itself, looked at."""

import dataclasses

import numpy as np
import pytest

from experiments import cifar10_looks
from experiments.cifar10_looks import TINY, Config, large
from vizjax.errors import InputError


@pytest.mark.slow
@pytest.mark.usefixtures("adam_promotes")
def test_everything_is_shown(tmp_path):
    result = cifar10_looks.run(TINY, tmp_path)
    assert set(result.figures) == {
        "class models paper",
        "class models natural",
        "saliency",
        "search",
    }
    models = [line for line in result.metrics if "recipe" in line]
    assert len(models) == 2 * 10
    summary = result.metrics[-1]
    assert summary["classes_right"] == sum("picture" in line for line in result.metrics) > 0
    assert set(result.inputs) == {"shapes", "network"}

    given = dataclasses.replace(TINY, network=tmp_path / "training")
    again = cifar10_looks.run(given, tmp_path / "again")
    assert again.metrics == result.metrics


def test_pixels_become_squares():
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    shown = large(picture)
    assert shown.shape == (128, 128, 3)
    np.testing.assert_array_equal(shown[::64, ::64], picture)


@pytest.mark.parametrize("option", [{"channels": 0}, {"l2": -1.0}, {"steps": 0}])
def test_what_cannot_be_used_is_refused(option):
    with pytest.raises(InputError, match=f"`{next(iter(option))}`"):
        Config(**option)
