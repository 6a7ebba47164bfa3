"""The table of an experiment's finished runs: what was varied, and what came of it."""

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from vizjax.data.files import atomic_write
from vizjax.errors import InputError
from vizjax.runs import Run, table


class Collected(NamedTuple):
    """A table.

    Attributes:
      name: of the experiment.
      fields: the fields of the configuration in which the runs differ.
      metrics: what stands for a whole run, by name.
      rows: one a summary line: fields, metrics, and last the name of the run's folder. They are in
        the order of the fields' values.
    """

    name: str
    fields: list[str]
    metrics: list[str]
    rows: list[list[Any]]


def collected(runs: Sequence[Run]) -> Collected:
    """The table of finished runs of one experiment.

    The order in which they were run, and by whom, does not change it.

    Raises:
      InputError: there is no run.
    """
    finished = [run for run in runs if run.finished]
    if not finished:
        raise InputError("no run is finished; expected some that `vizjax sweep` or `run` made")
    execution = {name for run in finished for name in run.manifest.get("execution", ())}
    names = [name for name in finished[0].config if name not in execution]
    values = {name: {json.dumps(run.config.get(name)) for run in finished} for name in names}
    fields = [name for name in names if len(values[name]) > 1]
    rows = sorted(
        (
            ([_cell(run.config.get(name)) for name in fields], line, run.path.name)
            for run in finished
            for line in run.metrics
            if line.get("summary") is True
        ),
        key=lambda row: ([_order(value) for value in row[0]], row[2]),
    )
    metrics = list(dict.fromkeys(k for _, line, _ in rows for k in line if k != "summary"))
    return Collected(
        finished[0].name,
        fields,
        metrics,
        [[*found, *(_cell(line.get(name)) for name in metrics), run] for found, line, run in rows],
    )


def write_collected(table_: Collected, folder: Path) -> list[Path]:
    """Write `table.csv`, `table.md`, and a plot of each metric against the fields.

    Returns:
      The files.
    """
    from vizjax.sweeps import plots  # matplotlib

    header = [
        *table_.fields,
        *(f"{name} (found)" if name in table_.fields else name for name in table_.metrics),
        "run",
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header, *([_text(value) for value in row] for row in table_.rows)])
    readable = table(header, [[_short(value) for value in row] for row in table_.rows])
    contents = {"table.csv": text.getvalue().encode(), "table.md": f"{readable}\n".encode()}
    for metric in table_.metrics:
        png = plots.plot(table_, metric)
        if png is not None:
            contents[re.sub(r"[^\w.+-]+", "_", metric) + ".png"] = png
    for name, content in contents.items():
        with atomic_write(folder / name) as file:
            file.write(content)
    return [folder / name for name in contents]


def _cell(value: Any) -> Any:
    """A value that stands in a table: a list as text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _order(value: Any) -> tuple[int, float, str]:
    """Nothing before numbers, and those before text."""
    if value is None:
        return 0, 0.0, ""
    return (1, float(value), "") if isinstance(value, float | int) else (2, 0.0, str(value))


def _text(value: Any) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def _short(value: Any) -> str:
    short = f"{value:.6g}" if isinstance(value, float) else _text(value)
    return short.replace("|", "\\|").replace("\n", " ")
