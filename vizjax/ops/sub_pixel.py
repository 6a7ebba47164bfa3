"""Two other ways to the transpose of a convolution: zero insertion, and sub-pixel convolution.

Both equal `vizjax.ops.deconvolution.transposed_convolution` and take the same arguments. The first
convolves at the high resolution, the second at the low one (Shi et al. 2016, arXiv 1609.07009).
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from vizjax.errors import InputError
from vizjax.ops.deconvolution import Kernel, Pads, Stride, checked_padding, strided_convolution


def zero_insert(y: Float[Array, "*places channels"], stride: Stride) -> Float[Array, "..."]:
    """`stride − 1` zeros between any two neighbours: the adjoint of `subsample`.

    Args:
      y: a signal, `(*places, channels)`.
      stride: one an axis of the plane, at least 1.

    Returns:
      A signal of `(places − 1) · stride + 1` pixels an axis.

    >>> zero_insert(jnp.array([[1.0], [2.0], [3.0]]), (2,))[:, 0].tolist()
    [1.0, 0.0, 2.0, 0.0, 3.0]
    """
    between = [(0, 0, step - 1) for step in stride]
    return jax.lax.pad(y, jnp.zeros((), y.dtype), [*between, (0, 0, 0)])


def subsample(x: Float[Array, "*plane channels"], stride: Stride) -> Float[Array, "..."]:
    """Every `stride`-th pixel, from the first: the adjoint of `zero_insert`.

    Args:
      x: a signal, `(*plane, channels)`.
      stride: one an axis of the plane, at least 1.

    Returns:
      A signal of `⌈plane / stride⌉` pixels an axis.

    >>> subsample(jnp.arange(5.0)[:, None], (2,))[:, 0].tolist()
    [0.0, 2.0, 4.0]
    """
    return x[tuple(slice(None, None, step) for step in stride)]


def zero_insertion_convolution(
    y: Float[Array, "*places features"],
    kernel: Kernel,
    size: tuple[int, ...],
    *,
    stride: Stride,
    padding: Pads | None = None,
) -> Float[Array, "*plane inputs"]:
    """`transposed_convolution` as `zero_insert`, then a convolution with the flipped kernel.

    The kernel is flipped along its window and its inputs and features change places; its padding
    is `window − 1 − p` before. All but one in `Π stride` of the products are with inserted zeros.

    Args:
      y: what a convolution returns.
      kernel: this one and all others as of `transposed_convolution`.
      size: of the plane of the result, in pixels.
      stride: the convolution's.
      padding: the convolution's.

    Returns:
      As `transposed_convolution`.

    Raises:
      InputError: as of `transposed_convolution`.
    """
    padding = checked_padding(y, kernel, size, stride, padding)
    spread = zero_insert(y, stride)
    window = kernel.shape[:-2]
    before = [w - 1 - pads[0] for w, pads in zip(window, padding, strict=True)]
    flipped = jnp.flip(kernel, range(len(window))).swapaxes(-1, -2)
    around = tuple(
        (b, n + w - 1 - m - b)
        for b, n, w, m in zip(before, size, window, spread.shape, strict=False)
    )
    return strided_convolution(spread, flipped, stride=(1,) * len(stride), padding=around)


def depth_to_space(x: Float[Array, "*places deep"], factors: Stride) -> Float[Array, "..."]:
    """Periodic shuffling: the channels of a pixel become a block of `factors` pixels.

    `y[s·r + φ, c] = x[r, (φ_1·s_2 + φ_2)·C + c]` of an image, `C` the channels that are left: the
    order of ESPCN's eq. 4 (Shi et al. 2016, arXiv 1609.05158) and of TensorFlow. A permutation, so
    its inverse `space_to_depth` is its adjoint too.

    Args:
      x: `(*places, deep)`.
      factors: `s`, the block along each axis, in pixels; `deep` is a multiple of their product.

    Returns:
      `(*(places · factors), deep / Π factors)`.

    Raises:
      InputError: as many channels cannot be shared out.

    >>> depth_to_space(jnp.array([[1.0, 2.0], [3.0, 4.0]]), (2,))[:, 0].tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    places, block = x.shape[:-1], math.prod(factors)
    if len(factors) != len(places) or x.shape[-1] % block:
        raise InputError(
            f"`x` is {' × '.join(map(str, x.shape))} with `factors` {factors}; expected one factor "
            f"an axis of the plane, and channels in multiples of {block}"
        )
    n = len(places)
    blocks = x.reshape(*places, *factors, x.shape[-1] // block)
    interleaved = blocks.transpose(*(a for k in range(n) for a in (k, n + k)), 2 * n)
    return interleaved.reshape(*(p * f for p, f in zip(places, factors, strict=True)), -1)


def space_to_depth(x: Float[Array, "*plane channels"], factors: Stride) -> Float[Array, "..."]:
    """Each block of `factors` pixels becomes one pixel of as many times the channels.

    The inverse of `depth_to_space`, and its adjoint.

    Args:
      x: `(*plane, channels)`.
      factors: the block along each axis, in pixels; the plane is made of whole ones.

    Returns:
      `(*(plane / factors), channels · Π factors)`.

    Raises:
      InputError: the plane is not made of whole blocks.
    """
    plane, n = x.shape[:-1], len(factors)
    if n != len(plane) or any(size % f for size, f in zip(plane, factors, strict=True)):
        raise InputError(
            f"`x` is {' × '.join(map(str, x.shape))} with `factors` {factors}; expected one factor "
            "an axis of the plane, and whole blocks: pad it"
        )
    split = [part for size, f in zip(plane, factors, strict=True) for part in (size // f, f)]
    blocks = x.reshape(*split, x.shape[-1])
    gathered = blocks.transpose(*range(0, 2 * n, 2), *range(1, 2 * n, 2), 2 * n)
    return gathered.reshape(*gathered.shape[:n], -1)


def sub_pixel_convolution(
    y: Float[Array, "*places features"],
    kernel: Kernel,
    size: tuple[int, ...],
    *,
    stride: Stride,
    padding: Pads | None = None,
) -> Float[Array, "*plane inputs"]:
    """`transposed_convolution` as convolutions at the low resolution, then `depth_to_space`.

    A pixel at phase `φ = (i + p) mod s` is reached by every `s`-th tap of the kernel only: the
    sub-kernel `kernel[φ + s·m]`, `m = 0, 1, …`. The `Π stride` sub-kernels are the features of one
    convolution, and shuffling puts each phase in its place (ESPCN's layer, Shi et al. 2016, arXiv
    1609.05158). No product is with an inserted zero.

    Args:
      y: what a convolution returns.
      kernel: this one and all others as of `transposed_convolution`.
      size: of the plane of the result, in pixels.
      stride: the convolution's.
      padding: the convolution's.

    Returns:
      As `transposed_convolution`.

    Raises:
      InputError: as of `transposed_convolution`.
    """
    padding = checked_padding(y, kernel, size, stride, padding)
    n, channels = len(stride), kernel.shape[-2:]
    taps = tuple(-(-w // step) for w, step in zip(kernel.shape[:n], stride, strict=True))
    missing = [(0, m * step - w) for m, step, w in zip(taps, stride, kernel.shape[:n], strict=True)]
    whole = jnp.pad(kernel, [*missing, (0, 0), (0, 0)])
    split = whole.reshape(*(k for pair in zip(taps, stride, strict=True) for k in pair), *channels)
    # (taps, features, phases, inputs): the last two are the features of the convolution.
    order = (*range(0, 2 * n, 2), 2 * n + 1, *range(1, 2 * n, 2), 2 * n)
    phases = split.transpose(order).reshape(*taps, channels[1], -1)
    around = tuple((m - 1, m - 1) for m in taps)
    low = strided_convolution(y, jnp.flip(phases, range(n)), stride=(1,) * n, padding=around)
    full = depth_to_space(low, stride)
    crop = [
        (-before, before + wanted - have, 0)
        for (before, _), wanted, have in zip(padding, size, full.shape, strict=False)
    ]
    return jax.lax.pad(full, jnp.zeros((), full.dtype), [*crop, (0, 0, 0)])
