"""A pass over a dataset that can be interrupted anywhere and ends with the same file.

The device makes the maps of one batch of photographs while worker processes cut those before.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from vizjax.data.examples import Dataset
from vizjax.data.locks import locked
from vizjax.devices import ALONE, Processes
from vizjax.errors import InputError
from vizjax.evidence import canvas_of, mean_scores
from vizjax.models.network import Network
from vizjax.procedures import Procedure, procedures
from vizjax.survey.areas import areas_of
from vizjax.survey.cases import Case, cases_of
from vizjax.survey.lines import Lines
from vizjax.survey.measures import Work
from vizjax.survey.parts import gathered
from vizjax.survey.workers import pool

AHEAD = 4
"""Photographs a worker that the device may be ahead: what bounds the memory of those waiting."""


@dataclass(frozen=True)
class Plan:
    """What a survey's figures depend on, beside network and dataset.

    Attributes:
      procedures: their names, of `vizjax.procedures.procedures`.
      steps: of insertion and deletion; 0 leaves them out.
      batch: photographs whose maps are made together, at least 1.
      seed: of random methods and of the segmentations.
    """

    procedures: tuple[str, ...] = ("paper",)
    steps: int = 0
    batch: int = 1
    seed: int = 0

    def __post_init__(self):
        if self.batch < 1 or self.steps < 0:
            raise InputError(
                f"`batch`, `steps` are {self.batch}, {self.steps}; expected at least 1 photograph, "
                "and 0 steps or more"
            )


def survey(
    network: Network,
    dataset: Dataset,
    plan: Plan,
    out: Path,
    *,
    known: dict[str, Procedure] | None = None,
    workers: int = 1,
    processes: Processes = ALONE,
    advance: Callable[[int], Any] = lambda done: None,
) -> list[dict[str, Any]]:
    """Measure procedures on every photograph of a dataset, into a file of JSON lines.

    Interrupted anywhere, by Ctrl-C, a crash or a full disk, and called again with the same
    arguments, it goes on at the photograph where it was and ends with the same file, byte for byte;
    the numbers of workers, of devices and of processes do not change it either. The devices of this
    process share the maps of a batch: it should hold a photograph for each.

    Args:
      network: the classifier.
      dataset: from `vizjax.data.dataset`.
      plan: what to measure.
      out: the file; one of the same network, dataset and plan is continued.
      known: the procedures by name; by default those of the network.
      workers: processes that cut and measure beside this one; 0 for none.
      processes: those of `jax.distributed` that make the same call: each surveys a stretch of the
        dataset, beside `out` until all are done, and the first writes the file.
      advance: called with the number of photographs just finished, also of those found in the file.

    Returns:
      One record a photograph, as in the file after its first line: `name`, and `cases` as of
      `measured`, one a class; or `error`, of a photograph that cannot be used.

    Raises:
      InputError: an unknown procedure, a file of something else, that cannot be written, or that
        another process is writing, a network that the procedures cannot use, or an unusable option.
    """
    known = procedures(network) if known is None else known
    for name in plan.procedures:
        if name not in known:
            listed = ", ".join(known)
            raise InputError(f"`procedures` has {name}; expected some of: {listed}")
    chosen = {name: known[name] for name in plan.procedures}
    head = _head(network, dataset, plan, chosen)

    def of_stretch(path: Path, stretch: range) -> list[dict[str, Any]]:
        lock = path.with_name(f".{path.name}.lock")
        with locked(lock, of=path), Lines(path, head) as lines, pool(workers) as submit:
            _check_same(dataset, stretch, lines)
            _survey(network, dataset, stretch, plan, chosen, lines, submit, workers, advance)
            return lines.found

    if processes.count == 1:
        return of_stretch(out, range(len(dataset)))
    stretch = processes.stretch(len(dataset), step=plan.batch)
    return gathered(out, head, len(dataset), stretch, processes, of_stretch, advance)


def _survey(
    network: Network,
    dataset: Dataset,
    stretch: range,
    plan: Plan,
    chosen: dict[str, Procedure],
    lines: Lines,
    submit: Callable[[Work], Future],
    workers: int,
    advance: Callable[[int], Any],
) -> None:
    """Add the lines of a stretch of the dataset that are not there."""
    advance(len(lines.found))
    waiting: deque[tuple[dict[str, Any], list[Future]]] = deque()

    def write() -> None:
        record, futures = waiting.popleft()
        if "error" not in record:
            try:
                record["cases"] = [future.result() for future in futures]
            except InputError as error:  # of this photograph: the others go on
                record["error"] = str(error)
        lines.append(record)
        advance(1)

    begun = len(lines.found) // plan.batch * plan.batch
    for start in range(stretch.start + begun, stretch.stop, plan.batch):
        stop = min(start + plan.batch, stretch.stop)
        records, works = _begun(network, dataset, range(start, stop), plan, chosen)
        done = stretch.start + len(lines.found) + len(waiting) - start
        for record, some in zip(records[max(done, 0) :], works[max(done, 0) :], strict=True):
            waiting.append((record, [submit(work) for work in some]))
        while len(waiting) > AHEAD * workers:
            write()
    while waiting:
        write()


def _check_same(dataset: Dataset, stretch: range, lines: Lines) -> None:
    """An `InputError` where the file's photographs are others of the dataset: of another split."""
    if not lines.found or "error" in (last := lines.found[-1]):
        return
    try:
        name = dataset[stretch[len(lines.found) - 1]].name
    except InputError:  # damaged in the meantime
        return
    if name != last["name"]:
        raise InputError(
            f"`{lines.path}` holds the results of something else: its photograph "
            f"{len(lines.found)} is {last['name']}; expected {name}; name another file, or delete "
            "this one"
        )


def _begun(
    network: Network,
    dataset: Dataset,
    numbers: range,
    plan: Plan,
    chosen: dict[str, Procedure],
) -> tuple[list[dict[str, Any]], list[list[Work]]]:
    """The records of some photographs, and the work that is left for each."""
    records, examples = [], []
    for number in numbers:
        try:
            example = dataset[number]
            canvas_of(network, example.photo)  # refuses what is far longer than wide
            examples.append(example)
            records.append({"name": example.name})
        except InputError as error:
            records.append({"name": f"{dataset.name}[{number}]", "error": str(error)})
    if not examples:
        return records, [[] for _ in records]
    scores = mean_scores(network, [example.photo for example in examples])
    cases = [
        cases_of(dataset, [example], row[None])
        for example, row in zip(examples, scores, strict=True)
    ]
    works = iter(_works(network, [one for some in cases for one in some], plan, chosen, numbers[0]))
    each = iter([[next(works) for _ in some] for some in cases])
    return records, [[] if "error" in record else next(each) for record in records]


def _works(
    network: Network, cases: Sequence[Case], plan: Plan, chosen: dict[str, Procedure], number: int
) -> list[Work]:
    """The maps of cases, on the device, and what is measured there."""
    if not cases:
        return []
    key = jax.random.fold_in(jax.random.key(plan.seed), number)
    photos, targets = [case.photo for case in cases], [case.target for case in cases]
    canvases = [canvas_of(network, photo) for photo in photos]
    # Procedures that differ in what they make of a map share it.
    evidence = {one.evidence for one in chosen.values()}
    found = {one: one(key, network, photos, targets) for one in evidence}
    maps = {name: found[procedure.evidence] for name, procedure in chosen.items()}
    segments = {name: procedure.segment for name, procedure in chosen.items()}
    figures: list[dict[str, dict[str, float]]] = [{} for _ in cases]
    for name, of_all in maps.items() if plan.steps else ():
        areas = areas_of(network, canvases, of_all, targets, plan.steps)
        for one, of_one in zip(figures, areas, strict=True):
            one[name] = of_one
    return [
        Work(
            case,
            image,
            {name: of_all[k] for name, of_all in maps.items()},
            segments,
            figures[k],
            plan.seed,
        )
        for k, (case, image) in enumerate(zip(cases, canvases, strict=True))
    ]


def _head(
    network: Network, dataset: Dataset, plan: Plan, chosen: dict[str, Procedure]
) -> dict[str, Any]:
    """The first line of the file."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(network):
        digest.update(np.asarray(leaf).tobytes())
    return {
        "dataset": dataset.name,
        "examples": len(dataset),
        "network": network.name,
        "parameters": digest.hexdigest()[:16],
        "procedures": {name: one.parameters() for name, one in chosen.items()},
        "steps": plan.steps,
        "batch": plan.batch,
        "seed": plan.seed,
    }
