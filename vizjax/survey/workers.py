"""What takes the work that is left of a case: processes beside this one, or this one."""

import contextlib
import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import jax

from vizjax import cpu
from vizjax.errors import InputError
from vizjax.survey.measures import Work, measured


@contextlib.contextmanager
def pool(workers: int) -> Iterator[Callable[[Work], Future]]:
    """What takes work: processes, or this one."""
    if not workers:
        yield _done
        return
    # Spawned: a fork would copy the threads of JAX in whatever state they are.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _prepare)
    try:
        yield functools.partial(pool.submit, measured)
    except BrokenProcessPool as error:
        raise InputError(
            f"a worker process was ended from outside ({error}); expected enough memory for "
            f"{workers} of them: give fewer workers; the same command goes on where it was"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _done(work: Work) -> Future:
    future: Future = Future()
    future.set_result(measured(work))
    return future


def _prepare() -> None:
    """A worker: on the CPU, for the device is the parent's; Ctrl-C is the parent's as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["JAX_PLATFORMS"] = "cpu"
    jax.config.update("jax_platforms", "cpu")
    cpu.tune()


def _end_with_parent() -> None:
    """A parent that is killed tells nobody, and its pool would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
