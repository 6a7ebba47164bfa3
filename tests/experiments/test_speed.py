"""The speed experiment: that both sides agree, what is timed, and that the tiny variant runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tyro

from experiments import speed
from experiments.speed import Plain, Sides
from vizjax.errors import InputError

ROOT = Path(__file__).parents[2]
EXPERIMENTS = sorted(
    f"experiments.{path.stem}"
    for path in (ROOT / "experiments").glob("*.py")
    if path.stem != "__init__"
)


@pytest.fixture(scope="module")
def rows():
    return speed.run(speed.TINY)


def test_both_sides_agree_and_are_timed_in_every_round(rows):
    assert [row.what for row in rows] == ["saliency maps, 2 classes × 10 views"]
    for row in rows:
        assert len(row.vizjax) == len(row.plain) == speed.TINY.rounds
        assert min(row.vizjax + row.plain) > 0
        assert row.difference <= speed.TOLERANCE


def test_the_ratio_is_of_medians():
    row = speed.Row("", "", vizjax=[1.0, 2.0, 90.0], plain=[5.0, 6.0, 1.0], difference=0.0)
    assert row.ratio == 2.5


def test_the_plain_network_differs_in_its_pooling_alone(small_convnet):
    image = jnp.asarray(np.random.default_rng(0).uniform(0, 255, (80, 80, 3)), jnp.float32)
    plain = Plain(small_convnet)
    np.testing.assert_array_equal(plain(image), small_convnet(image))
    assert "reduce_window_max" in str(jax.make_jaxpr(plain)(image))
    assert "reduce_window_max" not in str(jax.make_jaxpr(small_convnet)(image))
    # Its parameters are arguments of compiled code.
    assert len(jax.tree.leaves(plain)) == len(jax.tree.leaves(small_convnet))


def test_results_that_differ_are_not_timed():
    sides = Sides(lambda: jnp.ones(3), lambda: jnp.array([1.0, 1.0, 1.01]))
    with pytest.raises(AssertionError, match=r"differ by 9\.9e-03"):
        speed.compare("net", "maps", sides, rounds=1)
    nan = Sides(lambda: jnp.full(3, jnp.nan), lambda: jnp.ones(3))
    with pytest.raises(AssertionError, match="differ by nan"):
        speed.compare("net", "maps", nan, rounds=1)


def test_speed_from_the_command_line(rows, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(speed, "run", lambda config, advance: rows)
    assert tyro.cli(speed.main, args=["--out", str(tmp_path / "times.json")]) == 0
    assert "| plain / vizjax |" in capsys.readouterr().out
    assert json.loads((tmp_path / "times.json").read_text())["rows"][0]["network"] == "convnet"


def test_speed_refuses_what_it_cannot_use():
    with pytest.raises(InputError, match="`rounds`"):
        speed.Config(rounds=0)


def test_importing_an_experiment_computes_nothing():
    # On a platform that does not exist, the first JAX operation fails.
    done = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(EXPERIMENTS)}"],
        env=os.environ | {"JAX_PLATFORMS": "nonexistent"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
