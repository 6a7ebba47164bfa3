"""A sweep: its points in the runs' folders, each done once, whoever does it."""

from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from vizjax.errors import InputError
from vizjax.runs import as_json, folder_of
from vizjax.runs.execution import ROOT, mark_failed
from vizjax.runs.reading import read_manifest
from vizjax.sweeps.workers import Outcome, Point, Submit


class Failure(NamedTuple):
    """A point that failed: its configuration, its folder, and why."""

    config: Any
    folder: Path
    error: str


class Swept(NamedTuple):
    """What came of a sweep.

    Attributes:
      kept: points that were finished before.
      done: points that are finished now.
      failures: the others.
    """

    kept: int
    done: int
    failures: list[Failure]


def sweep(
    module: ModuleType,
    configs: Sequence[Any],
    workers: AbstractContextManager[Submit],
    root: Path = ROOT,
    *,
    command: str = "",
    advance: Callable[[int], Any] = lambda done: None,
) -> Swept:
    """Run every configuration that is not finished; a failing one does not stop the others.

    Interrupted anywhere and called again, it does what is missing. Another sweep may be at work in
    the same folder: what that one is at is left to it, and waited for last.

    Args:
      module: the experiment.
      configs: of its type `Config`, as from `points_of`.
      workers: from `local` or `cluster`.
      root: the folder of all runs.
      command: for the manifests.
      advance: called with the number of points just done, also of those finished before.
    """
    folders = {folder_of(module, config, root): config for config in configs}
    todo = [folder for folder in folders if not _finished(folder)]
    kept, failures = len(folders) - len(todo), []
    advance(kept)
    if not todo:
        return Swept(kept, 0, [])
    source, here = str(Path(str(module.__file__)).resolve()), str(Path.cwd())
    count = len(todo)
    with workers as submit:
        for wait in (False, True):
            points = {
                folder: Point(source, as_json(folders[folder]), str(root.resolve()), command, here)
                for folder in todo
            }
            futures = {submit(point, wait=wait): folder for folder, point in points.items()}
            todo = []
            for future in as_completed(futures):
                folder = futures[future]
                try:
                    outcome = future.result()
                except Exception as error:  # the process died
                    code = getattr(error, "exitcode", None)
                    why = str(error) if code is None else f"exit status {code}"
                    outcome = Outcome("failed", f"its process ended: {why}")
                    mark_failed(folder, outcome.error)
                if outcome.status == "busy":
                    todo.append(folder)
                    continue
                if outcome.status == "failed":
                    failures.append(Failure(folders[folder], folder, outcome.error))
                advance(1)
    order = list(folders)
    failures.sort(key=lambda failure: order.index(failure.folder))
    return Swept(kept, count - len(failures), failures)


def _finished(folder: Path) -> bool:
    try:
        manifest = read_manifest(folder)
    except InputError:  # damaged: the point fails, and says so
        return False
    return bool(manifest) and manifest["status"] == "finished"
