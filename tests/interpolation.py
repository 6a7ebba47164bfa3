"""Bilinear interpolation, pixel by pixel."""

import numpy as np


def enlarged(plane, size):
    """`plane` at `size`, between half-pixel centres; beyond the edge it stays what it is there."""
    found = np.empty(size)
    for place in np.ndindex(*size):
        total = 0.0
        at = [(p + 0.5) * n / m - 0.5 for p, n, m in zip(place, plane.shape, size, strict=True)]
        for step in np.ndindex(2, 2):
            corner = [int(np.floor(a)) + s for a, s in zip(at, step, strict=True)]
            share = np.prod([1 - abs(a - c) for a, c in zip(at, corner, strict=True)])
            inside = [min(max(c, 0), n - 1) for c, n in zip(corner, plane.shape, strict=True)]
            total += share * plane[tuple(inside)]
        found[place] = total
    return found
