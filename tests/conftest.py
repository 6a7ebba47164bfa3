"""What every test runs under: checked shapes, and no silent broadcasting or promotion."""

import os

from jaxtyping import install_import_hook

# Before vizjax is first imported: from then on its annotations are checked at every call.
install_import_hook("vizjax", "beartype.beartype")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

QUICK = (
    "--xla_backend_optimization_level=0 --xla_cpu_parallel_codegen_split_count=1"
    " --xla_cpu_use_fusion_emitters=false"
)
"""Compilation takes a fifth of its time with these, and JAX's programs are the same. The tests of
`make test-slow` and `make test-peers` have the machine code that everyone has."""


def pytest_configure(config):
    """Before JAX has started; an unknown flag would end the process, so of a known version only."""
    by_default = config.option.markexpr in config.getini("addopts")
    if by_default and jax.__version__.startswith("0.10."):
        os.environ.setdefault("XLA_FLAGS", QUICK)
    if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):  # which share the cores
        os.environ.setdefault("NPROC", str(max(1, (os.cpu_count() or 1) // int(workers))))


def pytest_report_header():
    return f"XLA_FLAGS: {os.environ.get('XLA_FLAGS', '')}"


def pytest_ignore_collect(collection_path, config):
    """The peers are installed for `make test-peers` alone: without it their tests can't be read."""
    return True if collection_path.name == "peers" and config.option.markexpr != "peers" else None


@pytest.fixture(scope="session")
def key():
    return jax.random.key(20130612)


@pytest.fixture
def adam_promotes():
    """Optax's Adam raises a float to its integer count, which strict promotion forbids."""
    with jax.numpy_dtype_promotion("standard"):
        yield


def small(module, size, **preprocessing):
    """A `Network` of random parameters: a net without biases would hide half the mistakes."""
    from vizjax.models import Network, Preprocessing

    shapes = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((*size, 3)))
    rng = np.random.default_rng(0)

    def draw(leaf):  # biases of variance 0.1, kernels by their fan-in
        variance = 2 / np.prod(leaf.shape[:-1]) if len(leaf.shape) > 1 else 0.1
        return jnp.asarray(rng.normal(0, variance**0.5, leaf.shape), jnp.float32)

    mean, scale = np.array([124, 117, 104], np.float32), np.array([58, 57, 59], np.float32)
    return Network(
        module,
        jax.tree.map(draw, shapes),
        Preprocessing(mean, scale, size=size, **preprocessing),
    )


@pytest.fixture(scope="session")
def randomised():
    """`(module, size) -> Network` of random parameters."""
    return small


@pytest.fixture(scope="session")
def small_convnet():
    """The paper's network with 2 channels for 64, on 80×80 pixels, to 7 classes; RGB."""
    from vizjax.models import ConvNet

    return small(ConvNet(width=2, classes=7, size=80), (80, 80))


@pytest.fixture(scope="session")
def small_squeezenet():
    """SqueezeNet of random parameters on 59×43 pixels, to 5 classes; BGR."""
    from vizjax.models import SqueezeNet

    return small(SqueezeNet(classes=5), (59, 43), channels="bgr")


@pytest.fixture(scope="session")
def squeezenet():
    """SqueezeNet v1.1 with its real weights, as shipped."""
    from vizjax.models import load

    return load("squeezenet1_1")
