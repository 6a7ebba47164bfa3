"""What several tests of evidence compare with: photographs, and a Gaussian written out."""

import numpy as np


def photo(height, width, seed=0):
    """RGB noise of a photograph's size, smooth enough to survive resizing; no channel is alike."""
    coarse = np.random.default_rng(seed).uniform(size=(height // 5 + 1, width // 5 + 1, 3))
    pixels = coarse.repeat(5, axis=0).repeat(5, axis=1)[:height, :width]
    return (pixels * [255, 200, 150]).astype(np.uint8)


def blurred(plane, sigma):
    """A plane under `exp(−d² / 2σ²)`, cut off at 4σ, mirrored at the edge with its last pixel."""
    plane = np.asarray(plane, np.float64)
    reach = int(4 * sigma + 0.5)
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    for axis in (0, 1):
        wide = np.pad(plane, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], "symmetric")
        length = plane.shape[axis]
        parts = [
            weight * wide.take(np.arange(start, start + length), axis)
            for start, weight in enumerate(kernel / kernel.sum())
        ]
        plane = np.sum(parts, axis=0)
    return plane
