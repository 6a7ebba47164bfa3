"""What differs between runs, and by how much."""

from pathlib import Path

import pytest

from vizjax.report.differences import (
    Block,
    Row,
    compared,
    compared_in_parts,
    in_order,
    names_of,
)
from vizjax.report.wording import duration
from vizjax.runs import Run


def made(config, metrics=(), **manifest):
    """A run that never was."""
    known = {"status": "finished", "vizjax": "0.1", "seconds": 2.0, "versions": {"jax": "0.10"}}
    return Run(Path("runs/x/0"), "x", config, known | manifest, list(metrics), [], {})


def test_only_what_differs_is_compared():
    one = {"seed": 0, "colours": {"components": 5, "rounds": 2}}
    other = {"seed": 0, "colours": {"components": 7, "rounds": 2}, "soft": True}
    blocks = compared(
        [
            made(one, [{"summary": True, "iou": 0.5, "best": "cam"}]),
            made(other, [{"summary": True, "iou": 0.75}], versions={"jax": "0.11"}, seconds=70.0),
        ]
    )
    assert blocks == [
        Block("Configuration", [Row("colours.components", ["5", "7"]), Row("soft", ["–", "true"])]),
        Block(
            "Made with",
            [
                Row("versions.jax", ["0.10", "0.11"]),
                Row("time", [duration(2.0), duration(70.0)]),
            ],
        ),
        Block(
            "Measures",
            [
                Row("iou", ["0.5000", "0.7500"], ["", "+0.2500"]),
                Row("best", ["cam", "–"], ["", ""]),
            ],
        ),
    ]


def test_how_a_run_is_executed_is_no_difference():
    runs = [made({"l2": 1, "workers": n}, execution=["workers"]) for n in (1, 2)]
    assert [block.title for block in compared(runs)] == ["Made with"]  # the time
    assert names_of(runs) == ["run 1", "run 2"]


def test_what_a_run_did_not_come_to_say_is_no_difference_and_it_is_no_reference():
    measured = [{"summary": True, "iou": 0.5}]
    runs = [
        made({"l2": 0}, status="failed", seconds=None, device=None, error="x"),
        made({"l2": 1}, measured, device="cpu", seconds=None, inputs={"weights": "a" * 64}),
        made({"l2": 2}, measured, device="gpu", seconds=None, inputs={"weights": "b" * 64}),
    ]
    assert compared(runs)[1:] == [
        Block(
            "Made with",
            [
                Row("device", ["–", "cpu", "gpu"]),
                Row("inputs.weights", ["–", "a" * 12, "b" * 12]),
            ],
        ),
        Block("Measures", [Row("iou", ["–", "0.5000", "0.5000"], ["", "", "="])]),
    ]
    assert len(compared(runs[:2])) == 2  # nothing that is known to differ has made them


def test_several_lines_of_the_whole_run_are_told_apart_by_their_texts():
    first = [{"summary": True, "map": name, "iou": iou} for name, iou in (("a", 0.2), ("b", 0.4))]
    second = [{"summary": True, "map": name, "iou": iou} for name, iou in (("b", 0.4), ("a", 0.1))]
    (block,) = [one for one in compared([made({}, first), made({}, second)]) if "Meas" in one.title]
    assert block.rows == [
        Row("a: iou", ["0.2000", "0.1000"], ["", "−0.1000"]),
        Row("b: iou", ["0.4000", "0.4000"], ["", "="]),
    ]


def test_parts_are_matched_by_their_texts_and_by_their_turn():
    first = [
        {"map": "a", "iou": 0.2, "photos": 3},
        {"map": "b", "iou": 0.4, "photos": 3},
        {"map": "b", "iou": 0.5, "photos": 3},
        {"summary": True, "iou": 0.3},
    ]
    second = [first[1], first[0] | {"iou": 0.3}, first[2] | {"iou": 0.4}]
    blocks, same, left_out = compared_in_parts([made({}, first), made({}, second)])
    assert blocks == [
        Block("a", [Row("iou", ["0.2000", "0.3000"], ["", "+0.1000"])]),
        Block("b (2)", [Row("iou", ["0.5000", "0.4000"], ["", "−0.1000"])]),
    ]
    assert (same, left_out) == (4, 0)


def test_of_very_many_parts_some_are_left_out():
    first, second = ([{"step": n, "loss": n + k} for n in range(130)] for k in (0.0, 0.5))
    blocks, same, left_out = compared_in_parts([made({}, first), made({}, second)])
    assert sum(len(block.rows) for block in blocks) == 100
    assert (blocks[0].title, same, left_out) == ("line 1", 130, 30)


@pytest.mark.parametrize(
    ("configs", "names"),
    [
        ([{"l2": 1e-6, "n": 3}, {"l2": 0.1, "n": 3}], ["l2 1e-06", "l2 0.1"]),
        ([{"l2": 1, "on": False}, {"l2": 1}], ["on false", "on –"]),
        ([{"text": "x" * 60}, {"text": "y"}], ["run 1", "run 2"]),
        ([{}, {}], ["run 1", "run 2"]),
        ([{"seed": 0}], ["run 1"]),
    ],
)
def test_names(configs, names):
    assert names_of([made(config) for config in configs]) == names


def test_the_order_is_that_of_the_values():
    values = [10, 9.5, None, "b", "a", -1]
    runs = [made({"field": value, "same": 1}) for value in values]
    found = [run.config["field"] for run in in_order(runs)]
    assert found == [None, -1, 9.5, 10, "a", "b"]
