"""With and without: what is trained, measured and compared."""

import dataclasses
import json

import numpy as np
import pytest

from experiments import zeroing_out
from experiments.zeroing_out import TINY, Config, spread
from experiments.zeroing_out_maps import boxed, cropped
from vizjax.errors import InputError
from vizjax.models import ConvNet
from vizjax.types import Box


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def result(work):
    return zeroing_out.run(TINY, work)


@pytest.mark.slow
def test_the_same_seeds_with_and_without(result, work):
    *lines, summary = result.metrics
    assert [(line["zeroing_out"], line["seed"]) for line in lines] == [
        (False, 0),
        (True, 0),
        (False, 1),
        (True, 1),
    ]
    configs = [
        json.loads((work / name / "config.json").read_text())
        for name in ("without 0", "with 0", "without 1", "with 1")
    ]
    assert [(config["patches"], config["seed"]) for config in configs] == [
        (0, 0),
        (1, 0),
        (0, 1),
        (1, 1),
    ]
    for measure in zeroing_out.MEASURES:
        means = [np.mean([x[measure] for x in lines if x["zeroing_out"] == w]) for w in (0, 1)]
        assert summary[f"{measure}_difference"] == pytest.approx(means[1] - means[0])
        assert summary[f"{measure}_low"] <= summary[f"{measure}_high"]
        assert all(0 <= line[measure] <= 1 for line in lines)


@pytest.mark.slow
def test_the_table_and_the_figures(result):
    assert result.tables["effect"].count("\n") == 1 + len(zeroing_out.MEASURES)
    assert "| energy inside |" in result.tables["effect"]
    assert "seeds 0 to 1" in result.figures["curves"].caption
    assert result.figures["maps"].png[1:4] == b"PNG"


def test_masks_and_boxes_are_put_where_the_network_looks(randomised):
    network = randomised(ConvNet(width=1, classes=2, size=12, kernel=3, stride=1), (12, 12))
    preprocessing = dataclasses.replace(network.preprocessing, short_side=16)
    network = dataclasses.replace(network, preprocessing=preprocessing)
    mask = np.zeros((32, 32), bool)
    mask[8:20, 4:32] = True
    found = cropped(network, mask)
    assert found.shape == (12, 12)
    box = boxed(network, Box(4, 8, 32, 20), (32, 32))
    assert box == Box(0, 2, 12, 8)
    rows, columns = found.any(axis=1), found.any(axis=0)
    assert rows.tolist() == [box.y0 <= y < box.y1 for y in range(12)]
    assert columns.all()


def test_spread():
    assert spread(np.array([0.1, 0.2, 0.3])) == "20.0 (10.0–30.0)"


@pytest.mark.parametrize("option", [{"trainings": 0}, {"share": 1.0}, {"patches": 0}])
def test_what_cannot_be_used_is_refused(option):
    with pytest.raises(InputError, match=f"`{next(iter(option))}`"):
        Config(**option)
