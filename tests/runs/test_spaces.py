"""Grids and random draws: how many, which, and always the same."""

import numpy as np
import pytest

from vizjax.errors import InputError
from vizjax.runs import Choice, Grid, LogUniform, Random, Uniform


def test_a_grid_has_every_combination_once():
    points = Grid(rate=(0.1, 0.2), steps=range(3), start=("near",)).points()
    assert len(points) == 6
    assert points[0] == {"rate": 0.1, "steps": 0, "start": "near"}
    assert points[1] == {"rate": 0.1, "steps": 1, "start": "near"}
    assert len({tuple(point.values()) for point in points}) == 6


def test_draws_are_where_they_should_be():
    space = {"u": Uniform(0.8, 0.9), "l": LogUniform(1e-6, 1e-2), "c": Choice("a", "b", "c")}
    points = Random(points=3000, seed=1, **space).points()
    u, logs = np.array([p["u"] for p in points]), np.log10([p["l"] for p in points])
    assert 0.8 <= u.min() < 0.801
    assert 0.899 < u.max() <= 0.9
    assert u.mean() == pytest.approx(0.85, abs=0.002)
    # Of four decades each has a quarter: ± 2.4 % at three deviations.
    shares = np.histogram(logs, bins=[-6, -5, -4, -3, -2])[0] / 3000
    np.testing.assert_allclose(shares, 0.25, atol=0.025)
    chosen = [p["c"] for p in points]
    assert all(chosen.count(one) / 3000 == pytest.approx(1 / 3, abs=0.03) for one in "abc")
    assert all(type(p["u"]) is type(p["l"]) is float for p in points)


def test_the_first_of_many_are_those_of_few_and_a_seed_changes_them():
    space = {"u": Uniform(0, 1), "c": Choice(1, 2)}
    many = Random(points=9, **space).points()
    assert Random(points=4, **space).points() == many[:4]
    assert Random(points=9, seed=1, **space).points() != many


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Grid(), "a sweep is of no field"),
        (lambda: Grid(rate=()), r"`rate` is \(\); expected a sequence"),
        (lambda: Grid(rate="abc"), "`rate` is 'abc'; expected a sequence"),
        (lambda: Random(points=0, rate=Uniform(0, 1)), "`points` is 0"),
        (lambda: Random(points=3), "a sweep is of no field"),
        (lambda: Uniform(1, 1), "`low`, `high` are 1, 1"),
        (lambda: Uniform(0, float("inf")), "`low`, `high` are 0, inf"),
        (lambda: LogUniform(0, 1), "`low`, `high` are 0, 1"),
        (lambda: Choice(), "`values` is empty"),
    ],
)
def test_what_is_no_sweep(make, message):
    with pytest.raises(InputError, match=message):
        make()
