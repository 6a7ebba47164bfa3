"""Puts the tables of a finished run between the marks of a document.

    python -m experiments.readme runs/results/0123456789ab --readme README.md

The marks are those of the run's experiment: `<!-- results -->` and `<!-- end of results -->`.
"""

import sys
from pathlib import Path
from typing import Annotated

import tyro

from vizjax.cli.console import guarded, say
from vizjax.data.files import atomic_write
from vizjax.errors import InputError
from vizjax.runs import read_run


def fill(document: Path, name: str, text: str) -> None:
    """Put a text between the two marks of a name.

    Raises:
      InputError: the document cannot be read or lacks the marks.
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    try:
        old = document.read_bytes().decode()  # its line ends are kept
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"`--readme` is {document}: {reason}; expected a document") from error
    head, begun, rest = old.partition(begin)
    _, ended, tail = rest.partition(end)
    if not (begun and ended):
        raise InputError(
            f"`--readme` is {document}; expected a document with {begin} and, behind it, {end}"
        )
    with atomic_write(document) as file:
        file.write(f"{head}{begin}\n\n{text}\n\n{end}{tail}".encode())


def main(run: Annotated[Path, tyro.conf.Positional], readme: Path = Path("README.md")) -> int:
    """Fill a document.

    Args:
      run: the folder of a finished run.
      readme: the document.
    """
    found = read_run(run)
    if not found.finished:
        raise InputError(f"`{run}` is {found.manifest['status']}; expected a finished run")
    fill(readme, found.name, "\n\n".join(one.strip() for one in found.tables.values()))
    say(f"{readme} has the tables of {run}")
    return 0


if __name__ == "__main__":
    sys.exit(guarded(lambda: tyro.cli(main)))
