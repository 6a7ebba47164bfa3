"""One run: how it went, what it was asked, what made it, and the lines of its measures."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from vizjax.report.differences import flat
from vizjax.report.wording import ABSENT, duration, moment, numbers, setting
from vizjax.runs import Run

LINES = 50
"""Of a run's measures that a page holds."""


class Column(NamedTuple):
    """A column of a table; `figures` is whether it holds numbers."""

    name: str
    figures: bool
    cells: list[str]


class Facts(NamedTuple):
    """A run as text.

    Attributes:
      name: what tells it apart from the others of the page.
      anchor: where it is in the page.
      folder: its own and its experiment's.
      trouble: a predicate, if it is not whole; else nothing.
      config: its fields and their values.
      made: command, device, versions, inputs, times.
      whole: the measures of the whole run, mostly on one line.
      parts: those of its parts, line by line.
      left_out: lines that are not in them.
    """

    name: str
    anchor: str
    folder: str
    trouble: str
    config: dict[str, str]
    made: dict[str, str]
    whole: list[Column]
    parts: list[Column]
    left_out: int


def facts(run: Run, name: str, anchor: str) -> Facts:
    """What the page says of a run.

    Args:
      run: whatever became of it.
      name: what tells it apart.
      anchor: an `id` in the page.
    """
    whole = [line for line in run.metrics if line.get("summary") is True]
    parts = [line for line in run.metrics if line.get("summary") is not True]
    folder = "/".join(run.path.resolve().parts[-2:])
    return Facts(
        name,
        anchor,
        folder,
        _trouble(run),
        {field: setting(value) for field, value in flat(run.config).items()},
        {"folder": folder, **_made(run.manifest)},
        columns(whole),
        columns(parts[:LINES]),
        max(0, len(parts) - LINES),
    )


def columns(lines: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Lines as columns; what a line does not have is a dash.

    >>> columns([{"map": "cam", "iou": 0.5}, {"map": "paper"}])[1]
    Column(name='iou', figures=True, cells=['0.5000', '–'])
    """
    found = []
    names = dict.fromkeys(name for line in lines for name in line if name != "summary")
    for name in names:
        values = [line.get(name) for line in lines]
        figures = not any(isinstance(value, str) for value in values)
        found.append(Column(name, figures, numbers(values)))
    return found


def _trouble(run: Run) -> str:
    state, seconds = run.manifest["status"], run.manifest.get("seconds")
    after = "" if seconds is None else f" after {duration(seconds)}"
    if state == "finished":
        return ""
    if state == "failed":
        said = f"failed{after}: {run.manifest.get('error') or 'for no known reason'}."
    elif state == "interrupted":
        said = f"was interrupted{after}; its command goes on from there."
    else:
        said = "had not finished when this page was made: it is at work, or was ended from outside."
    if run.metrics or run.figures or run.tables:
        said += " What is shown of it is of an earlier try."
    return said


def _made(manifest: Mapping[str, Any]) -> dict[str, str]:
    revision = manifest.get("revision")
    if revision is None:
        revision = "none: not in a repository"
    elif manifest.get("dirty"):
        revision = f"{revision[:12]}, with changes that are in no commit"
    else:
        revision = revision[:12]
    versions = [f"{package} {version}" for package, version in manifest.get("versions", {}).items()]
    inputs = [f"{name} {digest[:12]}" for name, digest in manifest.get("inputs", {}).items()]
    return {
        "command": manifest.get("command") or ABSENT,
        "status": manifest["status"],
        "started": moment(manifest.get("started")),
        "took": duration(manifest.get("seconds")),
        "device": manifest.get("device") or ABSENT,
        "seed": setting(manifest.get("seed")),
        "vizjax": manifest.get("vizjax") or ABSENT,
        "revision": revision,
        "versions": ", ".join(versions) or ABSENT,
        "inputs, SHA-256": ", ".join(inputs) or ABSENT,
    }
