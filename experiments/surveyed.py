"""What the experiments on datasets with truth share: the survey, and its figures."""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.sources import Source
from vizjax.cli.console import output_folder, progress, say
from vizjax.data import Dataset
from vizjax.errors import InputError
from vizjax.evaluation import Interval, bootstrap_interval, paired_comparison
from vizjax.models import Network
from vizjax.procedures import Procedure, procedures
from vizjax.runs import table
from vizjax.survey import Plan, survey

Record = dict[str, Any]
"""What a survey says of one photograph."""


def surveyed(
    source: Source,
    names: Sequence[str],
    out: Path,
    *,
    steps: int = 0,
    known: Callable[[Network], dict[str, Procedure]] = procedures,
    network: Network | None = None,
    examples: Dataset | None = None,
) -> list[Record]:
    """The survey of a source, into files in a folder; what is there is not done again.

    Procedures that differ in what they make of one map share a file: another procedure, or one
    that has changed, leaves the others' figures alone.

    Args:
      source: which photographs and network.
      names: of the procedures.
      out: the folder.
      steps: of insertion and deletion; 0 leaves them out.
      known: the procedures of a network, by name.
      network: instead of the source's.
      examples: instead of the source's.

    Returns:
      The records of the photographs that have a case, in order.

    Raises:
      InputError: something cannot be used, or no photograph has a class that the network knows.
    """
    network = source.loaded() if network is None else network
    examples = source.opened() if examples is None else examples
    procedures_of = known(network)
    for name in names:
        if name not in procedures_of:
            listed = ", ".join(procedures_of)
            raise InputError(f"`procedures` has {name}; expected some of: {listed}")
    groups: dict[Any, list[str]] = {}
    for name in names:
        groups.setdefault(procedures_of[name].evidence, []).append(name)
    found = []
    for group in groups.values():
        plan = Plan(tuple(group), steps=steps, batch=source.batch, seed=source.seed)
        title = f"{source.dataset}, {', '.join(group)}"
        stem = re.sub(r"[^\w.-]+", "_", f"{source.dataset}-{group[0]}")
        path = output_folder(out) / f"{stem}.jsonl"
        done, start = [], time.monotonic()
        with progress(len(examples), title) as bar:

            def advance(count: int, done: list[int] = done, bar: Any = bar) -> None:
                done.append(count)
                bar(count)

            found.append(
                survey(
                    network,
                    examples,
                    plan,
                    path,
                    known=procedures_of,
                    workers=source.processes,
                    advance=advance,
                )
            )
        if fresh := sum(done[1:]):  # the first are those that were in the file
            say(f"{title}: {fresh / (time.monotonic() - start):.2f} photographs a second")
    records = joined(found)
    for record in records:
        if "error" in record:
            say(f"vizjax: `{record['name']}`: {record['error']}")
    kept = [record for record in records if record.get("cases")]
    if not kept:
        raise InputError(
            f"`dataset` is {source.dataset}, in which no photograph has a class that "
            f"{network.name} knows; expected another dataset, or a network trained on this one"
        )
    return kept


def joined(surveys: Sequence[list[Record]]) -> list[Record]:
    """The records of several surveys of the same photographs, each with all procedures."""
    records = []
    for of_one in zip(*surveys, strict=True):
        record = dict(of_one[0])
        if all("cases" in one for one in of_one):
            record["cases"] = [
                case | {"procedures": {k: v for c in same for k, v in c["procedures"].items()}}
                for case, *same in (
                    (cases[0], *cases) for cases in zip(*(o["cases"] for o in of_one), strict=True)
                )
            ]
        records.append(record)
    return records


def summary(lines: Sequence[dict[str, Any]], *keys: str, photographs: int) -> dict[str, Any]:
    """The line of a run's metrics that stands for all of it: figures of every procedure.

    Args:
      lines: one a procedure.
      *keys: of the figures.
      photographs: how many were measured.
    """
    named = {f"{key} {line['procedure']}": line[key] for key in keys for line in lines}
    return {"summary": True, "photographs": photographs, **named}


def require(source: Source, records: Sequence[Record], key: str, what: str) -> None:
    """Raises an `InputError` unless some case has a figure, say `iou` of those with `boxes`."""
    cases = [case for record in records for case in record["cases"]]
    if not any(key in one for case in cases for one in case["procedures"].values()):
        raise InputError(
            f"`dataset` is {source.dataset}, and of its {len(records)} photographs measured here "
            f"there are no {what}; expected one with {what} (of imagenet2012: give `--boxes`)"
        )


def figures(records: Sequence[Record], name: str, key: str) -> np.ndarray:
    """A figure of one procedure, one value a case that has it; of the others nothing."""
    found = [case["procedures"][name] for record in records for case in record["cases"]]
    return np.array([one[key] for one in found if key in one])


def wrong(
    records: Sequence[Record], name: str, *, threshold: float = 0.5, top: int | None = None
) -> np.ndarray:
    """Which photographs are ILSVRC localisation errors (Russakovsky et al. 2015, §4.2).

    A photograph is right if for one of its classes the box has `IoU ≥ threshold` and, unless the
    class is given, the class is among the `top` predictions.

    Args:
      records: of photographs with boxes.
      name: of the procedure.
      threshold: of the IoU.
      top: 1 or 5, or None where the class is given ("GT-known").

    Returns:
      One boolean a photograph.
    """

    def right(case: dict[str, Any]) -> bool:
        known = top is None or case["rank"] <= top
        return known and case["procedures"][name]["iou"] >= threshold

    cases = [[c for c in r["cases"] if "iou" in c["procedures"][name]] for r in records]
    return np.array([not any(map(right, boxed)) for boxed in cases if boxed], bool)


def share(values: np.ndarray, seed: int = 0) -> str:
    """A mean of zeros and ones in percent with its 95 % interval; a dash where there is none."""
    return _cell(values, seed, lambda x: f"{100 * x:.0f}", lambda x: f"{100 * x:.1f}%")


def mean(values: np.ndarray, seed: int = 0) -> str:
    """A mean with its 95 % interval; a dash where there is none."""
    return _cell(values, seed, lambda x: f"{x:.2f}", lambda x: f"{x:.3f}")


def _cell(values: np.ndarray, seed: int, end: Callable, middle: Callable) -> str:
    if not len(values):
        return "–"
    found: Interval = bootstrap_interval(values, seed=seed)
    return f"{middle(found.value)} ({end(found.low)}–{end(found.high)})"


def compared(values: dict[str, np.ndarray], best: str, *, seed: int = 0, percent: bool) -> str:
    """A table: what each procedure has less or more than one of them, on the same photographs.

    Args:
      values: of each procedure, one a photograph, in the same order.
      best: whose values are subtracted from the others'.
      seed: of bootstrap and permutations.
      percent: whether the values are zeros and ones.
    """
    factor, form = (100, "+.1f") if percent else (1, "+.3f")
    rows = []
    for name, one in values.items():
        if name != best and 0 < len(one) == len(values[best]):
            found = paired_comparison(one.astype(float), values[best].astype(float), seed=seed)
            low, middle, high = (factor * v for v in (found.low, found.difference, found.high))
            interval = f"{low:{form}} to {high:{form}}"
            rows.append([name, f"{middle:{form}}", interval, f"{found.p_value:.4f}"])
    return table([f"less {best}", "difference", "95 % interval", "p"], rows)
