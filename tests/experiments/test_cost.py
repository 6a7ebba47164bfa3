"""What things cost: measured in seconds, and carried to full scale by arithmetic."""

import dataclasses
import json
from typing import Any

import pytest

from experiments import cost, scale
from experiments.scale import Cost, scale_table
from vizjax.errors import InputError

PARTS = {
    "scores": 0.01, "maps": 0.02, "deep maps": 0.005, "search": 0.001, "class models": 0.5,
    "read": 0.05, "read, one view": 0.08, "ten views": 0.1, "pyramid": 0.2, "cut, paper": 0.6,
    "cut, vizjax": 1.2, "survey, paper": 1.0, "explain, five classes": 2.0,
}  # fmt: skip
COSTS = [
    Cost(what, "net", "one", seconds, disk=1e4, number=10 if what in ("scores", "maps") else 1)
    for what, seconds in PARTS.items()
]


def rows(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_full_scale_is_the_product():
    """Ten views of 10 + 20 ms are 0.3 s; reading 0.15 s, cutting 0.6 s; 10 kB a photograph."""
    found = {tuple(row[:3]): row[3:] for row in rows(scale_table(COSTS, "net"))}
    title = "maps, the paper's procedure"
    assert found[title, "validation", "1"] == ["4.2 h", "4.2 h", "1", "2", "500 MB"]
    assert found[title, "validation", "8"] == ["31 min", "2.1 h", "4", "16", "500 MB"]
    assert found[title, "training", "64"] == ["1.7 h", "53 h", "32", "128", "13 GB"]
    classes = found["1000 class models × 100 steps", "", "8"]
    assert classes == ["1.7 h", "1.7 h", "0", "0", "10 MB"]  # 125 each, half a second a step


def test_the_batch_that_is_fastest_counts():
    slow, fast = (Cost("maps", "net", "view", s, batch=b) for s, b in ((2.0, 1), (1.0, 8)))
    assert scale.fastest([slow, fast], "maps", "net") == fast


@pytest.mark.slow
def test_everything_is_measured_and_read_again(tmp_path):
    found = cost.run(cost.TINY, tmp_path)
    metrics: list[Any]
    *metrics, summary = found.metrics
    costs = [Cost(**metric) for metric in metrics]
    assert summary["maps squeezenet1_1, ms"] == 1000 * costs[0].seconds
    assert {one.what for one in costs} >= PARTS.keys()
    assert all(one.seconds > 0 or one.disk > 0 for one in costs)
    assert "scale squeezenet1_1" in found.tables
    device = tmp_path / "device.jsonl"
    lines = [metric | {"on": "a GPU", "peak": None} for metric in metrics[:5]]
    device.write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = dataclasses.replace(cost.TINY, device=device, photographs=0)
    again: list[Any] = list(cost.run(config, tmp_path).metrics)
    assert [Cost(**metric) for metric in again[:-1]] == costs[:5]


@pytest.mark.parametrize("content", [None, "{}\n", "no JSON\n"])
def test_refuses_a_file_of_something_else(tmp_path, content):
    path = tmp_path / "device.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"`device` is .* which cannot be read"):
        cost.run(cost.Config(device=path), tmp_path)


@pytest.mark.parametrize(
    "wrong", [{"views": ()}, {"images": (0,)}, {"steps": 0}, {"photographs": -1}, {"rounds": 0}]
)
def test_configurations_it_refuses(wrong):
    with pytest.raises(InputError, match=f"`{next(iter(wrong))}` is"):
        cost.Config(**wrong)
