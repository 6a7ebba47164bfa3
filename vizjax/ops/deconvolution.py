"""Deconvolution: convolution as a matrix, its transpose, and what the transpose recovers.

A convolution is a linear map `y = Ax`. What networks call deconvolution is the transpose `Aᵀy`
(its backward pass), in general not an inverse: a stride leaves fewer outputs than inputs, so that
`A` has a null space, and what `x` has of it is lost. With the rows of `A` orthogonal and of equal
length, `AAᵀ = cI`, the transpose inverts as far as can be:

- `y` is recovered exactly: `A(Aᵀy/c) = y`;
- `x` up to the null space: `Aᵀ(Ax)/c` is the orthogonal projection of `x` onto the row space, the
  shortest of all signals that `A` takes to `y`.

With other rows `Aᵀy/c` does neither for all `y`, whatever `c`; the pseudo-inverse `Aᵀ(AAᵀ)⁻¹y` does
both as long as the rows are independent.

After Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?", arXiv
1609.07009; `vizjax.ops.sub_pixel` has their two other ways to `Aᵀy`.

Signals are `(*plane, channels)` with a plane of any number of axes: one of a vector, two of an
image. Kernels are `(*window, inputs, features)`; as everywhere in networks a convolution does not
flip them. `stride` and `padding` have one entry an axis of the plane.
"""

import math
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from vizjax.errors import InputError

Stride: TypeAlias = tuple[int, ...]
Pads: TypeAlias = tuple[tuple[int, int], ...]
"""`(before, after)` of each axis, in pixels; less than 0 cuts off."""

Kernel: TypeAlias = Float[Array, "*window inputs features"]


def _places(kernel: Array, size: tuple[int, ...], stride: Stride, padding: Pads) -> tuple[int, ...]:
    """How many windows there are along each axis of a plane of `size`."""
    window = kernel.shape[:-2]
    if not len(window) == len(size) == len(stride) == len(padding):
        raise InputError(
            f"`kernel` is {' × '.join(map(str, kernel.shape))} on a plane of size {size} with "
            f"`stride` {stride} and `padding` {padding}; expected window × inputs × features, and "
            "one entry of each for every axis of the plane"
        )
    room = [n + sum(pads) - w for n, pads, w in zip(size, padding, window, strict=True)]
    if min(room) < 0 or min(stride) < 1:
        raise InputError(
            f"`kernel` has a window of {window} on a plane of {size} with `stride` {stride} and "
            f"`padding` {padding}; expected one that fits at least once, and steps of at least 1"
        )
    return tuple(n // step + 1 for n, step in zip(room, stride, strict=True))


def _unless_given(padding: Pads | None, stride: Stride) -> Pads:
    return ((0, 0),) * len(stride) if padding is None else padding


def strided_convolution(
    x: Float[Array, "*plane inputs"], kernel: Kernel, *, stride: Stride, padding: Pads | None = None
) -> Float[Array, "*places features"]:
    """`y[r] = Σ_k x[s·r + k − p] · kernel[k]`: the map `A`, of one signal.

    Args:
      x: the signal.
      kernel: the weights; not flipped.
      stride: `s`, in pixels.
      padding: `p` before and after, of zeros; None for none. Pixels at the end that no window
        reaches are not seen.

    Returns:
      The value of every window.

    Raises:
      InputError: no window fits, or the numbers of axes differ.
    """
    padding = _unless_given(padding, stride)
    _places(kernel, x.shape[:-1], stride, padding)
    axes = tuple(range(len(stride)))
    signal = (0, len(axes) + 1, *(axis + 1 for axis in axes))
    numbers = jax.lax.ConvDimensionNumbers(signal, (len(axes) + 1, len(axes), *axes), signal)
    return jax.lax.conv_general_dilated(
        x[None], kernel, stride, padding, dimension_numbers=numbers
    )[0]


def convolution_matrix(
    kernel: Kernel, size: tuple[int, ...], *, stride: Stride, padding: Pads | None = None
) -> Float[Array, "outputs pixels"]:
    """The matrix `A` of a convolution: `y.reshape(-1) = A @ x.reshape(-1)`.

    Shi et al. take a vector of 8, padded to 12, a filter of 4 and a stride of 2, so 5 outputs.
    The matrix on the padded vector is `convolution_matrix(kernel, (12,), stride=(2,))`, 5 × 12;
    with `(8,)` and `padding=((2, 2),)` it is the same without the columns of the padding, 5 × 8.

    The filter (−1, 0, 0, 1) has orthogonal rows on the 12: `AAᵀ = 2I`. Row `r` is the difference
    `x[2r + 3] − x[2r]`; no pixel is in two of them, and 1 and 10 are in none. `Aᵀy/2` has all five
    differences and is thus exact in `y`; of `x` it lacks the sums of the five pairs and the two
    unseen pixels: the null space, of 12 − 5 = 7 dimensions. On the 8 the rows stay orthogonal, but
    the first and the last, half of which was padding, have length 1: `AAᵀ = diag(1, 2, 2, 2, 1)`,
    and the pseudo-inverse divides each `y[r]` by its own. There the two pixels whose partner is
    padding, known to be 0, are recovered exactly, and the null space has 8 − 5 = 3 dimensions.
    The rows of (1, 2, 3, 4) overlap: `AAᵀ` is 30 on and 11 beside the diagonal, `Aᵀy` inverts
    nothing.

    Args:
      kernel: the weights.
      size: of the plane, in pixels. The matrix has as many columns as the signal has values:
        meant for small ones.
      stride: in pixels.
      padding: before and after, of zeros; None for none.

    Returns:
      One row an output, one column an input, each in the order of a flattened signal.

    Raises:
      InputError: as of `strided_convolution`.

    >>> A = convolution_matrix(jnp.array([-1.0, 0, 0, 1]).reshape(4, 1, 1), (12,), stride=(2,))
    >>> A[1].astype(int).tolist()
    [0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    >>> bool((A @ A.T == 2 * jnp.eye(5)).all())
    True
    """
    shape = (*size, kernel.shape[-2])

    def column(pixel):
        y = strided_convolution(pixel.reshape(shape), kernel, stride=stride, padding=padding)
        return y.reshape(-1)

    return jax.vmap(column)(jnp.eye(math.prod(shape), dtype=kernel.dtype)).T


def transposed_convolution(
    y: Float[Array, "*places features"],
    kernel: Kernel,
    size: tuple[int, ...],
    *,
    stride: Stride,
    padding: Pads | None = None,
) -> Float[Array, "*plane inputs"]:
    """`Aᵀy`: each value of `y` pastes the kernel where it was read; overlaps add up.

    `x[i] = Σ_(r,k: s·r + k − p = i) kernel[k] · y[r]`, so that `⟨Ax, y⟩ = ⟨x, Aᵀy⟩` for all `x`.

    Args:
      y: what a convolution returns.
      kernel: the convolution's own, as `strided_convolution` takes it.
      size: of the plane of the result, in pixels: with a stride several have as many outputs.
      stride: the convolution's, in pixels.
      padding: the convolution's; what falls on it is gone. None for none.

    Returns:
      A signal of that size, 0 where no window came.

    Raises:
      InputError: as of `strided_convolution`, or `y` is not of the size that it returns.
    """
    padding = checked_padding(y, kernel, size, stride, padding)

    def convolve(x):
        return strided_convolution(x, kernel, stride=stride, padding=padding)

    x = jax.ShapeDtypeStruct((*size, kernel.shape[-2]), y.dtype)
    return jax.linear_transpose(convolve, x)(y)[0]


def checked_padding(
    y: Array, kernel: Array, size: tuple[int, ...], stride: Stride, padding: Pads | None
) -> Pads:
    """The padding, `y` being what such a convolution makes of `size`; else an `InputError`."""
    padding = _unless_given(padding, stride)
    places = _places(kernel, size, stride, padding)
    if y.shape != (*places, kernel.shape[-1]):
        raise InputError(
            f"`y` is {' × '.join(map(str, y.shape))}; expected {places} places × "
            f"{kernel.shape[-1]} features: what the convolution makes of a plane of {size}"
        )
    return padding
