"""Convolution in the form that is fastest: a matrix product, or backwards over blocks."""

import functools
from collections.abc import Callable, Sequence
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
    """`jax.lax.conv_general_dilated`, in another form where that is faster backwards.

    A fully connected layer written as a convolution, such as fc6 of VGG-F, keeps its kernel's
    shape, but its gradient would slide that kernel over a plane of padding: where the kernel
    covers the plane, it is a matrix product.

    The gradient of a strided convolution is a convolution of a plane that is mostly zeros. Where
    the kernel is at least twice the stride, as in the first layer of VGG-F (11 by 4) or ResNet
    (7 by 2), it is computed over blocks of stride × stride pixels instead, each taken for one
    pixel of as many times the channels: no stride, no zeros, half the time on a CPU. (Of 3 by 2,
    the blocks would hold more padding than they save.) There it has a reverse mode only.

    For Flax:

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
    pads = padding
    if isinstance(padding, str):
        pads = jax.lax.padtype_to_pads(x.shape[1:3], kernel.shape[:2], strides, padding)
    if tuple(map(tuple, pads)) == NO_PADDING and kernel.shape[:3] == x.shape[1:]:
        matrix = kernel.reshape(-1, kernel.shape[-1])
        y = jnp.matmul(x.reshape(len(x), -1), matrix, precision=options.get("precision"))
        return y[:, None, None, :]
    ungrouped = kernel.shape[2] == x.shape[3]
    undilated = all(set(options.get(f"{side}_dilation") or {1}) == {1} for side in ("lhs", "rhs"))
    strided = all(1 < s <= k / 2 for s, k in zip(strides, kernel.shape[:2], strict=True))
    forward = functools.partial(
        jax.lax.conv_general_dilated, window_strides=strides, padding=pads, **options
    )
    if ungrouped and undilated and strided:
        return _blocked_backwards(forward, strides, pads, options)(x, kernel)
    return forward(x, kernel)


def _blocked_backwards(
    forward: Callable[..., Array],
    strides: Sequence[int],
    pads: Sequence[Sequence[int]],
    options: dict[str, Any],
) -> Callable[..., Array]:
    def by_blocks(x, kernel):
        x, kernel = _as_blocks(x, kernel, strides, pads)
        return jax.lax.conv_general_dilated(x, kernel, (1, 1), NO_PADDING, **options)

    def backward(residual, g):
        x, kernel = residual
        (of_x,) = jax.linear_transpose(lambda x: by_blocks(x, kernel), x)(g)
        (of_kernel,) = jax.linear_transpose(lambda kernel: forward(x, kernel), kernel)(g)
        return of_x, of_kernel

    convolve = jax.custom_vjp(forward)
    convolve.defvjp(lambda x, kernel: (forward(x, kernel), (x, kernel)), backward)
    return convolve


def _as_blocks(
    x: Array, kernel: Array, strides: Sequence[int], pads: Sequence[Sequence[int]]
) -> tuple[Array, Array]:
    """Activations and weights whose convolution needs neither stride nor padding."""
    of_x, of_kernel = [], []
    for size, window, stride, (before, after) in zip(
        x.shape[1:3], kernel.shape[:2], strides, pads, strict=True
    ):
        blocks = -(-window // stride)
        places = (size + before + after - window) // stride + 1
        of_x.append((before, (places + blocks - 1) * stride - size - before))
        of_kernel.append((0, blocks * stride - window))
    x = _blocked(_padded(x, [(0, 0), *of_x, (0, 0)]), strides)
    weights = _blocked(_padded(kernel, [*of_kernel, (0, 0), (0, 0)])[None], strides)[0]
    return x, weights.reshape(*weights.shape[:2], -1, kernel.shape[-1])


def _padded(x: Array, pads: Sequence[tuple[int, int]]) -> Array:
    """With zeros, or cut where the padding is negative."""
    return jax.lax.pad(x, jnp.zeros((), x.dtype), [(*pair, 0) for pair in pads])


def _blocked(x: Array, strides: Sequence[int]) -> Array:
    """`(batch, down · stride, across · stride, …)` to `(batch, down, across, stride² · …)`."""
    batch, height, width, *_ = x.shape
    down, across = strides
    split = x.reshape(batch, height // down, down, width // across, across, -1)
    return split.swapaxes(2, 3).reshape(batch, height // down, width // across, -1)
