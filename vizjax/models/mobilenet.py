"""MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381), in torchvision's geometry."""

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from vizjax.models.layers import Add, GlobalAveragePool, Relu6

norm = functools.partial(nn.BatchNorm, use_running_average=True, epsilon=1e-5)


class Stage(NamedTuple):
    """A row of the paper's table 2: blocks of one width, of which the first has the stride."""

    expansion: int
    features: int
    blocks: int
    stride: int


STAGES = (
    Stage(1, 16, 1, 1),
    Stage(6, 24, 2, 2),
    Stage(6, 32, 3, 2),
    Stage(6, 64, 4, 2),
    Stage(6, 96, 3, 1),
    Stage(6, 160, 3, 2),
    Stage(6, 320, 1, 1),
)


class InvertedResidual(nn.Module):
    """A 1×1 expansion, a 3×3 convolution of each channel, and a linear 1×1 projection.

    There is no expansion where it would be by 1; the input is added where the shape stays.
    """

    expansion: int
    features: int
    stride: int = 1
    relu: Callable[[jax.Array], jax.Array] = jax.nn.relu

    @nn.compact
    def __call__(self, x):
        """The block's output: `features` channels."""
        channels = x.shape[-1]
        wide = self.expansion * channels
        y = x
        if self.expansion != 1:
            y = conv_norm(y, wide, 1, "expand")
            y = Relu6(self.relu, name="relu_expand")(y)
        y = conv_norm(y, wide, 3, "depthwise", self.stride, groups=wide)
        y = Relu6(self.relu, name="relu_depthwise")(y)
        y = conv_norm(y, self.features, 1, "project")
        same = self.stride == 1 and channels == self.features
        return Add(name="add")(x, y) if same else y


class MobileNetV2(nn.Module):
    """MobileNetV2: 224×224×3 to `classes` unnormalised scores, 3,504,872 parameters.

    Batch normalisation works as in inference, with 34,112 stored means and variances. Every
    rectifier saturates at 6 (`layers.Relu6`: a backward rule leaves the saturation as it is).
    Layers: `conv_first`, `bn_conv_first`, `relu_conv_first`, `block1` … `block17` (outputs, not
    rectified) with `block2/expand`, `block2/bn_expand`, `block2/relu_expand`, `block2/depthwise`,
    …, `block2/project`, `block2/bn_project` and, where the shape stays, `block3/add`;
    `conv_last`, `bn_conv_last`, `relu_conv_last`, `pool`, `fc`.

    Attributes:
      classes: how many scores.
      first: the channels of the first convolution.
      stages: the blocks.
      last: the channels of the last convolution.
      relu: the rectifier below the saturation (`vizjax.rules`).
    """

    classes: int = 1000
    first: int = 32
    stages: tuple[Stage, ...] = STAGES
    last: int = 1280
    relu: Callable[[jax.Array], jax.Array] = jax.nn.relu

    @nn.compact
    def __call__(self, x):
        """The scores of the image `x`."""
        x = conv_norm(x, self.first, 3, "conv_first", stride=2)
        x = Relu6(self.relu, name="relu_conv_first")(x)
        number = 0
        for expansion, features, blocks, stride in self.stages:
            for block in range(blocks):
                number += 1
                step = stride if block == 0 else 1
                name = f"block{number}"
                x = InvertedResidual(expansion, features, step, self.relu, name=name)(x)
        x = conv_norm(x, self.last, 1, "conv_last")
        x = Relu6(self.relu, name="relu_conv_last")(x)
        x = GlobalAveragePool(name="pool")(x)
        return nn.Dense(self.classes, name="fc")(x)


def conv_norm(x, features, kernel, name, stride=1, groups=1):
    """A convolution without bias, and the layer `bn_<name>` that normalises its output."""
    x = nn.Conv(
        features,
        (kernel, kernel),
        stride,
        padding=kernel // 2,  # both sides alike: "SAME" would pad a stride of 2 unevenly
        feature_group_count=groups,
        use_bias=False,
        conv_general_dilated=depthwise_conv if groups > 1 else None,
        name=name,
    )(x)
    return norm(name=f"bn_{name}")(x)


def depthwise_conv(
    x: Float[Array, "batch height width channels"],
    kernel: Float[Array, "rows columns 1 channels"],
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    **options: Any,
) -> Float[Array, "batch down across channels"]:
    """The convolution of each channel by itself, as a sum of shifted planes.

    `y[r, c, k] = Σ_ij x[r·s_y + i, c·s_x + j, k] · w[i, j, k]`

    On a CPU XLA's grouped convolution takes 4 to 8 times as long forwards, twice as long back.
    It takes the place of `jax.lax.conv_general_dilated` in `nn.Conv`; the groups are the channels
    and the other options are not for it.
    """
    del options
    x = jnp.pad(x, ((0, 0), *padding, (0, 0)))
    rows, columns = kernel.shape[:2]
    down, across = strides
    bottom, right = x.shape[1] - rows + 1, x.shape[2] - columns + 1

    def tap(i, j):
        return x[:, i : i + bottom : down, j : j + right : across] * kernel[None, None, i, j]

    return functools.reduce(operator.add, (tap(i, j) for i, j in np.ndindex(rows, columns)))
