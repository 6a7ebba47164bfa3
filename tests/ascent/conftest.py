import jax
import pytest


@pytest.fixture(autouse=True)
def promotion():
    """Optax's Adam raises a float to its integer count, which strict promotion forbids.

    What vizjax itself computes stays under test: `Fourier`, transformations and objectives are
    called under strict promotion by their own tests, marked below.
    """
    with jax.numpy_dtype_promotion("standard"):
        yield
