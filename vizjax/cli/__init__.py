"""The command line: `vizjax explain`, `vizjax class-model`, `vizjax demo`."""

import sys

import tyro

from vizjax.cli import class_model, demo, explain
from vizjax.cli.console import guarded


def main() -> None:
    """The entry point: parses the arguments, runs the command, exits with its status."""
    sys.exit(guarded(_main))


def _main() -> int:
    commands = {
        "explain": explain.Explain,
        "class-model": class_model.ClassModel,
        "demo": demo.Demo,
    }
    options = tyro.extras.subcommand_cli_from_dict(
        commands,
        prog="vizjax",
        description="What an image classifier has learnt and what it looked at.",
    )
    run = {
        explain.Explain: explain.run,
        class_model.ClassModel: class_model.run,
        demo.Demo: demo.run,
    }
    return run[type(options)](options)
