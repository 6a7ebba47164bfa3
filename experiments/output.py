"""What the benchmark leaves behind: a table to read, and a file to compute with."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vizjax.data.files import atomic_write
from vizjax.runs import table as table


def save(path: Path, config: Any, **results: Sequence[Any]) -> None:
    """Write JSON: the configuration, and each sequence of NamedTuples under its name.

    What JSON does not know, such as a path, is written as `str` has it.
    """
    content = {"config": dataclasses.asdict(config)} | {
        name: [item._asdict() for item in items] for name, items in results.items()
    }
    with atomic_write(path) as file:
        file.write(json.dumps(content, indent=2, default=str).encode())
