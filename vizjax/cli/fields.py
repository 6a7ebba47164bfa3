"""The fields of an experiment's configuration as options of a command."""

import dataclasses
from types import ModuleType
from typing import Annotated, Any

import tyro

from vizjax.errors import InputError, unknown
from vizjax.runs import experiment

Options = dict[str, tuple[Any, Any, str]]
"""Of a command: by name the type, the default, and the help."""

TINY: Options = {"tiny": (bool, False, "Start from the variant of seconds, not the defaults.")}


def with_fields(
    command: str, name: str, arguments: list[str], own: Options
) -> tuple[ModuleType, Any, dict[str, Any]]:
    """Parse the options of a command that runs an experiment.

    Args:
      command: its name.
      name: the experiment's.
      arguments: all behind that name.
      own: the command's own options.

    Returns:
      The experiment's module, its configuration, and the values of the command's own options.

    Raises:
      InputError: no such experiment, or an option that neither has, or a value it cannot have.
    """
    module = experiment(name)
    fields = [field.name for field in dataclasses.fields(module.Config)]
    shown = own | TINY
    options = dataclasses.make_dataclass(
        "Options",
        [("config", Annotated[module.Config, tyro.conf.arg(name="")], _default(module, arguments))]
        + [
            (key, Annotated[kind, tyro.conf.arg(help=text)], dataclasses.field(default=default))
            for key, (kind, default, text) in shown.items()
        ],
        frozen=True,
    )
    found, rest = tyro.cli(
        options,
        prog=f"vizjax {command} {name}",
        description=module.__doc__,
        args=arguments,
        return_unknown_args=True,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    if rest:
        known = [f"--{key.replace('_', '-')}" for key in (*fields, *shown)]
        raise unknown("option", rest[0], known, f"see vizjax {command} {name} --help")
    return module, found.config, {key: getattr(found, key) for key in own}


def _default(module: ModuleType, arguments: list[str]) -> Any:
    if "--tiny" not in arguments:
        return dataclasses.field(default_factory=module.Config)
    if not hasattr(module, "TINY"):
        raise InputError("`--tiny` is given, but the experiment has no `TINY`; leave it out")
    return dataclasses.field(default=module.TINY)
