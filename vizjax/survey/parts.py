"""A survey by several processes: a file each until all are done, then one."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vizjax.devices import Processes
from vizjax.survey.lines import whole, write

Records = list[dict[str, Any]]


def gathered(
    out: Path,
    head: dict[str, Any],
    count: int,
    stretch: range,
    processes: Processes,
    survey: Callable[[Path, range], Records],
    advance: Callable[[int], Any],
) -> Records:
    """All records of a dataset, of which every process surveys a stretch; all have to call it.

    The processes need not see each other's files: the records are sent. A part's file goes when the
    whole one is to be seen beside it; where it is not, it stays, so that nothing is done twice.

    Args:
      out: the whole file, which the first process writes.
      head: its first line.
      count: photographs of the dataset.
      stretch: those of this process.
      processes: which it is.
      survey: `(file, stretch) -> records`, into a file of this process.
      advance: called with the number of photographs that were there.

    Raises:
      InputError: that of any process.
    """
    path = part(out, processes)

    def own() -> Mapping[str, np.ndarray]:
        held = whole(out, head, count)
        if held is None:
            found = survey(path, stretch)
        else:
            found = held[stretch.start : stretch.stop]
            advance(len(found))
        return {"records": np.frombuffer(json.dumps(found).encode(), np.uint8)}

    records: Records = []
    for one in processes.gathered(own):
        records += json.loads(one["records"].tobytes())

    def written() -> Mapping[str, np.ndarray]:
        if processes.number == 0:
            write(out, head, records)
        return {}

    processes.gathered(written)
    if out.exists():
        path.unlink(missing_ok=True)
    return records


def part(out: Path, processes: Processes) -> Path:
    """Where a process keeps its own records meanwhile.

    >>> part(Path("runs/shapes.jsonl"), Processes(1, 8)).name
    'shapes.2-of-8.jsonl'
    """
    return out.with_name(f"{out.stem}.{processes.number + 1}-of-{processes.count}{out.suffix}")
