"""The table of runs: its rows by hand, the same whoever ran them in what order."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vizjax.errors import InputError
from vizjax.runs import Run
from vizjax.sweeps import collected, write_collected


def run(number, config, *lines, status="finished", execution=("workers",)):
    manifest = {"status": status, "execution": list(execution)}
    metrics = [line if "step" in line else {"summary": True, **line} for line in lines]
    return Run(Path(f"runs/x/{number:012x}"), "x", config, manifest, metrics, [], {})


RUNS = [
    run(3, {"rate": 0.1, "seed": 0, "workers": 1, "rule": "b"}, {"step": 1}, {"error": 0.25}),
    run(1, {"rate": 10.0, "seed": 0, "workers": 2, "rule": "a"}, {"error": 0.5, "more": None}),
    run(2, {"rate": 0.1, "seed": 0, "workers": 1, "rule": "a"}, {"error": 1 / 3, "rule": "x|y"}),
    run(4, {"rate": 2.0, "seed": 0, "workers": 1, "rule": "a"}, {"error": 9.0}, status="failed"),
]


def test_rows_by_hand(tmp_path):
    table = collected(RUNS)
    assert (table.fields, table.metrics) == (["rate", "rule"], ["error", "rule", "more"])
    assert table.rows == [
        [0.1, "a", 1 / 3, "x|y", None, "000000000002"],
        [0.1, "b", 0.25, None, None, "000000000003"],
        [10.0, "a", 0.5, None, None, "000000000001"],
    ]
    write_collected(table, tmp_path)
    assert (tmp_path / "table.csv").read_text().splitlines() == [
        "rate,rule,error,rule (found),more,run",
        "0.1,a,0.3333333333333333,x|y,,000000000002",
        "0.1,b,0.25,,,000000000003",
        "10.0,a,0.5,,,000000000001",
    ]
    assert (tmp_path / "table.md").read_text().splitlines() == [
        "| rate | rule | error | rule (found) | more | run |",
        "|---|--:|--:|--:|--:|--:|",
        "| 0.1 | a | 0.333333 | x\\|y |  | 000000000002 |",
        "| 0.1 | b | 0.25 |  |  | 000000000003 |",
        "| 10 | a | 0.5 |  |  | 000000000001 |",
    ]


def test_the_order_of_the_runs_changes_no_byte(tmp_path):
    for name, runs in (("a", RUNS), ("b", RUNS[::-1])):
        paths = write_collected(collected(runs), tmp_path / name)
        assert [path.name for path in paths] == ["table.csv", "table.md", "error.png"]
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_values_of_several_kinds_have_an_order():
    values = ["b", 3, None, 2.5, True, ["a", "b"], "10"]
    runs = [run(n, {"v": value, "w": 0}, {"m": n}) for n, value in enumerate(values)]
    found = [row[0] for row in collected(runs).rows]
    assert found == [None, True, 2.5, 3, "10", '["a", "b"]', "b"]


def test_one_run_alone_has_no_swept_field(tmp_path):
    table = collected(RUNS[:1])
    assert (table.fields, table.rows) == ([], [[0.25, "000000000003"]])
    assert [path.name for path in write_collected(table, tmp_path)] == ["table.csv", "table.md"]


def test_where_nothing_is_finished():
    with pytest.raises(InputError, match="no run is finished"):
        collected(RUNS[3:])


def test_plots_show_every_run(tmp_path):
    """Numbers and words, one field and three: a panel a field, on paper that is not empty."""
    grids = {
        "one": [{"rate": 10.0**-n} for n in range(4)],
        "two": [{"rate": r, "rule": w} for r in (1.0, 2.0) for w in ("a", "b", "c")],
        "three": [
            {"rate": r, "n": n, "flag": f} for r in (1.0, 2.0) for n in (1, 2, 9) for f in (0, 1)
        ],
    }
    for name, grid in grids.items():
        runs = [
            run(n, config, {"error a/b": float(np.sin(n)), "word": "x"})
            for n, config in enumerate(grid)
        ]
        paths = write_collected(collected(runs), tmp_path / name)
        assert [path.name for path in paths] == ["table.csv", "table.md", "error_a_b.png"]
        with Image.open(io.BytesIO(paths[-1].read_bytes())) as image:
            width = 150 * (1 + 3.6 * len(grid[0]))
            assert image.size == (pytest.approx(width, abs=1), 510)
            assert len(np.unique(np.asarray(image).reshape(-1, 3), axis=0)) > 20
