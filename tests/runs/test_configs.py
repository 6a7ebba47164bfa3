"""Configurations to JSON and back, and the name that each gives to its run."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import pytest

from vizjax.errors import InputError
from vizjax.runs import EXECUTION, as_json, configured, digest


@dataclass(frozen=True)
class Config:
    rate: float = 0.1
    steps: int = 3
    flag: bool = False
    rule: Literal["a", "b", 1] = "a"
    names: tuple[str, ...] = ("x", "y")
    pair: tuple[int, float] = (1, 2.0)
    folder: Path | None = None
    most: Annotated[int | None, "metadata"] = None
    workers: int = field(default=1, metadata=EXECUTION)

    def __post_init__(self):
        if self.steps < 0:
            raise InputError(f"`steps` is {self.steps}; expected 0 or more")


def test_there_and_back():
    config = Config(folder=Path("a/b"), most=4, names=(), flag=True, rule=1)
    content = json.loads(json.dumps(as_json(config)))
    assert content["folder"] == "a/b"
    assert content["names"] == []
    assert configured(Config, content) == config


def test_the_name_is_that_of_the_values_alone():
    name = digest("bowl", Config())
    assert len(name) == 12
    assert int(name, 16) >= 0
    # Written out: the folders of runs that are there must be found by later versions.
    text = (
        '{"config":{"flag":false,"folder":null,"most":null,"names":["x","y"],"pair":[1,2.0],'
        '"rate":0.1,"rule":"a","steps":3},"name":"bowl"}'
    )
    assert name == hashlib.sha256(text.encode()).hexdigest()[:12]
    assert digest("bowl", replace(Config(), workers=8)) == name
    assert digest("walk", Config()) != name
    others = [
        Config(rate=0.2), Config(steps=4), Config(flag=True), Config(rule="b"), Config(rule=1),
        Config(names=("x",)), Config(folder=Path("x")), Config(most=0), Config(pair=(2, 1.0)),
    ]  # fmt: skip
    assert len({name, *(digest("bowl", one) for one in others)}) == len(others) + 1


def test_an_integer_is_the_float_that_it_stands_for():
    assert digest("bowl", Config(rate=1)) == digest("bowl", Config(rate=1.0))
    assert digest("bowl", Config(pair=(1, 2))) == digest("bowl", Config())


def test_other_fields_are_kept():
    base = Config(rate=0.7, steps=9)
    assert configured(Config, {"steps": 1}, base) == replace(base, steps=1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"step": 1}, "`field` is step; expected one of: rate, steps, flag"),
        ({"steps": 1.5}, "`steps` is 1.5; expected int"),
        ({"steps": True}, "`steps` is True; expected int"),
        ({"steps": -1}, "`steps` is -1; expected 0 or more"),
        ({"rate": "fast"}, "`rate` is 'fast'; expected float"),
        ({"rate": True}, "`rate` is True"),
        ({"flag": 1}, "`flag` is 1; expected bool"),
        ({"rule": "c"}, "`rule` is 'c'"),
        ({"rule": True}, "`rule` is True"),
        ({"names": "xy"}, "`names` is 'xy'"),
        ({"names": [1]}, "`names` is 1; expected str"),
        ({"pair": [1]}, r"`pair` is \[1\]"),
        ({"folder": 3}, "`folder` is 3"),
        ({"most": "3"}, "`most` is '3'"),
    ],
)
def test_what_a_field_cannot_be(fields, message):
    with pytest.raises(InputError, match=message):
        configured(Config, fields)


def test_numbers_are_finite():
    with pytest.raises(InputError, match="is nan; expected finite numbers"):
        digest("bowl", Config(rate=float("nan")))
