"""What a result may hold, and how it is written."""

import io
import json
from typing import Any

import matplotlib.figure
import numpy as np
import pytest
from PIL import Image

from vizjax.errors import InputError
from vizjax.runs import Figure, Result
from vizjax.runs.result import publish, stage


def write_result(result, folder):
    stage(result, folder)
    publish(folder)


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_numpys_numbers_are_numbers_and_what_is_not_finite_is_null(tmp_path):
    metric = {
        "a": np.float32(0.5), "b": np.int64(3), "c": np.bool_(True), "d": None, "e": "λ",
        "f": float("nan"), "g": np.inf,
    }  # fmt: skip
    write_result(Result([metric, {"summary": True}]), tmp_path)
    expected = {"a": 0.5, "b": 3, "c": True, "d": None, "e": "λ", "f": None, "g": None}
    assert lines(tmp_path) == [expected, {"summary": True}]


def test_a_result_takes_the_place_of_the_last(tmp_path):
    write_result(Result([], arrays={"a": np.ones(2)}, tables={"t": "x"}), tmp_path)
    write_result(Result([{"n": 1}], arrays={"b": np.zeros(3)}), tmp_path)
    assert sorted(one.name for one in tmp_path.rglob("*") if one.is_file()) == [
        "b.npy", "figures.json", "metrics.jsonl",
    ]  # fmt: skip


def test_figures(tmp_path):
    drawn = matplotlib.figure.Figure(figsize=(3, 2))
    drawn.subplots().plot([1, 2])
    of_plot = Figure.of_plot(drawn, "a line")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 7, 3), np.uint8)
    of_picture = Figure.of_picture(pixels, "noise")
    with Image.open(io.BytesIO(of_plot.png)) as image:
        assert image.size == (450, 300)
    write_result(Result([], figures={"b": of_plot, "a": of_picture}), tmp_path)
    with Image.open(tmp_path / "figures" / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
    captions = json.loads((tmp_path / "figures.json").read_text())
    assert list(captions.items()) == [("b", "a line"), ("a", "noise")]


NESTED: Any = [{"x": [1, 2]}]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (Result(NESTED), r"the metric `x` is \[1, 2\]; expected a number"),
        (Result([], tables={"../x": ""}), "`../x` names a part of a result"),
        (Result([], arrays={".x": np.ones(1)}), "`.x` names a part"),
        (Result([], arrays={"": np.ones(1)}), "`` names a part"),
    ],
)
def test_what_a_result_cannot_hold(result, message, tmp_path):
    with pytest.raises(InputError, match=message):
        write_result(result, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_objects_are_not_pickled(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle"):
        write_result(Result([], arrays={"x": np.array([{}, None])}), tmp_path)
