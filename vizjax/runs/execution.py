"""Running an experiment into its folder, so that whatever happens can be told and gone on from."""

import contextlib
import errno
import inspect
import shlex
import sys
import time
import traceback
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from vizjax.data.locks import locked
from vizjax.errors import InputError
from vizjax.runs.configs import as_json, digest, execution_fields
from vizjax.runs.provenance import begun, device
from vizjax.runs.reading import Run, read_manifest, read_run
from vizjax.runs.result import STAGED, discard, publish, stage, write_json

ROOT = Path("runs")


def folder_of(module: ModuleType, config: Any, root: Path = ROOT) -> Path:
    """Where the run of an experiment with a configuration is, or will be."""
    name = Path(str(module.__file__)).stem
    return root / name / digest(name, config)


def execute(
    module: ModuleType,
    config: Any,
    root: Path = ROOT,
    *,
    again: bool = False,
    wait: bool = False,
    command: str | None = None,
) -> Run:
    """Run an experiment, unless it was; one that was cut short goes on from what is in `work`.

    The result is written aside and put in place when it is whole; the manifest's status says how
    far the run is: `running` (also after a crash), `failed`, `interrupted` or `finished`.

    Args:
      module: from `experiment`.
      config: of its type `Config`.
      root: the folder of all runs.
      again: repeat a finished run from the start. Its result stays until the new one is whole.
      wait: for another process that is at work on the same run.
      command: for the manifest; the one of this process unless given.

    Returns:
      The finished run.

    Raises:
      BusyError: another process is at work on this run, and `wait` is False.
      InputError: the folder cannot be written; and what the experiment itself raises.
    """
    folder = folder_of(module, config, root)
    if not again and (kept := finished(folder)):
        return kept
    with held(folder, wait=wait):
        if not again and (kept := finished(folder)):  # while we waited
            return kept
        before = read_manifest(folder) if finished(folder) else None
        if again:
            discard(folder / "work")
        command = shlex.join(["vizjax", *sys.argv[1:]]) if command is None else command
        _run(module, config, folder, command, before)
    return read_run(folder)


def finished(folder: Path) -> Run | None:
    """The run of a folder, if it is finished."""
    manifest = read_manifest(folder)
    return read_run(folder) if manifest and manifest["status"] == "finished" else None


def mark_failed(folder: Path, error: str) -> None:
    """Say in a run's manifest that its process ended, if that left it `running`."""
    with contextlib.suppress(InputError), held(folder):
        manifest = read_manifest(folder)
        if manifest and manifest["status"] == "running":
            manifest |= {"status": "failed", "error": error, "ended": _now()}
            write_json(folder / "manifest.json", manifest)


def _run(
    module: ModuleType, config: Any, folder: Path, command: str, before: dict[str, Any] | None
) -> None:
    started, start = _now(), time.monotonic()
    manifest = {
        "name": folder.parent.name,
        "about": inspect.getdoc(module) or "",
        "status": "running",
        "error": None,
        **begun(Path(str(module.__file__)), command),
        "device": None,
        "seed": getattr(config, "seed", None),
        "execution": execution_fields(config),
        "inputs": {},
        "started": started,
        "ended": None,
        "seconds": None,
    }
    work = folder / "work"
    try:
        write_json(folder / "config.json", as_json(config))
        write_json(folder / "manifest.json", manifest)
        work.mkdir(exist_ok=True)
        result = module.run(config, work)
        stage(result, folder)
        before = None  # from here on the old result goes
        publish(folder)
        manifest |= {"status": "finished", "inputs": dict(result.inputs), "device": device()}
        manifest |= {"ended": _now(), "seconds": round(time.monotonic() - start, 3)}
        write_json(folder / "manifest.json", manifest)
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        manifest |= {
            "status": "interrupted" if interrupted else "failed",
            "error": None if interrupted else f"{type(error).__name__}: {error}",
            "traceback": None if isinstance(error, InputError) else traceback.format_exc(),
            "ended": _now(),
            "seconds": round(time.monotonic() - start, 3),
        }
        # On a full disk the room for it may be missing: the status is then left at `running`.
        with contextlib.suppress(InputError, OSError):
            discard(folder / STAGED)
            # A finished run that could not be repeated is still finished.
            write_json(folder / "manifest.json", manifest if before is None else before)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InputError(
                f"`{folder}`: {error.strerror}; expected a disk with room; what is done is kept, "
                "and the same command goes on"
            ) from error
        raise


def held(folder: Path, *, wait: bool = False) -> AbstractContextManager[None]:
    """Hold a run's folder, as of `vizjax.data.locks.locked`."""
    by = ""
    with contextlib.suppress(InputError):
        if process := (read_manifest(folder) or {}).get("process"):
            by = f" ({process['pid']} on {process['host']})"
    return locked(folder / ".lock", of=folder, wait=wait, by=by)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
