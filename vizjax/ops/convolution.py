"""Convolution, as a matrix product where it is a full connection."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from vizjax.ops.pooling import NO_PADDING


def conv(
    x: Float[Array, "batch height width channels"],
    kernel: Float[Array, "rows columns inputs features"],
    strides: Sequence[int],
    padding: Any,
    **options: Any,
) -> Float[Array, "batch down across features"]:
    """`jax.lax.conv_general_dilated`, as a matrix product where the kernel covers the plane.

    A fully connected layer written as a convolution, such as fc6 of VGG-F, keeps its kernel's
    shape, but its gradient would slide that kernel over a plane of padding; the matrix product
    does without. For Flax:

        nn.Conv(4096, (6, 6), padding="VALID", conv_general_dilated=ops.conv)

    Args:
      x: a batch of activations.
      kernel: the weights.
      strides: rows and columns, in pixels.
      padding: as JAX takes it: pairs, or a name.
      **options: the others of `jax.lax.conv_general_dilated`.

    Returns:
      `(batch, down, across, features)`; 1 × 1 across the plane where the kernel covers it.
    """
    unpadded = padding == "VALID" or tuple(padding) == NO_PADDING
    if not unpadded or kernel.shape[:3] != x.shape[1:]:
        return jax.lax.conv_general_dilated(x, kernel, strides, padding, **options)
    matrix = kernel.reshape(-1, kernel.shape[-1])
    y = jnp.matmul(x.reshape(len(x), -1), matrix, precision=options.get("precision"))
    return y[:, None, None, :]
