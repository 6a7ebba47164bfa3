"""How the tests' own programs are compiled: see `conftest.py`."""

import os
import subprocess
import sys

import jax
import pytest

UNOPTIMISED = "XLA_FLAGS: --xla_backend_optimization_level=0"


@pytest.mark.skipif(not jax.__version__.startswith("0.10."), reason="its flags are known of 0.10")
@pytest.mark.parametrize(
    ("arguments", "quickly"), [([], True), (["-m", "slow"], False), (["-m", "not slow"], False)]
)
def test_the_tests_chosen_by_default_compile_quickly(arguments, quickly):
    command = [sys.executable, "-m", "pytest", "--collect-only", *arguments, __file__]
    # This run's own flags, and those of its workers, are not that run's.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("XLA_", "PYTEST_"))}
    header = subprocess.run(command, env=environment, text=True, capture_output=True).stdout
    assert "XLA_FLAGS:" in header
    assert (UNOPTIMISED in header) == quickly
