"""The experiment of these tests: NumPy alone, in a file of its own."""

from pathlib import Path

import pytest

from vizjax.runs import experiment


@pytest.fixture(scope="session")
def bowl():
    """Its module."""
    return experiment(Path(__file__).parents[1] / "bowl.py")
