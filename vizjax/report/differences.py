"""What differs between runs: fields of their configurations, what made them, and what came out."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from vizjax.report.wording import ABSENT, differences, duration, numbers, setting
from vizjax.runs import Run

MEASURES = 100
"""More of the parts' nobody reads."""

LONGEST = 60
"""Characters in the name of a run."""


class Row(NamedTuple):
    """One thing in all runs.

    Attributes:
      name: what it is.
      values: one a run, as text.
      less: of a measure, one a run: the difference from the reference, or nothing.
    """

    name: str
    values: list[str]
    less: list[str] | None = None


class Block(NamedTuple):
    """Rows that belong together, under a title."""

    title: str
    rows: list[Row]


class Measure(NamedTuple):
    """What was measured.

    Attributes:
      whole: of the whole run, or of a part.
      about: the texts of its line, which say what it is of; nothing in a run's only whole line.
      name: of the measure.
      again: which of several lines about the same: the first of one run is compared with the first
        of another.
    """

    whole: bool
    about: str
    name: str
    again: int


class Parts(NamedTuple):
    """Measures of parts: a block a part, how many are the same in all, and how many left out."""

    blocks: list[Block]
    same: int
    left_out: int


def flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Settings within settings by their full names.

    >>> flat({"seed": 0, "colours": {"components": 5}})
    {'seed': 0, 'colours.components': 5}
    """
    found = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found


def settings_of(run: Run) -> dict[str, Any]:
    """What a run's numbers may depend on: not the fields that say how it is executed."""
    execution = run.manifest.get("execution", ())
    return flat({name: value for name, value in run.config.items() if name not in execution})


def differing(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names whose values are not the same in all, or that some do not have.

    >>> differing([{"seed": 0, "l2": 1}, {"seed": 1, "l2": 1, "new": None}])
    ['seed', 'new']
    """
    names = dict.fromkeys(name for one in settings for name in one)
    return [
        name
        for name in names
        if any(name not in one or one[name] != settings[0].get(name) for one in settings)
    ]


def compared(runs: Sequence[Run]) -> list[Block]:
    """Configuration, surroundings and the measures of whole runs, side by side.

    Args:
      runs: of one experiment, at least two; differences are from the one of `reference`.

    Returns:
      The blocks that have rows.
    """
    configs = [settings_of(run) for run in runs]
    made = [_made_with(run) for run in runs]
    known = {name: {one[name] for one in made if name in one} for one in made for name in one}
    surroundings = [_row(name, made) for name, values in known.items() if len(values) > 1]
    if any(run.manifest.get("seconds") is not None for run in runs):
        times = [duration(run.manifest.get("seconds")) for run in runs]
        surroundings.append(Row("time", times))
    blocks = [
        Block("Configuration", [_row(name, configs) for name in differing(configs)]),
        Block("Made with", surroundings),
        Block("Measures", [_titled(one, row) for one, row, _ in _measures(runs) if one.whole]),
    ]
    return [block for block in blocks if block.rows]


def compared_in_parts(runs: Sequence[Run]) -> Parts:
    """What was measured of parts of the runs, such as of one method, and is not the same in all.

    Args:
      runs: of one experiment, at least two; differences are from the one of `reference`.
    """
    parts = [one for one in _measures(runs) if not one[0].whole]
    rows: dict[str, list[Row]] = {}
    others = [(measure, row) for measure, row, same in parts if not same]
    for measure, row in others[:MEASURES]:
        rows.setdefault(_about(measure), []).append(row)
    blocks = [Block(about, some) for about, some in rows.items()]
    return Parts(blocks, len(parts) - len(others), len(others[MEASURES:]))


def measurements(metrics: Sequence[Mapping[str, Any]]) -> dict[Measure, Any]:
    """What was measured.

    >>> found = measurements([{"map": "cam", "iou": 0.5}, {"summary": True, "best": "cam"}])
    >>> {(*measure,): value for measure, value in found.items()}
    {(False, 'cam', 'iou', 0): 0.5, (True, '', 'best', 0): 'cam'}
    """
    several = sum(line.get("summary") is True for line in metrics) > 1
    found: dict[Measure, Any] = {}
    seen: dict[tuple[bool, str], int] = {}
    for number, line in enumerate(metrics, 1):
        whole = line.get("summary") is True
        values = {name: value for name, value in line.items() if name != "summary"}
        about = ""
        if several or not whole:
            texts = [name for name, value in values.items() if isinstance(value, str)]
            about = ", ".join(values.pop(name) for name in texts) or f"line {number}"
        again = seen[whole, about] = seen.get((whole, about), -1) + 1
        found |= {Measure(whole, about, name, again): value for name, value in values.items()}
    return found


def reference(runs: Sequence[Run]) -> int:
    """The number of the run that others are compared with: the first that is finished."""
    return next((number for number, run in enumerate(runs) if run.finished), 0)


def in_order(runs: Sequence[Run]) -> list[Run]:
    """Runs of one experiment in the order of the values in which their configurations differ."""
    configs = {id(run): settings_of(run) for run in runs}
    fields = differing(list(configs.values()))

    def key(run: Run) -> list[tuple[int, float, str]]:
        return [_order(configs[id(run)].get(field)) for field in fields]

    return sorted(runs, key=key)


def names_of(runs: Sequence[Run]) -> list[str]:
    """What tells runs of one experiment apart, short enough for a button.

    The fields that differ with their values; where that is too long or not enough, a number.
    """
    configs = [settings_of(run) for run in runs]
    fields = differing(configs)
    names = [
        ", ".join(f"{field} {setting(one[field]) if field in one else ABSENT}" for field in fields)
        for one in configs
    ]
    if all(0 < len(name) <= LONGEST for name in names) and len(set(names)) == len(names):
        return names
    return [f"run {number}" for number in range(1, len(runs) + 1)]


def _made_with(run: Run) -> dict[str, Any]:
    """Of the manifest what may explain a difference in the numbers."""
    names = ("vizjax", "revision", "dirty", "source", "device", "versions", "inputs")
    found = flat({name: run.manifest.get(name) for name in names})
    return {name: value for name, value in found.items() if value is not None}  # not known yet


def _measures(runs: Sequence[Run]) -> list[tuple[Measure, Row, bool]]:
    """Each measure, its row, and whether it is the same in all."""
    measured, found = [measurements(run.metrics) for run in runs], []
    first = reference(runs)
    for measure in dict.fromkeys(key for one in measured for key in one):
        values = [one.get(measure) for one in measured]
        same = all(measure in one and one[measure] == values[0] for one in measured)
        found.append(
            (measure, Row(measure.name, numbers(values), differences(values, first)), same)
        )
    return found


def _about(measure: Measure) -> str:
    return f"{measure.about} ({measure.again + 1})" if measure.again else measure.about


def _titled(measure: Measure, row: Row) -> Row:
    return row._replace(name=": ".join(filter(None, [_about(measure), row.name])))


def _order(value: Any) -> tuple[int, float, str]:
    """Nothing before numbers, and those before text."""
    if isinstance(value, int | float):
        return 1, float(value), ""
    return (0, 0.0, "") if value is None else (2, 0.0, setting(value))


def _row(name: str, settings: Sequence[Mapping[str, Any]]) -> Row:
    values = [setting(one[name]) if name in one else ABSENT for one in settings]
    if name in {"revision", "source"} or name.startswith("inputs."):
        values = [value[:12] for value in values]  # of a checksum
    return Row("uncommitted changes" if name == "dirty" else name, values)
