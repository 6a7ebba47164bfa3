"""Several devices and several processes find what one finds; one alone notices nothing of it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from vizjax import devices
from vizjax.devices import ALONE, Processes, connected
from vizjax.errors import InputError

TESTS = Path(__file__).parent
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS" and "JAX_" not in k}


def test_one_device_shares_with_nobody():
    assert devices.mesh() is None
    assert devices.mesh_of({"image": np.zeros(3), "state": jax.numpy.zeros(3)}) is None
    with jax.default_device(jax.devices()[0]):
        assert devices.mesh() is None


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize(("length", "step"), [(0, 1), (1, 4), (7, 2), (24, 3), (100, 16)])
def test_stretches_are_all_there_is_in_order(count, length, step):
    stretches = [Processes(number, count).stretch(length, step=step) for number in range(count)]
    assert [n for stretch in stretches for n in stretch] == list(range(length))
    assert all(stretch.start % step == 0 for stretch in stretches if len(stretch))
    lengths = [len(stretch) for stretch in stretches]
    assert max(lengths) - min(lengths) <= 2 * step


def test_a_process_that_is_alone_has_all_that_it_finds():
    found = {"a": np.arange(3)}
    assert ALONE.stretch(5) == range(5)
    assert ALONE.gathered(lambda: found) == [found]
    with connected(False) as processes:
        assert processes == ALONE

    def broken():
        raise InputError("`a` is broken")

    with pytest.raises(InputError, match=r"^`a` is broken$"):
        ALONE.gathered(broken)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "the other processes cannot be joined .* expected Slurm"),
        ({"JAX_NUM_PROCESSES": "two"}, "`JAX_NUM_PROCESSES` is two; expected a number"),
        (
            {"JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "2", "JAX_COORDINATOR_ADDRESS": "x:1"},
            "`JAX_PROCESS_ID` is 2 with `JAX_NUM_PROCESSES` 2; expected one below",
        ),
    ],
)
def test_processes_that_cannot_be_joined(monkeypatch, environment, message):
    for name in devices.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=message), connected():
        pass


@pytest.mark.slow
def test_eight_devices_find_what_one_finds(tmp_path):
    """Class models but for the rounding of batches of other sizes; all else to the bit."""
    run = [sys.executable, str(TESTS / "many_devices.py"), str(tmp_path)]
    done = subprocess.run(run, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    ascents = {name: found.pop(name) for name in list(found) if "classes" in name}
    assert found == dict.fromkeys(found, 0.0)
    assert found.keys() > {"search", "scores", "averaged", "pyramid", "survey"}
    assert len(ascents) == 3
    assert max(ascents.values()) < 1e-5


@pytest.mark.slow
def test_two_processes_find_what_one_finds(tmp_path):
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    shared = {"JAX_COORDINATOR_ADDRESS": f"localhost:{port}", "JAX_NUM_PROCESSES": "2"}
    run = [sys.executable, str(TESTS / "two_processes.py"), str(tmp_path)]
    started = [
        subprocess.Popen(
            run,
            env=ENVIRONMENT | shared | {"JAX_PROCESS_ID": str(number)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    try:
        for process in started:
            out, err = process.communicate(timeout=300)
            assert process.returncode == 0, err
            assert out.splitlines()[-1] == "equal"
    finally:
        for process in started:
            process.kill()
