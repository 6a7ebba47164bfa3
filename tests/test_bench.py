"""The benchmark's own arithmetic: what it compares, keeps and calls slower, not the peers."""

import contextlib
import importlib
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.bench import breakdown, inputs, phases, products, scaling, start, table, workers
from experiments.bench.inputs import Inputs
from experiments.bench.rows import NETWORKS, ROWS, rows_of
from experiments.bench.scaling import Point
from experiments.bench.workers import Outcome, Timing, _difference
from vizjax.errors import InputError

ROW = ROWS[2]


def outcome(ours, peer, **extra):
    sides = (Timing(seconds, 1.0, 1.0, 10**9) for seconds in (ours, peer))
    return Outcome(*sides, difference=1e-4, extra=extra)


def results(*ratios):
    return {
        ("convnet", row): outcome([0.1], [ratio / 10])
        for row, ratio in zip(ROWS, ratios, strict=False)
    }


def test_a_ratio_is_of_medians():
    assert outcome([1.0, 2.0, 30.0], [4.0, 100.0, 3.0]).ratio == 2.0


def test_the_table_states_the_geometric_mean_and_the_share_of_the_peak():
    found = {
        ("convnet", ROW): outcome([0.5], [1.0], matmul=2 * 2048**3 / 4e11, flops=1.5e11),
        ("convnet", ROWS[0]): outcome([0.5], [4.0]),
    }
    text = table.table_of(found)
    assert "Geometric mean of 2 ratios to the peers as they come: 4.00." in text  # of 2 and 8
    assert "300 GFLOP/s, 75% of a matrix product's 400" in text
    assert "| 500 | 1000 | **2.00** |" in text


def test_differences():
    assert _difference(np.array([3.0, 4.5]), np.array([3.0, 4.0])) == pytest.approx(0.1)
    assert _difference(np.array([True, False]), np.array([True, True])) == 0.5
    assert _difference(None, None) is None


class Side:
    """A process that answers from a table, and notes what it was asked."""

    def __init__(self, **answers):
        self.answers, self.asked, self.start = answers, [], 0.5

    def send(self, question):
        self.asked.append(question[0])

    def recv(self):
        return self.answers[self.asked[-1]] if self.asked else self.start


@pytest.fixture
def sides():
    """Ours and the peer's, in place of processes."""
    answers = {"check": (0.0, np.ones(2)), "time": (2.0, None), "peak": (0.0, 7)}
    return [Side(**answers, matmul=(3.0, None), flops=(0.0, 5.0)), Side(**answers)]


def test_a_peak_is_of_the_row_alone(sides):
    outcome = workers.measure(ROW, "convnet", sides, rounds=3)
    assert outcome.extra == {"matmul": 3.0, "flops": 5.0}
    assert (outcome.ratio, outcome.difference) == (1.0, 0.0)
    for side, last in zip(sides, (["matmul", "flops"], []), strict=True):
        assert side.asked == ["time", "check", *["time"] * 3, "peak", *last]


def test_what_a_side_could_not_build_is_said(sides):
    sides[1].start = ImportError("no torch here")
    with pytest.raises(ImportError, match="no torch here"):
        workers.measure(ROW, "convnet", sides, rounds=1)


@pytest.mark.parametrize("ahead", [0, 1, 5])
def test_processes_start_ahead_and_end_with_their_row(monkeypatch, tmp_path, ahead):
    alive, most = [], []

    @contextlib.contextmanager
    def worker(side, row, *_):
        alive.append((side, row))
        yield row
        alive.remove((side, row))

    monkeypatch.setattr(workers, "_worker", worker)
    chosen = [("convnet", row) for row in ROWS[:4]]
    for (_, row), (name, found, sides) in zip(
        chosen, workers.started(chosen, tmp_path, ahead=ahead), strict=True
    ):
        assert (name, found, sides) == ("convnet", row, [row.name] * 2)
        most.append(len(alive) // 2)
    assert most == [min(1 + ahead, len(chosen) - number) for number in range(len(chosen))]
    assert not alive


@pytest.mark.parametrize("result", [np.full(2, 1.1), np.full(2, np.nan), None])
def test_results_that_differ_or_are_not_there_are_no_row(sides, result):
    sides[0].answers["check"] = (0.0, result)
    with pytest.raises(AssertionError, match=r"saliency, 64 images: .* expected at most 0\.01"):
        workers.measure(ROW, "convnet", sides, rounds=1)


def test_what_is_kept_is_compared(tmp_path):
    path = tmp_path / "kept.json"
    table.keep(path, results(2.0, 4.0, 1.0))
    (kept,) = json.loads(path.read_text())["runs"]
    assert kept["ratios"] == {f"convnet/{row.name}": r for row, r in zip(ROWS, (2.0, 4.0, 1.0))}  # noqa: B905
    assert {"processor", "cores", "jax", "torch"} <= set(kept["machine"])
    assert table.slower(path, results(1.9, 5.0, 0.8)) == []
    assert table.slower(path, results(1.4, 2.9, 9.0)) == [
        f"convnet/{ROWS[0].name}: 1.40, kept 2.00",
        f"convnet/{ROWS[1].name}: 2.90, kept 4.00",
    ]


def test_what_another_machine_kept_stays_and_counts_less(tmp_path, monkeypatch):
    path, name = tmp_path / "kept.json", f"convnet/{ROWS[0].name}"
    monkeypatch.setattr(table, "machine", lambda: {"processor": "old"})
    table.keep(path, results(8.0, 4.0))
    monkeypatch.setattr(table, "machine", lambda: {"processor": "new"})
    assert table.slower(path, results(2.0)) == [f"{name}: 2.00, kept 8.00"]
    table.keep(path, results(2.0))
    assert table.slower(path, results(2.0, 3.5)) == []
    monkeypatch.setattr(table, "machine", lambda: {"processor": "new", "device": "a GPU"})
    assert table.slower(path, results(0.1)) == []  # no ratio of a GPU is kept
    monkeypatch.setattr(table, "machine", lambda: {"processor": "new"})
    table.keep(path, results(3.0))
    assert [run["ratios"][name] for run in json.loads(path.read_text())["runs"]] == [8.0, 3.0]


@pytest.mark.parametrize("content", [None, "{", "[]", '{"runs": [{"ratios": {"a": "fast"}}]}'])
def test_nothing_kept_to_compare_with_is_said(tmp_path, content):
    path = tmp_path / "kept.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"kept\.json.*--keep"):
        table.slower(path, results(1.0))


def test_the_kept_ratios_are_of_rows_that_exist():
    path = table.KEPT
    names = {f"{network}/{row.name}" for network in NETWORKS for row in rows_of(network)}
    runs = json.loads(path.read_text())["runs"]
    assert {name for run in runs for name in run["ratios"]} == names


def test_inputs_survive_their_file(tmp_path):
    rng = np.random.default_rng(0)
    given = Inputs(
        images=rng.random((2, 4, 5, 3), np.float32),
        views=rng.random((1, 4, 5, 3), np.float32),
        labels=np.array([1, 2]),
        noise=np.zeros((1, 4, 5, 3), np.float32),
        mean=np.zeros(3, np.float32),
        bgr=True,
        weights={"fire2/squeeze1x1/kernel": np.ones((1, 1, 2, 3))},
        photographs={"cat/canvas": rng.random((40, 80, 3)), "cat/map": rng.random((40, 80))},
    )
    given.save(tmp_path / "inputs.npz")
    read = inputs.load_inputs(tmp_path / "inputs.npz")
    assert read.bgr is True
    for name, value in given._asdict().items():
        np.testing.assert_equal(getattr(read, name), value)
    paths = inputs.write_photographs(tmp_path, given)
    assert len(paths) == len(set(paths)) == 50


def test_slopes_are_of_the_larger_half():
    found = [Point("images", n, 7.0 if n < 8 else n**2.0, 3.0 * n) for n in (1, 2, 4, 8, 16, 32)]
    assert scaling.slope(found, "milliseconds") == pytest.approx(2.0)
    assert scaling.slope(found, "megabytes") == pytest.approx(1.0)


@pytest.mark.slow
def test_scaling_runs(tmp_path, capsys):
    assert scaling.main(scaling.TINY, tmp_path) == 0
    assert (tmp_path / "scaling.png").stat().st_size > 10_000
    points = json.loads((tmp_path / "scaling.json").read_text())["points"]
    assert len(points) == 10
    assert capsys.readouterr().out.count("\n") >= len(scaling.REASONS)


def test_products_are_those_that_the_result_needs_with_their_operations():
    def conv(x, kernel, **options):
        numbers = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(x, kernel, dimension_numbers=numbers, **options)

    kernel, matrix = jnp.ones((3, 3, 3, 5)), jnp.ones((4 * 4 * 5, 7))

    @jax.jit
    def function(x):
        conv(x, 2 * kernel, window_strides=(1, 1), padding="SAME")  # nobody asks for it
        y = conv(x, kernel, window_strides=(2, 2), padding="VALID")
        turned, pads = kernel.swapaxes(2, 3), [(1, 1), (1, 1)]
        spread = conv(y, turned, window_strides=(1, 1), padding=pads, lhs_dilation=(2, 2))
        return jnp.tanh(y.reshape(2, -1) @ matrix), spread

    found = products.products(function, jnp.ones((2, 9, 9, 3)))
    assert [one.shapes for one in found] == [
        "2×9×9×3 by 3×3×3×5 to 2×4×4×5",
        "2×4×4×5 by 3×3×5×3 to 2×7×7×3",
        "2×80 by 80×7 to 2×7",
    ]
    # Seven times three places meet ten pixels of four in a line, the rest zeros between and beside.
    expected = [2 * 27 * 2 * 16 * 5, 2 * 15 * 2 * 10 * 10, 2 * 80 * 14]
    assert [one.flops for one in found] == pytest.approx(expected)
    assert [one.alone()()[0].shape[-1] for one in found] == [5, 3, 7]


@pytest.mark.slow
def test_the_breakdown_runs(capsys):
    assert breakdown.main(breakdown.Config(images=1, searched=1, rounds=1, slowest=2)) == 0
    out = capsys.readouterr().out
    assert out.count("the slowest products:") == 4
    assert out.count(" to 1×") == 8


def test_a_breakdown_refuses():
    with pytest.raises(InputError, match="`rounds` is 0"):
        breakdown.Config(rounds=0)


@pytest.mark.parametrize("watched", phases.LATER.values())
def test_a_phase_ends_at_a_function(watched):
    module, name, edge = watched
    assert callable(getattr(importlib.import_module(module), name))
    assert edge in ("before", "after")


@pytest.mark.slow
def test_the_phases_of_a_start(capsys):
    assert start.main(start.Config(starts=1)) == 0
    lines = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    seconds = [float(time.strip(" |")) for _, time in lines]
    assert len(seconds) == len(phases.PHASES) + 1
    assert min(seconds) >= 0
    assert sum(seconds[:-1]) == pytest.approx(seconds[-1], abs=0.1)


def test_a_start_refuses(tmp_path):
    with pytest.raises(InputError, match="`starts` is 0"):
        start.Config(starts=0)
    with pytest.raises(InputError, match=r"`photo` is .*nothing.*nothing"):
        start.main(start.Config(photo=str(tmp_path / "nothing.png"), starts=1))


@pytest.mark.slow
def test_a_convolution_has_the_operations_that_xla_counts(small_squeezenet):
    image = small_squeezenet.blank()
    found = products.products(jax.grad(lambda image: small_squeezenet(image)[2]), image)
    for one in {one.shapes: one for one in found}.values():
        run = one.alone()
        compiled: Any = run.func
        cost: Any = compiled.lower(*run.args).compile().cost_analysis()
        assert one.flops == pytest.approx(cost["flops"], rel=1e-6), one.shapes
