"""What an experiment leaves behind: a table to read, and a file to compute with."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vizjax.data.files import atomic_write


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; every column but the first is a number and stands to the right.

    >>> print(table(["box", "error"], [["full image", "55.0 %"]]))
    | box | error |
    |---|--:|
    | full image | 55.0 % |
    """
    rule = "|---|" + "--:|" * (len(header) - 1)
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def save(path: Path, config: Any, **results: Sequence[Any]) -> None:
    """Write JSON: the configuration, and each sequence of NamedTuples under its name.

    What JSON does not know, such as a path, is written as `str` has it.
    """
    content = {"config": dataclasses.asdict(config)} | {
        name: [item._asdict() for item in items] for name, items in results.items()
    }
    with atomic_write(path) as file:
        file.write(json.dumps(content, indent=2, default=str).encode())
