import numpy as np
import pytest

from vizjax.data.shapes.outlines import OUTLINES, area

A = 0.3
AREAS = {
    "disc": np.pi,
    "ring": np.pi * (1 - 0.55**2),
    "triangle": 3 * np.sqrt(3) / 4,
    "square": 2,
    # Ten triangles from the centre, between a corner and a notch 36 degrees apart.
    "star": 10 * 0.5 * 0.42 * np.sin(np.pi / 5),
    "cross": 8 * A * np.sqrt(1 - A**2) - 4 * A**2,
    "arrow": 0.8 * 1.5 / 2 + 1.15 * 0.56,
    "hourglass": 1.3 * 1.5 / 2,
}


@pytest.mark.parametrize(("name", "expected"), AREAS.items())
def test_areas_in_closed_form(name, expected):
    assert area(name) == pytest.approx(expected, rel=2e-3)


def test_area_of_the_crescent_is_the_disc_without_a_lens():
    d, r, s = 0.5, 1.0, 0.8  # two circles of radii r and s, at a distance d
    lens = (
        r**2 * np.arccos((d**2 + r**2 - s**2) / (2 * d * r))
        + s**2 * np.arccos((d**2 + s**2 - r**2) / (2 * d * s))
        - np.sqrt((-d + r + s) * (d + r - s) * (d - r + s) * (d + r + s)) / 2
    )
    assert area("crescent") == pytest.approx(np.pi - lens, rel=2e-3)


@pytest.mark.parametrize("name", OUTLINES)
def test_every_shape_lies_in_the_unit_circle_and_nearly_fills_it(name):
    u, v = np.meshgrid(np.linspace(-1.2, 1.2, 601), np.linspace(-1.2, 1.2, 601))
    radius = np.hypot(u, v)[OUTLINES[name](u, v)]
    assert 0.9 < radius.max() <= 1


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("disc", (0.0, 0.99), (0.75, 0.75)),
        ("ring", (0.0, 0.6), (0.0, 0.5)),
        ("crescent", (-0.9, 0.0), (0.0, 0.0)),
        ("heart", (0.0, -0.6), (0.0, 0.8)),  # between the lobes
        ("triangle", (0.0, 0.9), (0.0, -0.6)),
        ("square", (0.9, 0.0), (0.6, 0.6)),
        ("star", (0.0, 0.9), (0.0, -0.5)),  # a notch points downwards
        ("cross", (0.25, 0.9), (0.4, 0.4)),
        ("arrow", (0.9, 0.0), (-0.5, 0.4)),
        ("hourglass", (0.0, 0.7), (0.4, 0.0)),
    ],
)
def test_points_by_hand(name, inside, outside):
    u, v = np.array([inside, outside]).T
    assert OUTLINES[name](u, v).tolist() == [True, False]
