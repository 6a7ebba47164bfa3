"""Textures: two colours in a random pattern, the same patterns for shapes and for what is behind.

So that no pattern gives a shape away, and nothing but the outline tells its class.
"""

import numpy as np
from jaxtyping import Float, Float32

from vizjax.data.images import resize

Colours = Float[np.ndarray, "2 3"]


def noise(rng: np.random.Generator, size: int, cells: int) -> Float32[np.ndarray, "{size} {size}"]:
    """Smooth noise from 0 to 1: random values on a coarse grid, and half as strong on a finer."""
    values = sum(
        resize(rng.random((cells * k, cells * k), np.float32), size, size) / k for k in (1, 2)
    )
    low, high = np.min(values), np.max(values)
    return np.asarray((values - low) / (high - low), np.float32)


def pattern(rng: np.random.Generator, size: int) -> Float32[np.ndarray, "{size} {size}"]:
    """A random pattern, square, from 0 (the first colour) to 1 (the second)."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    angle, period, phase = rng.uniform(0, np.pi), rng.uniform(6, 16), rng.uniform(0, 16, 2)
    across = x * np.cos(angle) + y * np.sin(angle) + phase[0]
    along = y * np.cos(angle) - x * np.sin(angle) + phase[1]
    kind = rng.integers(6)
    if kind == 0:  # plain, with a light from one side
        values = 0.35 * (across - across.min()) / np.ptp(across)
    elif kind == 1:  # clouds
        values = noise(rng, size, int(rng.integers(3, 9)))
    elif kind == 2:  # stripes
        values = across % period < period / 2
    elif kind == 3:  # checks
        values = (across % period < period / 2) ^ (along % period < period / 2)
    elif kind == 4:  # dots
        in_cell = np.hypot(across % period - period / 2, along % period - period / 2)
        values = in_cell < 0.32 * period
    else:  # waves
        values = 0.5 + 0.5 * np.sin(2 * np.pi * (across + 2 * np.sin(along / 5)) / period)
    return np.asarray(values, np.float32)


def paint(colours: Colours, values: np.ndarray) -> Float32[np.ndarray, "height width 3"]:
    """A pattern in its two colours."""
    first, second = colours.astype(np.float32)
    return first + (second - first) * values[..., None]


def colour_pair(
    rng: np.random.Generator, away_from: Float[np.ndarray, "n 3"], distance: float
) -> Colours:
    """Two random colours, 0-255, neither of them close to certain others.

    Args:
      rng: the source of chance.
      away_from: the others.
      distance: how far from them at least, in RGB; it shrinks while nothing is found.

    Returns:
      The colours.
    """
    found: list[np.ndarray] = []
    while len(found) < 2:
        colour = rng.uniform(15, 240, 3)
        if all(np.linalg.norm(colour - other) >= distance for other in away_from):
            found.append(colour)
        distance *= 0.98
    return np.stack(found)
