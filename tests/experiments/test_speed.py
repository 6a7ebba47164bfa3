"""The speed experiment: that both sides agree, what is timed, and that the tiny variant runs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import speed
from experiments.speed import Plain, Sides
from vizjax.errors import InputError

ROOT = Path(__file__).parents[2]
EXPERIMENTS = sorted(
    f"experiments.{path.stem}"
    for path in (ROOT / "experiments").glob("*.py")
    if path.stem != "__init__"
)


def test_both_sides_agree_and_are_timed_in_every_round(tmp_path):
    result = speed.run(speed.TINY, tmp_path)
    assert "| convnet: saliency maps, 2 classes × 10 views |" in result.tables["times"]
    row: Any
    (row, summary), times = result.metrics, result.arrays["convnet"]
    assert times.shape == (2, speed.TINY.rounds)
    assert times.min() > 0
    assert [row["vizjax"], row["plain"]] == np.median(times, axis=1).tolist()
    assert row["difference"] <= speed.TOLERANCE
    assert summary == {"summary": True, "ratio convnet": row["ratio"]}


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
