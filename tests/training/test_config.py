"""What follows from the size, and what is refused."""

import jax
import jax.numpy as jnp
import pytest

from vizjax.errors import InputError
from vizjax.training import Config


def sizes(config, classes):
    module = config.module(classes)
    blank = jnp.zeros((1, config.size, config.size, 3))
    params = jax.eval_shape(module.init, jax.random.key(0), blank)["params"]
    return {name: leaf["kernel"].shape for name, leaf in params.items()}


def test_the_papers_geometry_is_the_default():
    full = Config().resolved()
    assert (full.side, full.margin, full.kernel, full.stride, full.pad) == (256, 0, 11, 4, 0)
    found = sizes(Config(), 1000)
    assert found["conv1"] == (11, 11, 3, 64)
    assert found["fc6"] == (6, 6, 256, 4096)
    assert found["fc8"] == (1, 1, 4096, 1000)


def test_small_pictures():
    full = Config(size=32).resolved()
    assert (full.side, full.margin, full.kernel, full.stride, full.pad) == (32, 4, 5, 1, 2)
    found = sizes(Config(size=32), 10)
    assert found["conv1"] == (5, 5, 3, 64)
    assert found["fc6"] == (4, 4, 256, 1024)  # 32 → 16 → 8 → 4


def test_what_is_given_stays():
    config = Config(size=32, margin=0, hidden=77, kernel=3, side=40)
    full = config.resolved()
    assert (full.margin, full.hidden, full.kernel, full.side) == (0, 77, 3, 40)
    assert full.resolved() is full


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", 0),
        ("kernel", 0),
        ("side", 200),
        ("dropout", 1.0),
        ("momentum", -0.1),
        ("lighting", -1.0),
        ("lighting", float("nan")),
        ("patches", -1),
        ("patch", 1.5),
        ("batch", 0),
        ("accumulate", 3),
        ("epochs", 0.0),
        ("learning_rate", 0.0),
        ("drops", (0.5, 2.0)),
        ("log", 0),
        ("seed", -1),
    ],
)
def test_what_cannot_be_used_is_refused(name, value):
    with pytest.raises(InputError, match=f"`{name}` is"):
        Config(**{name: value})
