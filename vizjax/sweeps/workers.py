"""Where the points of a sweep are computed: processes of this machine, or a Ray cluster."""

import contextlib
import functools
import importlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Protocol, runtime_checkable

from vizjax.errors import InputError
from vizjax.runs import BusyError, configured, execute, experiment

Prepare = Callable[[], Any]
"""What a process does before its first point."""


def unprepared() -> None:
    """Nothing is done before the first point."""


class Point(NamedTuple):
    """One run, as a process of another machine understands it.

    Attributes:
      source: the experiment's file.
      fields: of the configuration, as JSON has them.
      root: the folder of all runs.
      command: for the manifest.
      folder: where the process is to be: the configuration's paths may be relative.
    """

    source: str
    fields: dict[str, Any]
    root: str
    command: str
    folder: str


class Outcome(NamedTuple):
    """How a point ended: `finished`, `failed` with an error, or `busy` elsewhere."""

    status: str
    error: str = ""


@runtime_checkable
class Submit(Protocol):
    """Takes a point; with `wait` it is waited for where another process is at work on it."""

    def __call__(self, point: Point, *, wait: bool) -> "Future[Outcome]":
        """Its outcome, when there is one."""
        ...


@contextlib.contextmanager
def local(workers: int, prepare: Prepare = unprepared) -> Iterator[Submit]:
    """Processes of this machine; one that dies takes its own point with it and no other.

    Args:
      workers: how many, at least 1.
      prepare: called in each; importable, for it is sent there.
    """
    from pebble import ProcessPool

    # Spawned: a fork would copy the threads of JAX in whatever state they are.
    context = multiprocessing.get_context("spawn")
    shared = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"} if workers > 1 else {}
    pool = ProcessPool(workers, initializer=_begin, initargs=(prepare, shared), context=context)

    def submit(point: Point, *, wait: bool) -> "Future[Outcome]":
        return pool.schedule(_on_process, args=(point, wait))

    try:
        yield submit
        pool.close()
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.join()


@contextlib.contextmanager
def cluster(
    address: str | None, workers: int, gpus: float = 0.0, prepare: Prepare = unprepared
) -> Iterator[Submit]:
    """A Ray cluster; its machines share the folders of runs and experiments.

    Args:
      address: of a cluster that is there, as of `ray.init`; unless given, `$RAY_ADDRESS`, and if
        there is none either, one is started here.
      workers: processes of the one that is started.
      gpus: of a point; 0.5 lets two share one.
      prepare: called in each process.

    Raises:
      InputError: Ray is not installed, or the cluster is out of reach.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray: Any = importlib.import_module("ray")
    except ImportError as error:
        raise InputError(
            "`--on` is ray, which is not installed; expected the extra `cluster` of vizjax, or: "
            "pip install 'ray[client]'"
        ) from error
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    options = {"num_cpus": workers, "include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address, log_to_driver=False, **options)
    except (ConnectionError, ImportError, RuntimeError, ValueError) as error:
        raise InputError(
            f"`--on` is ray at {address}, which cannot be used: {error}; expected the address of a "
            "running cluster, such as ray://head:10001"
        ) from error
    try:
        remote = ray.remote(max_retries=0, num_cpus=1, num_gpus=gpus)(_on_ray)

        def submit(point: Point, *, wait: bool) -> "Future[Outcome]":
            return remote.remote(prepare, point, wait).future()

        yield submit
    finally:
        ray.shutdown()


def perform(point: Point, wait: bool) -> Outcome:
    """Run a point in this process."""
    try:
        with contextlib.suppress(OSError):
            os.chdir(point.folder)
        module = experiment(point.source)
        config = configured(module.Config, point.fields)
        execute(module, config, Path(point.root), wait=wait, command=point.command)
    except BusyError:
        return Outcome("busy")
    except Exception as error:  # as text: its class may not be known where it is read
        bare = isinstance(error, InputError)
        return Outcome("failed", str(error) if bare else f"{type(error).__name__}: {error}")
    return Outcome("finished")


def _begin(prepare: Prepare, environment: dict[str, str]) -> None:
    """A process: Ctrl-C is the parent's, who ends it; surveys may have processes of their own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    multiprocessing.current_process().daemon = False
    os.environ |= environment
    prepare()


def _on_process(point: Point, wait: bool) -> Outcome:
    """A point whose manifest says so when the parent ends the process."""
    before = signal.signal(signal.SIGTERM, _interrupted)
    try:
        return perform(point, wait)
    except KeyboardInterrupt:
        return Outcome("failed", "interrupted")
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupted(number: int, frame: Any) -> NoReturn:
    raise KeyboardInterrupt


def _on_ray(prepare: Prepare, point: Point, wait: bool) -> Outcome:
    _once(prepare)
    return perform(point, wait)


@functools.cache
def _once(prepare: Prepare) -> None:
    prepare()
