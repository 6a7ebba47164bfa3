"""A training from its first step, or from its last checkpoint, to its last."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.experimental import multihost_utils

from vizjax.errors import InputError
from vizjax.models.trained import FILE, save_network
from vizjax.training import log
from vizjax.training.batches import batches
from vizjax.training.checkpoints import Checkpoints
from vizjax.training.clock import Clock
from vizjax.training.config import Config, Resolved
from vizjax.training.data import Data, decoded, fits
from vizjax.training.devices import all_devices, check_batch, everywhere, put
from vizjax.training.evaluation import Errors, evaluator
from vizjax.training.folder import claim, known_statistics, trained
from vizjax.training.ledger import Ledger
from vizjax.training.order import epochs_to_steps
from vizjax.training.step import compiled_step, descent, initial, rate

BEST = "best.safetensors"
"""The network of the least error so far, beside `network.safetensors`, the one evaluated last."""


class Progress(NamedTuple):
    """How far a training is.

    Attributes:
      step: how many steps are done.
      steps: how many there will be.
      epoch: how often the training set has been seen.
      loss: the mean over the last steps, in nats.
      error: of the training pictures, as they are seen, likewise.
      measured: on the test set, if it has just been.
      speed: pictures a second, without evaluations and checkpoints.
      left: seconds that the rest will take, evaluations and checkpoints included.
    """

    step: int
    steps: int
    epoch: float
    loss: float
    error: float
    measured: Errors | None
    speed: float
    left: float


class Outcome(NamedTuple):
    """What came of a training.

    Attributes:
      finished: False if it was stopped before its end.
      step: how many steps were done.
      centre: errors of the last network, centre view; None unless finished.
      ten: likewise, the mean of ten views.
    """

    finished: bool
    step: int
    centre: Errors | None = None
    ten: Errors | None = None


def train(
    data: Data,
    config: Config,
    folder: Path,
    *,
    workers: int = 0,
    report: Callable[[Progress], Any] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train a ConvNet on a dataset, or go on with it where it stopped.

    The folder gets `config.json`, `metrics.jsonl`, `events/` for TensorBoard, `checkpoints/`,
    `network.safetensors`, evaluated last, and `best.safetensors`, of the least top-1 error; either
    file, or the folder, is a network to `vizjax.load`.

    Args:
      data: from `open_data`, of the config's side.
      config: all that the result depends on.
      folder: of this training.
      workers: processes that read what does not fit into memory; 0 for threads.
      report: told how far it is, at each line of metrics.
      stop: asked after each step; if true, a checkpoint is kept and the training ends.

    Returns:
      The errors on the test set. Of a folder whose training is finished, as they were.

    Raises:
      InputError: the folder is another training's, the devices do not divide the batch, a picture
        is damaged, the disk is full (checkpoints that were there stay), or the loss is no longer a
        number.
    """
    full = config.resolved()
    mesh = all_devices()
    check_batch(full.batch, full.accumulate, mesh)
    claim(folder, data, full)
    if done := next((line for line in log.read_metrics(folder) if line.get("summary")), None):
        return _outcome(done, len(data.test))
    kept = decoded(data.train) if fits(data.train) else None
    known = known_statistics(folder, data, kept)
    module: Any = full.module(len(data.labels))
    count = len(data.train)
    steps = epochs_to_steps(full.epochs, count, full.batch)
    per_epoch = count / full.batch
    begun = initial(module, full, descent(full, steps, per_epoch))
    state = put(begun, everywhere(mesh))
    on_devices = put(known, everywhere(mesh))
    checkpoints = Checkpoints(folder / "checkpoints")
    step, ledger, best = 0, Ledger(), float("inf")
    if restored := checkpoints.restore(state):
        state, record = restored
        step, ledger, best = int(state.step), Ledger(record["pending"]), record["best"]
    evaluate = evaluator(module, full, data.test, mesh)
    advance = compiled_step(module, dataclasses.replace(full, seed=0), steps, per_epoch)
    due = {epochs_to_steps(n * full.every, count, full.batch) for n in _counted(full)}
    # Made on all devices of all hosts, where the state is.
    key = jax.jit(lambda: jax.random.key(full.seed), out_shardings=everywhere(mesh))()
    first = jax.process_index() == 0
    writer = log.Log(folder, step) if first else None
    schedule: Any = rate(full, steps, per_epoch)
    clock = Clock(step, full.batch)

    def measured() -> Errors:
        nonlocal best
        found = evaluate(state.params, on_devices, "centre")
        if first:
            network = trained(data, full, known, state)
            save_network(folder / FILE, network)
            if found.top1 < best:
                save_network(folder / BEST, network)
        best = min(best, found.top1)
        return found

    try:
        for batch in batches(data.train, kept, full, mesh, step, steps, workers):
            state, losses = advance(state, batch, on_devices, key)
            ledger.add(losses)
            step += 1
            found = None
            at_due, told = step in due or step == steps, step % full.log == 0
            if told or at_due:
                loss, error = ledger.close()
                clock.mark(step)
                if at_due:
                    with clock.paused():
                        found = measured()
                progress = Progress(
                    step,
                    steps,
                    step / per_epoch,
                    loss,
                    error,
                    found,
                    clock.speed,
                    clock.left(steps),
                )
                if writer:
                    _write(writer, progress, float(schedule(step - 1)))
                report(progress)
            stopping = _agreed(stop, step, full)
            if at_due or stopping or (full.checkpoint and step % full.checkpoint == 0):
                with clock.paused():
                    record = {"pending": ledger.entries(), "best": best}
                    checkpoints.save(state, record, found.top1 if found else 1.0)
            if stopping and step < steps:
                return Outcome(False, step)
        errors = [evaluate(state.params, on_devices, views) for views in ("centre", "ten")]
        line = _summary(*errors)
        if writer:
            writer.write(steps, line)
        return Outcome(True, steps, *errors)
    except FloatingPointError as error:
        raise InputError(
            f"the loss at step {step} is not a number; expected it to fall: lower "
            f"`learning_rate`, {full.learning_rate}. The last good checkpoint is that of step "
            f"{checkpoints.last}, in {folder}"
        ) from error
    finally:
        if writer:
            writer.close()
        checkpoints.close()


def _counted(config: Resolved) -> range:
    """The evaluations: every so many epochs, and at the end."""
    return range(1, int(config.epochs / config.every) + 1)


def _agreed(stop: Callable[[], bool], step: int, config: Resolved) -> bool:
    """Whether to stop; hosts agree on it at each line of metrics, for all must stop at one step."""
    if jax.process_count() == 1:
        return stop()
    if step % config.log:
        return False
    return bool(np.any(multihost_utils.process_allgather(np.array(stop()))))


def _write(writer: log.Log, progress: Progress, learning_rate: float) -> None:
    values = {
        "epoch": progress.epoch,
        "loss": progress.loss,
        "error": progress.error,
        "learning_rate": learning_rate,
    }
    writer.show(progress.step, values | {"images_per_second": progress.speed})
    if progress.measured:
        tested = {"test_top1": progress.measured.top1, "test_top5": progress.measured.top5}
        writer.show(progress.step, tested)
        values |= tested
    writer.write(progress.step, values)


def _summary(centre: Errors, ten: Errors) -> dict[str, float | bool]:
    return {
        "summary": True,
        "top1": centre.top1,
        "top5": centre.top5,
        "ten_views_top1": ten.top1,
        "ten_views_top5": ten.top5,
    }


def _outcome(line: dict[str, Any], pictures: int) -> Outcome:
    errors = (
        Errors(line[f"{views}top1"], line[f"{views}top5"], pictures) for views in ("", "ten_views_")
    )
    return Outcome(True, line["step"], *errors)
