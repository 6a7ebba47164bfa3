"""Trainings in processes of their own: many devices, several hosts, killed, on a full disk."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from vizjax.models import load
from vizjax.training.log import read_metrics

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("run_training.py")
EXACT = "--dropout", "0", "--epochs", "2"
"""Without dropout, whose masks the parts of a batch have for themselves."""


def command(pictures, folder, *options):
    return [sys.executable, str(SCRIPT), str(pictures), str(folder), *options]


def environment(devices, **more):
    flags = f"--xla_force_host_platform_device_count={devices}"
    return {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", **more}


def trained(pictures, folder, *options, devices=1):
    done = subprocess.run(
        command(pictures, folder, *options),
        env=environment(devices),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def parameters(folder):
    leaves = jax.tree.leaves_with_path(load(str(folder)).variables)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def assert_alike(folder, other):
    """The same numbers but for the order in which devices' sums are added."""
    ours, theirs = (
        [{k: v for k, v in line.items() if "test" not in k} for line in read_metrics(one)]
        for one in (folder, other)
    )
    for line, its in zip(ours[:-1], theirs[:-1], strict=True):
        assert line == pytest.approx(its, rel=1e-3, abs=1e-5)
    theirs = parameters(other)
    for name, array in parameters(folder).items():
        np.testing.assert_allclose(array, theirs[name], rtol=1e-3, atol=1e-4)


@pytest.fixture(scope="module")
def on_one(pictures, tmp_path_factory):
    return trained(pictures, tmp_path_factory.mktemp("one"), *EXACT)


def test_on_eight_devices(pictures, tmp_path, on_one):
    assert_alike(trained(pictures, tmp_path, *EXACT, devices=8), on_one)


def test_on_four_devices_in_two_parts(pictures, tmp_path, on_one):
    folder = trained(pictures, tmp_path, *EXACT, "--accumulate", "2", devices=4)
    assert_alike(folder, on_one)


def test_dropout_is_the_same_on_any_number_of_devices(pictures, tmp_path):
    one, eight = (
        trained(pictures, tmp_path / str(devices), "--epochs", "1", devices=devices)
        for devices in (1, 8)
    )
    assert_alike(one, eight)


def test_on_two_hosts_of_two_devices(pictures, tmp_path, on_one):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        coordinator = f"localhost:{free.getsockname()[1]}"
    hosts = [
        subprocess.Popen(
            command(pictures, tmp_path, *EXACT, "--distributed"),
            env=environment(
                2,
                JAX_COORDINATOR_ADDRESS=coordinator,
                JAX_NUM_PROCESSES="2",
                JAX_PROCESS_ID=str(host),
            ),
            stderr=subprocess.PIPE,
            text=True,
        )
        for host in range(2)
    ]
    for host in hosts:
        _, err = host.communicate(timeout=240)
        assert host.returncode == 0, err
    assert_alike(tmp_path, on_one)


def test_killed_at_ten_random_moments(pictures, tmp_path):
    """Each process is given a little more than it needs to make its first new checkpoint."""
    options = "--epochs", "150", "--width", "8"
    undisturbed = trained(pictures, tmp_path / "undisturbed", *options)
    folder, rng, kills = tmp_path / "killed", random.Random(0), 0
    while kills < 10:
        process = subprocess.Popen(
            command(pictures, folder, *options),
            env=environment(1),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        before = newest(folder)
        while newest(folder) == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 1.0))
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
    trained(pictures, folder, *options)
    assert read_metrics(folder) == read_metrics(undisturbed)
    theirs = parameters(undisturbed)
    for name, array in parameters(folder).items():
        np.testing.assert_array_equal(array, theirs[name])
    assert kills == 10


def newest(folder):
    names = [path.name for path in (folder / "checkpoints").glob("*")]
    return max((int(name) for name in names if name.isdecimal()), default=0)


def test_a_full_disk_loses_nothing(pictures, tmp_path):
    """No file may grow beyond a size between that of the metrics and that of a checkpoint."""
    folder = trained(pictures, tmp_path, "--epochs", "1")
    kept = {p: p.read_bytes() for p in (folder / "checkpoints").rglob("*") if p.is_file()}
    network = (folder / "network.safetensors").read_bytes()
    # More epochs of the same: the folder is told so, and its summary taken back.
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"epochs": 1.0', '"epochs": 2.0'))
    metrics = folder / "metrics.jsonl"
    metrics.write_text("".join(metrics.read_text().splitlines(keepends=True)[:-1]))
    done = subprocess.run(
        command(pictures, folder, "--epochs", "2", "--largest-file", "4000"),
        env=environment(1),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "expected" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in kept} == kept
    assert (folder / "network.safetensors").read_bytes() == network
    trained(pictures, folder, "--epochs", "2")
    assert read_metrics(folder)[-1]["summary"]
