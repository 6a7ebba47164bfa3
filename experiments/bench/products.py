"""The convolutions and matrix products of a traced program: how many operations they are."""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from vizjax.attribution.incremental.programs import Equation, program

CONVOLUTION, PRODUCT = "conv_general_dilated", "dot_general"
"""What JAX calls them."""


class Product(NamedTuple):
    """A convolution or matrix product of a program.

    Attributes:
      shapes: of the two operands, and of the result.
      flops: a multiplication and an addition for each pair that meets; zeros of padding, and
        between the pixels of a dilated operand, are none.
      alone: returns what does it once, compiled, on random arrays.
    """

    shapes: str
    flops: float
    alone: Callable[[], functools.partial]


def products(function: Callable, images: jax.Array) -> list[Product]:
    """The convolutions and matrix products that a result needs."""
    traced = program(function, images)
    shapes = {number: np.shape(value) for number, value in traced.constants.items()}
    shapes[traced.image] = images.shape
    found = []
    for equation in traced.equations:
        shapes.update(zip(equation.results, equation.shapes, strict=True))
        if equation.name in (CONVOLUTION, PRODUCT):
            found.append(_product(equation, *(shapes[number] for number in equation.operands)))
    return found


def _product(equation: Equation, left: tuple[int, ...], right: tuple[int, ...]) -> Product:
    (out,) = equation.shapes
    if equation.name == PRODUCT:
        (contracted, _), _ = equation.params["dimension_numbers"]
        pairs = math.prod(out) * math.prod(left[axis] for axis in contracted)
    else:
        pairs = _pairs(left, right, out, equation.params)
    left_text, right_text, out_text = ("×".join(map(str, shape)) for shape in (left, right, out))
    alone = functools.partial(_on_random_arrays, equation, left, right)
    return Product(f"{left_text} by {right_text} to {out_text}", 2.0 * pairs, alone)


def _on_random_arrays(equation: Equation, *shapes: tuple[int, ...]) -> functools.partial:
    operands = [jax.random.normal(jax.random.key(0), shape) for shape in shapes]
    return functools.partial(jax.jit(equation.bind), *operands)


def _pairs(
    image: tuple[int, ...], kernel: tuple[int, ...], out: tuple[int, ...], how: dict[str, Any]
) -> int:
    """How many values of an image and a kernel meet in a convolution."""
    images, kernels, outs = (
        [shape[axis] for axis in axes]
        for shape, axes in zip((image, kernel, out), how["dimension_numbers"], strict=True)
    )
    pairs = outs[0] * outs[1] * kernels[1]
    names = ("window_strides", "padding", "lhs_dilation", "rhs_dilation")
    for of, by, to, stride, (before, _), apart, dilation in zip(
        images[2:], kernels[2:], outs[2:], *(how[name] for name in names), strict=True
    ):
        at = np.arange(to)[:, None] * stride - before + np.arange(by) * dilation
        pairs *= int(((at >= 0) & (at <= (of - 1) * apart) & (at % apart == 0)).sum())
    return pairs
