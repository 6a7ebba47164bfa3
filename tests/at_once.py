"""The points of a sweep done in this process, one after the other."""

import contextlib
from concurrent.futures import Future

from vizjax.sweeps.workers import perform


@contextlib.contextmanager
def at_once(*arguments):
    """Takes the place of `vizjax.sweeps.local`: a point is done when it is given."""

    def submit(point, *, wait):
        future: Future = Future()
        future.set_result(perform(point, wait))
        return future

    yield submit
