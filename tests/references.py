"""Slow, literal re-implementations of what a network computes, to hold the fast ones against.

NumPy in float64, one loop per output pixel, written from the definitions; nothing of JAX and
nothing of vizjax. Everything takes one image `(height, width, channels)`; windows and strides
are `(y, x)`, padding is `((top, bottom), (left, right))`.
"""

import numpy as np

NO_PADDING = ((0, 0), (0, 0))


def relu(x):
    """`max(x, 0)`."""
    return np.where(x > 0, x, 0.0)


def conv(x, kernel, bias, stride=(1, 1), padding=NO_PADDING, groups=1, dilation=(1, 1)):
    """Cross-correlation: `y[r, c, k] = b_k + Σ_{ijd} x[r·s_y + i, c·s_x + j, d] · w[i, j, d, k]`.

    `kernel` is `(height, width, channels / groups, features)`; group `g` reads the `g`-th run of
    channels and writes the `g`-th run of features.
    """
    padded = np.pad(np.asarray(x, np.float64), (*padding, (0, 0)))
    kernel = np.asarray(kernel, np.float64)
    height, width, depth, features = kernel.shape
    reach = [dilation[0] * (height - 1) + 1, dilation[1] * (width - 1) + 1]
    y = np.empty((*_windows(padded.shape, reach, stride), features))
    for r, c in np.ndindex(*y.shape[:2]):
        top, left = r * stride[0], c * stride[1]
        window = padded[top : top + reach[0] : dilation[0], left : left + reach[1] : dilation[1]]
        for g in range(groups):
            reads = slice(g * depth, (g + 1) * depth)
            writes = slice(g * features // groups, (g + 1) * features // groups)
            y[r, c, writes] = np.tensordot(window[..., reads], kernel[..., writes], axes=3)
    return y + np.asarray(bias, np.float64)


def max_pool(x, window, stride, padding=NO_PADDING):
    """The largest value in each window; padding never is."""
    return _pool(x, window, stride, padding, lambda inside: inside.max(axis=(0, 1)))


def average_pool(x, window, stride, padding=NO_PADDING):
    """The mean of each window's pixels; padding does not count as pixels."""
    return _pool(x, window, stride, padding, lambda inside: inside.mean(axis=(0, 1)))


def lrn(x, window=5, kappa=2.0, alpha=1e-4, beta=0.75):
    """`y_c = x_c · (κ + α · Σ x_c'²)^−β` over the `window` channels around `c`; α undivided."""
    x = np.asarray(x, np.float64)
    y = np.empty_like(x)
    for c in range(x.shape[-1]):
        first = max(c - (window - 1) // 2, 0)
        near = x[..., first : c + window // 2 + 1]
        y[..., c] = x[..., c] * (kappa + alpha * (near**2).sum(axis=-1)) ** -beta
    return y


def _pool(x, window, stride, padding, reduce):
    """Each window is cut down to what lies inside the image, so padding needs no value."""
    x = np.asarray(x, np.float64)
    height, width, channels = x.shape
    (top, bottom), (left, right) = padding
    padded = (height + top + bottom, width + left + right)
    y = np.empty((*_windows(padded, window, stride), channels))
    for r, c in np.ndindex(*y.shape[:2]):
        y0, x0 = r * stride[0] - top, c * stride[1] - left
        rows = slice(max(y0, 0), min(y0 + window[0], height))
        columns = slice(max(x0, 0), min(x0 + window[1], width))
        y[r, c] = reduce(x[rows, columns])
    return y


def _windows(padded, window, stride):
    """How many windows fit, down and across."""
    return [(padded[axis] - window[axis]) // stride[axis] + 1 for axis in (0, 1)]
