"""ResNet-50 (He et al. 2015, arXiv 1512.03385), as its authors' Caffe model and Keras have it."""

import functools
import string
from collections.abc import Callable

import flax.linen as nn
import jax

from vizjax import ops
from vizjax.models.layers import Add, GlobalAveragePool, MaxPool, Relu

BLOCKS = (3, 4, 6, 3)
"""The blocks of stages 2 to 5 (table 1, 50 layers)."""

EPSILON = 1e-3
"""What Keras's model of 2019 adds to every variance; the published weights state it."""

norm = functools.partial(nn.BatchNorm, use_running_average=True, epsilon=EPSILON)


class Bottleneck(nn.Module):
    """1×1, 3×3 and 1×1 convolutions beside a shortcut: `relu(x + branch(x))`.

    With `project` the shortcut is a 1×1 convolution. The stride is the first convolution's, as
    in the paper; PyTorch gives it to the 3×3 one ("v1.5").
    """

    width: int
    stride: int = 1
    project: bool = False
    relu: Callable[[jax.Array], jax.Array] = jax.nn.relu

    @nn.compact
    def __call__(self, x):
        """The block's output, four times `width` channels."""

        def conv(x, features, kernel, name, stride=1):
            x = nn.Conv(features, (kernel, kernel), stride, padding="SAME", name=name)(x)
            return norm(name=f"bn_{name}")(x)

        def relu(x, name):
            return Relu(self.relu, name=name)(x)

        y = relu(conv(x, self.width, 1, "branch2a", self.stride), "relu_branch2a")
        y = relu(conv(y, self.width, 3, "branch2b"), "relu_branch2b")
        y = conv(y, 4 * self.width, 1, "branch2c")
        shortcut = conv(x, 4 * self.width, 1, "branch1", self.stride) if self.project else x
        return relu(Add(name="add")(y, shortcut), "relu")


class ResNet(nn.Module):
    """ResNet-50: 224×224×3 to `classes` unnormalised scores, 25,636,712 numbers.

    25,583,592 of them are parameters, 53,120 the stored means and variances, with which batch
    normalisation works as in inference. Layers are named as in Caffe: `conv1`, `bn_conv1`,
    `relu_conv1`, `pool1`, `res2a` (its output, rectified) with `res2a/branch2a`,
    `res2a/bn_branch2a`, `res2a/relu_branch2a`, …, `res2a/branch1`, `res2a/add`, `res2a/relu`, …,
    `res5c`, `pool5`, `fc1000`.

    Attributes:
      classes: how many scores.
      width: the channels of conv1; the last block has 32 times as many.
      blocks: how many blocks each stage has.
      relu: the rectifier (`vizjax.rules`).
    """

    classes: int = 1000
    width: int = 64
    blocks: tuple[int, ...] = BLOCKS
    relu: Callable[[jax.Array], jax.Array] = jax.nn.relu

    @nn.compact
    def __call__(self, x):
        """The scores of the image `x`."""
        x = nn.Conv(
            self.width,
            (7, 7),
            strides=2,
            padding=3,
            conv_general_dilated=ops.conv,
            name="conv1",
        )(x)
        x = Relu(self.relu, name="relu_conv1")(norm(name="bn_conv1")(x))
        x = MaxPool(padding=((1, 1), (1, 1)), name="pool1")(x)
        for stage, blocks in enumerate(self.blocks, start=2):
            width = self.width * 2 ** (stage - 2)
            for letter in string.ascii_lowercase[:blocks]:
                first = letter == "a"
                stride = 2 if first and stage > 2 else 1
                x = Bottleneck(width, stride, first, self.relu, name=f"res{stage}{letter}")(x)
        x = GlobalAveragePool(name="pool5")(x)
        return nn.Dense(self.classes, name="fc1000")(x)
