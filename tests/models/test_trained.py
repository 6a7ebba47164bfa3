"""A trained network in a file: what is written is what is read."""

import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from vizjax.errors import InputError
from vizjax.models import ConvNet, Labels, Network, Preprocessing, SqueezeNet, load
from vizjax.models.trained import load_network, save_network


@pytest.fixture(scope="module")
def network(randomised):
    module = ConvNet(width=2, classes=3, size=12, kernel=5, stride=1, pad=2, hidden=9)
    made = randomised(module, (12, 12), short_side=14)
    mean = np.random.default_rng(0).uniform(0, 255, (12, 12, 3)).astype(np.float32)
    labels = Labels(names=(("cat", "puss"), ("dog",), ("frog",)))
    preprocessing = Preprocessing(
        mean, np.array([60, 61, 62], np.float32), size=(12, 12), short_side=14
    )
    return Network(module, made.variables, preprocessing, labels, name="small")


def test_round_trip(network, tmp_path):
    save_network(tmp_path / "network.safetensors", network)
    image = jnp.asarray(np.random.default_rng(1).uniform(0, 255, (12, 12, 3)), jnp.float32)
    for path in (tmp_path, tmp_path / "network.safetensors"):
        read = load(str(path))
        np.testing.assert_array_equal(read(image), network(image))
        assert read.module == network.module
        assert read.preprocessing.short_side == 14
        assert read.labels.index("puss") == 0
        assert read.name == "small"


def test_with_another_rule_it_is_written_as_it_was(network, tmp_path):
    save_network(tmp_path / "a.safetensors", network.with_rule("guided"))
    assert load_network(tmp_path / "a.safetensors").module == network.module


def test_another_module_is_not_written(randomised, tmp_path):
    with pytest.raises(InputError, match="`network` is a SqueezeNet; expected one of: ConvNet"):
        save_network(tmp_path / "a.safetensors", randomised(SqueezeNet(classes=2), (40, 40)))


def test_no_network(network, tmp_path):
    with pytest.raises(InputError, match="does not exist; expected a network that `vizjax train`"):
        load(str(tmp_path))
    file = tmp_path / "network.safetensors"
    file.write_bytes(b"nothing")
    with pytest.raises(InputError, match="is no network"):
        load(str(file))
    save_file({"a": np.zeros(2, np.float32)}, file)
    with pytest.raises(InputError, match="is no network: no entry 'vizjax'"):
        load(str(file))
    save_network(file, network)
    with pytest.raises(InputError, match="weights of its own"):
        load(str(file), weights="other.pth")


def test_an_array_that_is_missing(network, tmp_path):
    file = tmp_path / "network.safetensors"
    save_network(file, network)
    from safetensors import safe_open

    with safe_open(file, "numpy") as opened:
        metadata = opened.metadata()
    arrays = load_file(file)
    del arrays["params/fc7/bias"]
    save_file(arrays, file, metadata)
    with pytest.raises(InputError, match="no `params/fc7/bias`"):
        load(str(file))
