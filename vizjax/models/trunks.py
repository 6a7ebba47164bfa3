"""The convolutional trunks of AlexNet and VGG-16: all before the full connections."""

from collections.abc import Callable

import flax.linen as nn
import jax

from vizjax import ops
from vizjax.models.layers import MaxPool, Relu

STAGES = ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8))
"""Of each stage of VGG-16, how many convolutions and how wide, in multiples of the first."""


class AlexNetTrunk(nn.Module):
    """AlexNet's convolutions, from 224×224×3 to `relu5` of 13×13×256.

    In the geometry of "One weird trick" (Krizhevsky 2014, arXiv 1404.5997), torchvision's:
    neither groups nor response normalisation. Layers: `conv1`, `relu1`, `pool1`, `conv2`,
    `relu2`, `pool2`, `conv3`, `relu3`, …, `relu5`. It has 2,469,696 parameters.

    Attributes:
      width: the channels of conv1; the others have 3, 6, 4 and 4 times as many.
      relu: the rectifier (`vizjax.rules`).
    """

    width: int = 64
    relu: Callable[[jax.Array], jax.Array] = jax.nn.relu

    @nn.compact
    def __call__(self, x):
        """The last rectified activation of the image `x`."""

        def conv(x, number, multiple, kernel, stride, pad):
            name = f"conv{number}"
            features = multiple * self.width
            x = nn.Conv(
                features,
                (kernel, kernel),
                stride,
                padding=pad,
                conv_general_dilated=ops.conv,
                name=name,
            )(x)
            return Relu(self.relu, name=f"relu{number}")(x)

        x = MaxPool(name="pool1")(conv(x, 1, 1, 11, stride=4, pad=2))
        x = MaxPool(name="pool2")(conv(x, 2, 3, 5, stride=1, pad=2))
        for number, multiple in ((3, 6), (4, 4), (5, 4)):
            x = conv(x, number, multiple, 3, stride=1, pad=1)
        return x


class VGG16Trunk(nn.Module):
    """VGG-16's convolutions, from 224×224×3 to `relu5_3` of 14×14×512.

    Simonyan & Zisserman 2014 (arXiv 1409.1556), configuration D. Layers: `conv1_1`, `relu1_1`,
    `conv1_2`, `relu1_2`, `pool1`, `conv2_1`, …, `relu5_3`. It has 14,714,688 parameters.

    Attributes:
      width: the channels of the first stage; the others have 2, 4, 8 and 8 times as many.
      relu: the rectifier (`vizjax.rules`).
    """

    width: int = 64
    relu: Callable[[jax.Array], jax.Array] = jax.nn.relu

    @nn.compact
    def __call__(self, x):
        """The last rectified activation of the image `x`."""
        for stage, (convs, multiple) in enumerate(STAGES, start=1):
            if stage > 1:
                x = MaxPool((2, 2), name=f"pool{stage - 1}")(x)
            for number in range(1, convs + 1):
                layer = f"{stage}_{number}"
                features = multiple * self.width
                x = nn.Conv(features, (3, 3), padding="SAME", name=f"conv{layer}")(x)
                x = Relu(self.relu, name=f"relu{layer}")(x)
        return x
