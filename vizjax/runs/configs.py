"""Configurations as JSON and back, and the name that a configuration gives to its run."""

import dataclasses
import hashlib
import json
import math
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from vizjax.errors import InputError, unknown

EXECUTION = types.MappingProxyType({"execution": True})
"""Metadata of a field that says how to compute, not what: `field(default=1, metadata=EXECUTION)`.

It is written down with the others, but a run is the same run whatever it is.
"""


def as_json(config: Any) -> dict[str, Any]:
    """The fields of a configuration as JSON has them: tuples as lists, paths as text.

    Raises:
      InputError: a number is not finite.
    """
    hints = get_type_hints(type(config), include_extras=True)
    return {
        field.name: _plain(_typed(getattr(config, field.name), hints[field.name], field.name))
        for field in dataclasses.fields(config)
    }


def digest(name: str, config: Any) -> str:
    """The run of an experiment: 12 digits of the SHA-256 of its name and configuration.

    Fields with the metadata `EXECUTION` are left out.
    """
    left_out = execution_fields(config)
    content = {key: value for key, value in as_json(config).items() if key not in left_out}
    text = json.dumps(
        {"name": name, "config": content}, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def execution_fields(config: Any) -> list[str]:
    """The fields with the metadata `EXECUTION`."""
    return [field.name for field in dataclasses.fields(config) if field.metadata.get("execution")]


def configured(kind: type, fields: Mapping[str, Any], base: Any = None) -> Any:
    """A configuration of a type from fields, which may come from JSON.

    Args:
      kind: the dataclass.
      fields: by name; lists become tuples, and text paths, where the type says so.
      base: a configuration whose other fields are kept; the type's defaults unless given.

    Raises:
      InputError: an unknown field, or a value of another type; and what the type itself refuses.
    """
    hints = get_type_hints(kind, include_extras=True)
    known = [field.name for field in dataclasses.fields(kind)]
    for name in fields:
        if name not in known:
            raise unknown("field", name, known)
    given = {name: _typed(value, hints[name], name) for name, value in fields.items()}
    return kind(**given) if base is None else dataclasses.replace(base, **given)


def typed(kind: type, name: str, value: Any) -> Any:
    """A value as a field of a dataclass has it.

    Raises:
      InputError: it is of another type.
    """
    return _typed(value, get_type_hints(kind, include_extras=True)[name], name)


def _typed(value: Any, hint: Any, name: str) -> Any:
    """A value as a type has it: an int where a float is expected is the float."""
    origin, options = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _typed(value, options[0], name)
    if origin in (Union, types.UnionType):
        for option in options:
            try:
                return _typed(value, option, name)
            except InputError:
                continue
    elif origin is Literal:
        if any(value == one and type(value) is type(one) for one in options):
            return value
    elif origin is tuple:
        kinds = options[:1] * len(value) if options[1:] == (...,) else options
        if isinstance(value, tuple | list) and len(value) == len(kinds):
            return tuple(_typed(*pair, name) for pair in zip(value, kinds, strict=True))
    elif hint is float and type(value) in (int, float):
        return float(value)
    elif hint is Path and isinstance(value, str | Path):
        return Path(value)
    elif (hint in (int, str, bool) and type(value) is hint) or (hint, value) == (type(None), None):
        return value
    raise InputError(f"`{name}` is {value!r}; expected {getattr(hint, '__name__', hint)}")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"a field of the configuration is {value}; expected finite numbers")
    return str(value) if isinstance(value, Path) else value
