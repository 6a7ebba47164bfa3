"""The command line: one module a command."""

import contextlib
import gc
import importlib
import io
import os
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

from vizjax import __version__
from vizjax.cli.console import BAD_INPUT, FAULT, INTERRUPTED, guarded, uninterrupted
from vizjax.errors import InputError, unknown

COMMANDS = {
    "explain": "Explain",
    "compare": "Compare",
    "class-model": "ClassModel",
    "search": "Search",
    "survey": "Survey",
    "demo": "Demo",
    "report": "Report",
    "data": "Data",
    "run": "Run",
    "sweep": "Sweep",
    "collect": "Collect",
    "train": "Train",
}
"""The commands: what the class of the options is called in the module of that name.

A module with a function `parsed` takes the arguments first: those of an experiment are its own.
"""


def main() -> None:
    """The entry point: parses the arguments, runs the command, exits with its status."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # the help's λ, where there is none
        sys.stdout.reconfigure(errors="backslashreplace")
    status = guarded(_main)
    if status == INTERRUPTED:
        os._exit(status)  # XLA may be compiling in its threads: Python's own end would crash
    sys.exit(status)


def command() -> NoReturn:
    """What the shell runs: `main`, and no tidying up by Python of what is gone with the process.

    That takes a fifth of a second, and every file is closed by now.
    """
    status: Any = FAULT
    try:
        main()
    except SystemExit as ended:
        status = ended.code
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or there is none
            stream.flush()
    os._exit(status if isinstance(status, int) else 0 if status is None else FAULT)


def _main() -> int:
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(f"vizjax {__version__}")
        return 0
    named = [name for name in COMMANDS if name in arguments[:1]]
    if arguments and not named and not arguments[0].startswith("-"):
        raise unknown("command", arguments[0], list(COMMANDS))
    modules = _imported(named or list(COMMANDS))
    commands = {name: getattr(module, COMMANDS[name]) for name, module in modules.items()}
    if not arguments:
        with contextlib.suppress(SystemExit):
            _parsed(commands, ["--help"])
        return BAD_INPUT
    for name in named:
        if parsed := getattr(modules[name], "parsed", None):
            options = _boxed(lambda parsed=parsed: parsed(arguments[1:]))
            if options is not None:
                return modules[name].run(options)
    options = _parsed(commands, arguments)
    run = {commands[name]: module.run for name, module in modules.items()}
    return run[type(options)](options)


def _imported(names: list[str]) -> dict[str, ModuleType]:
    """The modules of commands. Imported here, where Ctrl-C is looked after: it takes a second.

    Imports leave no garbage, and a fifth of their time is the search for it.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        with uninterrupted():
            return {n: importlib.import_module(f"vizjax.cli.{n.replace('-', '_')}") for n in names}
    finally:
        gc.freeze()
        gc.set_threshold(100_000, 20, 20)  # tracing makes many objects that stay, and no cycles
        if collecting:
            gc.enable()


def _parsed(commands: dict[str, Any], arguments: list[str]) -> Any:
    """The options of a command."""
    import tyro  # heavy

    return _boxed(
        lambda: tyro.extras.subcommand_cli_from_dict(
            commands,
            prog="vizjax",
            description="What an image classifier has learnt and what it looked at.",
            args=arguments,
        )
    )


def _boxed(parse: Callable[[], Any]) -> Any:
    """What is wrong with arguments in one line, not in tyro's box."""
    box = io.StringIO()
    try:
        with contextlib.redirect_stderr(box):
            return parse()
    except SystemExit as error:
        if not error.code:
            raise
        raise InputError(f"{_sentence(box.getvalue())} (see vizjax --help)") from None


def _sentence(box: str) -> str:
    r"""The text of a box between its title and its first rule.

    >>> _sentence("╭─ Error ─────╮\n│ Error parsing │\n│ --top │\n│ ───── │\n│ … │\n╰────╯")
    'Error parsing --top'
    """
    bare = re.sub(r"\x1b\[[\d;]*m|[╭╮╰╯│]", "", box)  # without colours and frame
    _, *parts = re.split("[─-]{4,}", bare)
    return " ".join(parts[0].split() if parts else bare.split())
