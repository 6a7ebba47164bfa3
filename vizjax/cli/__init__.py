"""The command line: `vizjax explain`, `compare`, `class-model`, `search` and `demo`."""

import contextlib
import io
import os
import re
import sys
from typing import Any

import tyro

from vizjax.cli.console import BAD_INPUT, INTERRUPTED, guarded
from vizjax.errors import InputError


def main() -> None:
    """The entry point: parses the arguments, runs the command, exits with its status."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # the help's λ, where there is none
        sys.stdout.reconfigure(errors="backslashreplace")
    status = guarded(_main)
    if status == INTERRUPTED:
        os._exit(status)  # XLA may be compiling in its threads: Python's own end would crash
    sys.exit(status)


def _main() -> int:
    # Imported here, where Ctrl-C is waited for: it takes a second.
    from vizjax.cli import class_model, compare, demo, explain, search

    commands = {
        "explain": explain.Explain,
        "compare": compare.Compare,
        "class-model": class_model.ClassModel,
        "search": search.Search,
        "demo": demo.Demo,
    }
    run = {
        explain.Explain: explain.run,
        compare.Compare: compare.run,
        class_model.ClassModel: class_model.run,
        search.Search: search.run,
        demo.Demo: demo.run,
    }
    if not sys.argv[1:]:
        with contextlib.suppress(SystemExit):
            _parsed(commands, ["--help"])
        return BAD_INPUT
    options = _parsed(commands, sys.argv[1:])
    return run[type(options)](options)


def _parsed(commands: dict[str, Any], arguments: list[str]) -> Any:
    """The options of a command; what is wrong with them in one line, not in tyro's box."""
    box = io.StringIO()
    try:
        with contextlib.redirect_stderr(box):
            return tyro.extras.subcommand_cli_from_dict(
                commands,
                prog="vizjax",
                description="What an image classifier has learnt and what it looked at.",
                args=arguments,
            )
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
