"""The paper's network, in the exact geometry of VGG-F (CNN-F).

Simonyan et al. 2013 train "conv64-conv256-conv256-conv256-conv256-full4096-full4096-full1000",
a net close to Krizhevsky et al. 2012; its geometry is that of `imagenet-vgg-f` (Chatfield et
al. 2014, arXiv 1405.3531).
"""

from collections.abc import Callable

import flax.linen as nn
import jax

from vizjax import ops
from vizjax.errors import InputError
from vizjax.models.layers import LocalResponseNorm, MaxPool, Relu


class ConvNet(nn.Module):
    """The ConvNet of Simonyan et al. 2013: zero-centred RGB to `classes` unnormalised scores.

    | layer           | kernel                         | output (size 224) |
    |-----------------|--------------------------------|-------------------|
    | conv1           | 64 of 11×11, stride 4          | 54×54             |
    | norm1, pool1    | LRN; max 3×3, stride 2, ceil   | 27×27             |
    | conv2           | 256 of 5×5, pad 2              | 27×27             |
    | norm2, pool2    | as above                       | 13×13             |
    | conv3 … conv5   | 256 of 3×3, pad 1              | 13×13             |
    | pool5           | max 3×3, stride 2, ceil        | 6×6               |
    | fc6, fc7        | 4096 each, dropout in training | 1×1               |
    | fc8             | `classes`                      | 1×1               |

    A rectifier follows every layer but the last: `relu1` … `relu7`. The fully connected layers are
    convolutions over all that is left of the plane, as in MatConvNet (and computed as the matrix
    products that they are). At full size it has 60,834,536 parameters.

    Small pictures need another first layer and no more: of 32×32 pixels, `size=32, kernel=5,
    stride=1, pad=2` leaves planes of 32, 16, 8 and, after pool5, 4 pixels.

    Kernels are initialised as by He et al. 2015 (arXiv 1502.01852), a variance of 2 by the fan-in,
    for inputs of unit variance; those of fc8 with a deviation of 0.01 (Krizhevsky et al. 2012), so
    that all classes begin as equals; biases as zeros.

    Attributes:
      width: the channels of conv1; conv2 … conv5 have 4 times as many.
      classes: how many scores.
      size: height and width of the input in pixels.
      kernel: height and width of conv1's kernels.
      stride: conv1's.
      pad: the pixels of zeros around conv1's input.
      hidden: the features of fc6 and fc7; None for 64 times `width`.
      dropout: the rate after fc6 and fc7, in training only.
      relu: the rectifier (`vizjax.rules`).
    """

    width: int = 64
    classes: int = 1000
    size: int = 224
    kernel: int = 11
    stride: int = 4
    pad: int = 0
    hidden: int | None = None
    dropout: float = 0.5
    relu: Callable[[jax.Array], jax.Array] = jax.nn.relu

    @nn.compact
    def __call__(self, x, *, train: bool = False):
        """The scores of the image `x`; with `train`, dropout asks for a `dropout` key."""
        if x.shape[-3:-1] != (self.size, self.size):
            raise InputError(
                f"`x` is {' × '.join(map(str, x.shape))}; expected height × width × channels of "
                f"{self.size} × {self.size} × 3: give `ConvNet(size=…)` or resize the image"
            )

        def conv(number, features, kernel, stride=1, pad=0):
            layer = nn.Conv(
                features,
                kernel,
                stride,
                padding=pad,
                kernel_init=nn.initializers.he_normal(),
                conv_general_dilated=ops.conv,
                name=f"conv{number}",
            )
            return Relu(self.relu, name=f"relu{number}")(layer(x))

        def full(number, features, init=nn.initializers.he_normal()):  # noqa: B008
            layer = nn.Conv(
                features,
                x.shape[-3:-1],
                padding="VALID",
                kernel_init=init,
                conv_general_dilated=ops.conv,
                name=f"fc{number}",
            )
            return layer(x)

        def hidden(number):
            features = self.hidden or 64 * self.width
            y = Relu(self.relu, name=f"relu{number}")(full(number, features))
            return nn.Dropout(self.dropout, name=f"drop{number}")(y, deterministic=not train)

        x = conv(1, self.width, (self.kernel, self.kernel), self.stride, self.pad)
        x = LocalResponseNorm(name="norm1")(x)
        x = MaxPool(ceil=True, name="pool1")(x)
        x = conv(2, 4 * self.width, (5, 5), pad=2)
        x = LocalResponseNorm(name="norm2")(x)
        x = MaxPool(ceil=True, name="pool2")(x)
        for number in (3, 4, 5):
            x = conv(number, 4 * self.width, (3, 3), pad=1)
        x = MaxPool(ceil=True, name="pool5")(x)
        for number in (6, 7):
            x = hidden(number)
        return full(8, self.classes, nn.initializers.normal(0.01))[..., 0, 0, :]
