"""The shapes: which points of the plane are inside.

Every outline lies in the unit circle, and is a function of the coordinates `(u, v)`, v upwards,
that says for each point whether it is inside. A pixel belongs to a shape if its centre does:
masks have no half-tones.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import TypeAlias

import numpy as np

Inside: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""`(u, v) -> inside`, arrays of one shape."""


def _polygon(corners: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Even-odd rule: a ray to the right crosses the outline an odd number of times."""
    inside = np.zeros(u.shape, bool)
    for (u0, v0), (u1, v1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if v0 != v1:
            crossing = u0 + (v - v0) * (u1 - u0) / (v1 - v0)
            inside ^= ((v0 > v) != (v1 > v)) & (u < crossing)
    return inside


def _regular(*radii: float, points: int) -> Inside:
    """A polygon whose corners lie at equal angles, the radii taken in turn, the first upwards."""
    count = points * len(radii)
    angle = np.pi / 2 + 2 * np.pi * np.arange(count) / count
    radius = np.tile(radii, points)
    return partial(_polygon, np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))


def _corners(*corners: tuple[float, float]) -> Inside:
    return partial(_polygon, np.array(corners))


def _disc(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u**2 + v**2 < 1


def _ring(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (u**2 + v**2 < 1) & (u**2 + v**2 > 0.55**2)


def _crescent(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (u**2 + v**2 < 1) & ((u - 0.5) ** 2 + v**2 > 0.8**2)


def _heart(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    x, y = 1.25 * u, 1.25 * v + 0.25  # its smallest circle becomes the unit circle
    return (x**2 + y**2 - 1) ** 3 < x**2 * y**3


A = 0.3
B = (1 - A**2) ** 0.5
"""Half the width of the cross's arms, and how far they reach: their corners on the circle."""

OUTLINES: dict[str, Inside] = {
    "disc": _disc,
    "ring": _ring,
    "crescent": _crescent,
    "heart": _heart,
    "triangle": _regular(1.0, points=3),
    "square": _regular(1.0, points=4),
    "star": _regular(1.0, 0.42, points=5),
    "cross": _corners(
        (A, B), (A, A), (B, A), (B, -A), (A, -A), (A, -B),
        (-A, -B), (-A, -A), (-B, -A), (-B, A), (-A, A), (-A, B),
    ),
    "arrow": _corners(
        (1.0, 0.0), (0.2, 0.75), (0.2, 0.28), (-0.95, 0.28), (-0.95, -0.28), (0.2, -0.28),
        (0.2, -0.75),
    ),
    "hourglass": _corners((0.65, 0.75), (-0.65, 0.75), (0.65, -0.75), (-0.65, -0.75)),
}  # fmt: skip
"""The classes, in the order of their labels."""


@cache
def area(name: str) -> float:
    """The area of a shape, in units of its circle's radius squared, to about 0.1 %."""
    side = np.linspace(-1, 1, 1001)
    u, v = np.meshgrid((side[1:] + side[:-1]) / 2, (side[1:] + side[:-1]) / 2)
    return float(OUTLINES[name](u, v).mean() * 4)
