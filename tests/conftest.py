"""What every test runs under: checked shapes, and no silent broadcasting or promotion."""

from jaxtyping import install_import_hook

# Before vizjax is first imported: from then on its annotations are checked at every call.
install_import_hook("vizjax", "beartype.beartype")

import jax  # noqa: E402
import pytest  # noqa: E402

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")


@pytest.fixture
def key():
    return jax.random.key(20130612)


@pytest.fixture(scope="session")
def squeezenet():
    """SqueezeNet v1.1 with its real weights, as shipped."""
    from vizjax.models import load

    return load("squeezenet1_1")
