"""The configurations of a sweep."""

import contextlib
import dataclasses
import json
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from vizjax.errors import InputError, unknown
from vizjax.runs import Grid, configured
from vizjax.runs.configs import typed

WORDS = {"True": True, "False": False, "None": None}


def points_of(module: ModuleType, base: Any, over: Sequence[str] = ()) -> list[Any]:
    """The configurations of a sweep, each once.

    Args:
      module: the experiment.
      base: the configuration whose other fields are kept.
      over: what is swept, as of `grid_over`; what the experiment declares as its `SWEEP` unless
        given.

    Raises:
      InputError: neither is there, or a value that the configuration cannot have.
    """
    declared = grid_over(module.Config, over) if over else getattr(module, "SWEEP", None)
    if declared is None:
        raise InputError(
            f"`{module.__name__.split('.')[-1]}` declares no sweep; expected `--over field=v1,v2`"
        )
    found = [configured(module.Config, point, base) for point in declared.points()]
    return list(dict.fromkeys(found))


def grid_over(kind: type, over: Sequence[str]) -> Grid:
    """A grid from text.

    Args:
      kind: the configuration's type.
      over: one text a field, such as `rate=0.1,0.2`; a value may be written as in JSON, which a
        value that is a list has to be: `layers=["conv1"],["conv1","conv2"]`.

    Raises:
      InputError: a text without `=`, an unknown field or one given twice, or a value of another
        type.
    """
    known = {field.name: field for field in dataclasses.fields(kind)}
    fields: dict[str, list[Any]] = {}
    for text in over:
        name, equals, values = text.partition("=")
        name = name.replace("-", "_")
        if not equals or not values or name in fields:
            raise InputError(f"`--over` is {text}; expected each field once, as in rate=0.1,0.2")
        if name not in known:
            raise unknown("over", name, list(known))
        fields[name] = [_value(kind, name, one) for one in _split(values)]
    return Grid(**fields)


def _split(values: str) -> list[Any]:
    try:
        return json.loads(f"[{values}]")
    except ValueError:
        return values.split(",")


def _value(kind: type, name: str, value: Any) -> Any:
    """What a text means to a field: as in JSON or Python, or else the text itself."""
    if isinstance(value, str):
        meant = [WORDS[value]] if value in WORDS else []
        with contextlib.suppress(ValueError):
            meant.append(json.loads(value))
        options = [*meant, value]
    else:
        options = [value, json.dumps(value)]
    for option in options:
        with contextlib.suppress(InputError):
            return typed(kind, name, option)
    return typed(kind, name, value)
