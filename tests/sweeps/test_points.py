"""The points of a sweep: declared, or from text."""

from dataclasses import dataclass
from types import ModuleType

import pytest

from vizjax.errors import InputError
from vizjax.runs import Random, Uniform
from vizjax.sweeps import grid_over, points_of


@dataclass(frozen=True)
class Config:
    rate: float = 0.1
    most_steps: int = 3
    flag: bool = False
    name: str = "x"
    names: tuple[str, ...] = ()
    most: int | None = None


def module(name="plain", **content):
    made = ModuleType(f"experiments.{name}")
    vars(made).update(Config=Config, **content)
    return made


def test_those_that_the_experiment_declares(bowl):
    points = points_of(bowl, bowl.Config(seed=4))
    assert len(points) == len(set(points)) == 20
    assert {point.seed for point in points} == {4}
    assert points[0] == bowl.Config(rate=0.1, steps=1, start="near", seed=4)


def test_random_ones():
    declared = module(SWEEP=Random(points=5, rate=Uniform(2, 3)))
    points = points_of(declared, Config(name="y"))
    assert len(points) == 5
    assert all(2 <= point.rate <= 3 and point.name == "y" for point in points)


def test_a_point_that_comes_twice_is_one(bowl):
    assert len(points_of(bowl, bowl.Config(), ["rate=0.1,0.10,1e-1,0.2"])) == 2


@pytest.mark.parametrize(
    ("text", "field", "values"),
    [
        ("rate=1,2.5,1e-3", "rate", [1.0, 2.5, 0.001]),
        ("most-steps=1,2", "most_steps", [1, 2]),
        ("flag=true,False", "flag", [True, False]),
        ("name=a,b c,1,True", "name", ["a", "b c", "1", "True"]),
        ('name="a,b",c', "name", ['"a', 'b"', "c"]),
        ('name="a,b","c"', "name", ["a,b", "c"]),
        ('names=["a"],["a","b"],[]', "names", [("a",), ("a", "b"), ()]),
        ("most=None,null,3", "most", [None, None, 3]),
        ("name=x=1", "name", ["x=1"]),
    ],
)
def test_values_in_text_are_the_fields(text, field, values):
    assert grid_over(Config, [text]).fields == {field: values}


@pytest.mark.parametrize(
    ("over", "message"),
    [
        (["rat=1"], "`over` is rat; expected one of: rate, most_steps"),
        (["rate"], "`--over` is rate; expected each field once"),
        (["rate="], "`--over` is rate=; expected"),
        (["rate=1", "rate=2"], "`--over` is rate=2; expected each field once"),
        (["rate=1,fast"], "`rate` is 'fast'; expected float"),
        (["most_steps=1.5"], "`most_steps` is 1.5; expected int"),
    ],
)
def test_texts_that_are_no_grid(over, message):
    with pytest.raises(InputError, match=message):
        grid_over(Config, over)


def test_an_experiment_that_declares_none():
    with pytest.raises(InputError, match="`plain` declares no sweep; expected `--over field=v1,v"):
        points_of(module(), Config())


def test_a_declared_value_that_the_field_cannot_have():
    declared = module(SWEEP=Random(points=1, most_steps=Uniform(0, 1)))
    with pytest.raises(InputError, match=r"`most_steps` is 0\..*; expected int"):
        points_of(declared, Config())
