import jax
import pytest


@pytest.fixture
def adam_promotes():
    """Optax's Adam raises a float to its integer count, which strict promotion forbids."""
    with jax.numpy_dtype_promotion("standard"):
        yield
