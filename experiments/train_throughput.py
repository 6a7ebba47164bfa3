"""The full-size ConvNet in training: one batch learnt by heart, and pictures a second.

Claim: the training step of the paper's ConvNet (60.8 million parameters at 1000 classes, 224 × 224
pixels) is right, for it drives the loss of one batch of random squares with random labels to zero;
and it is no slower than the same net, loss and descent in PyTorch, on the same device in the same
run.

    vizjax run train_throughput [--precision bfloat16 --batch 256 --no-peer]

Both sides get the batch on the device, uint8, and time the whole step: zero-centring, forward and
backward pass, dropout, momentum and weight decay. vizjax's is timed with the augmentation as well,
PyTorch's without. PyTorch (if it is installed) runs first, in a process of its own: eager, with
cuDNN's search for the fastest convolutions, TF32 where JAX has it, `channels_last` on a GPU, and
autocast for bfloat16.

Expected: 32 pictures are learnt by heart, to a loss of 0.0009 nats, in 57 steps. `--batch 64
--rounds 7` on 2 cores: 1.65 s a step (39 images a second), 1.88 s with augmentation, to PyTorch's
3.42 s. Time: 2.5 minutes. On a GPU, where the first step alone compiles for a minute, it is not
measured.
"""

import importlib.util
import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from vizjax import training
from vizjax.cli.console import say
from vizjax.errors import InputError
from vizjax.runs import Result, table
from vizjax.training.config import SMALL, Resolved
from vizjax.training.data import Batch
from vizjax.training.statistics import Statistics
from vizjax.training.step import compiled_step, descent, initial

CELLS = 8
"""Squares along a picture that is learnt by heart."""


@dataclass(frozen=True)
class Config:
    """The network, the batch, and how long each is measured."""

    size: int = 224
    """Height and width of the pictures, in pixels."""
    width: int = 64
    """Channels of conv1."""
    classes: int = 1000
    """Scores."""
    batch: int = 128
    """Pictures a step."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the network's arithmetic; parameters are float32."""
    rounds: int = 20
    """Steps that are timed one by one, after three that are not."""
    learnt: int = 32
    """Pictures that are learnt by heart; 0 to leave it out."""
    steps: int = 400
    """At most, until their loss is below `loss`."""
    learning_rate: float = 0.002
    """Of these steps, after ten in which it rises."""
    loss: float = 0.001
    """What counts as zero, in nats."""
    peer: bool = True
    """Whether PyTorch is timed too."""
    seed: int = 0
    """Of pictures, labels and parameters."""

    def __post_init__(self):
        for name in ("rounds", "steps"):
            if getattr(self, name) < 1:
                raise InputError(f"`{name}` is {getattr(self, name)}; expected at least 1")
        if self.peer and self.size < SMALL:
            raise InputError(
                f"`size` is {self.size}; expected at least {SMALL}, the paper's geometry, which "
                "the peer has: or leave the peer out"
            )
        if self.learnt < 0:
            raise InputError(f"`learnt` is {self.learnt}; expected 0 or more")
        self.training()  # what is out of range is refused there

    def training(self, **options: Any) -> Resolved:
        """The configuration of the step."""
        given = {
            "size": self.size,
            "width": self.width,
            "batch": self.batch,
            "precision": self.precision,
            "learning_rate": self.learning_rate,
            "seed": self.seed,
        }
        return training.Config(**given | options).resolved()


TINY = Config(
    size=16,
    width=2,
    classes=5,
    batch=8,
    rounds=2,
    learnt=4,
    steps=300,
    learning_rate=0.02,
    loss=0.1,
    peer=False,
)


def run(config: Config, work: Path) -> Result:
    """Times the step, then learns a batch by heart."""
    del work  # a measurement is not resumed
    peer = config.peer and importlib.util.find_spec("torch") is not None
    if config.peer and not peer:
        say("PyTorch is not installed: only vizjax's step is timed")
    rows: dict[str, list[float]] = {}
    if peer:  # first: JAX takes a GPU's memory for itself
        rows["PyTorch"] = in_a_process(config)
    still = {"reflect": False, "lighting": 0.0, "patches": 0, "margin": 0, "side": config.size}
    rows["vizjax"] = seconds(config, config.training(**still))
    rows["vizjax, with augmentation"] = seconds(config, config.training())
    metrics: list[dict[str, Any]] = []
    medians = {name: statistics.median(taken) for name, taken in rows.items()}
    for name, taken in rows.items():
        metrics.append({"side": name, "seconds": medians[name], "fastest": min(taken)})
    summary: dict[str, Any] = {
        "summary": True,
        "images_per_second": config.batch / medians["vizjax"],
    }
    if peer:
        summary["peer_images_per_second"] = config.batch / medians["PyTorch"]
        summary["ratio"] = medians["PyTorch"] / medians["vizjax"]
    cells = [
        [name, f"{1000 * median:.1f}", f"{1 / median:.2f}", f"{config.batch / median:,.0f}"]
        for name, median in medians.items()
    ]
    device = jax.devices()[0].device_kind
    said = f"{device}, {config.precision}, batch {config.batch}, medians of {config.rounds}"
    speed = table(["side", "ms a step", "steps a second", "images a second"], cells)
    tables = {"speed": f"{said}\n\n{speed}"}
    if config.learnt:
        losses = by_heart(config)
        metrics += [{"step": step, "loss": loss} for step, loss in enumerate(losses, start=1)]
        summary |= {"steps_to_zero": len(losses), "last_loss": losses[-1]}
    return Result([*metrics, summary], tables=tables)


def noise(config: Config, count: int, side: int, cells: int) -> tuple[Batch, Statistics]:
    """Squares of random colours with random labels, on the device, and their statistics.

    Args:
      config: classes and seed.
      count: pictures.
      side: of a picture, in pixels.
      cells: squares along it. Of as many as pixels all pictures look alike to the network.
    """
    rng = np.random.default_rng(config.seed)
    place = np.arange(side) * cells // side
    images = rng.integers(0, 256, (count, cells, cells, 3)).astype(np.uint8)
    images = images[:, place[:, None], place]
    labels = rng.integers(0, config.classes, count).astype(np.int32)
    mean = np.full((side, side, 3), 127.5, np.float32)
    scale = np.full(3, 256 / 12**0.5, np.float32)
    known = Statistics(mean, scale, np.diag(scale))
    batch = Batch(images, labels, np.arange(count, dtype=np.uint32))
    return jax.device_put((batch, known))


def seconds(config: Config, full: Resolved) -> list[float]:
    """What each of the steps took, after three that compile and warm up."""
    module: Any = full.module(config.classes)
    step = compiled_step(module, full, 1000, 100.0)
    state = initial(module, full, descent(full, 1000, 100.0))
    batch, known = noise(config, full.batch, full.side, full.side)
    key = jax.random.key(config.seed)

    def one():
        nonlocal state
        state, losses = step(state, batch, known, key)
        jax.block_until_ready(losses)

    return timed(one, config.rounds)


def timed(one: Callable[[], Any], rounds: int) -> list[float]:
    """The seconds of each call, after three that are not counted."""
    taken = []
    for _ in range(3 + rounds):
        start = time.perf_counter()
        one()
        taken.append(time.perf_counter() - start)
    return taken[3:]


def in_a_process(config: Config) -> list[float]:
    """The peer's seconds; its memory and threads go with its process."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(peer_seconds, (config,))


def peer_seconds(config: Config) -> list[float]:
    """What each of the steps took in PyTorch, in this process."""
    from experiments.bench.peers.training import step

    jax.config.update("jax_platforms", "cpu")  # the GPU is PyTorch's here
    module: Any = config.training().module(config.classes)
    blank = np.zeros((config.size, config.size, 3), np.float32)
    shapes: Any = jax.eval_shape(module.init, jax.random.key(0), blank)["params"]
    rng = np.random.default_rng(config.seed)  # what they are does not change the time
    weights = {
        f"{layer}/{leaf}": rng.normal(0, 0.01, shape.shape).astype(np.float32)
        for layer, leaves in shapes.items()
        for leaf, shape in leaves.items()
    }
    one = step(weights, config.size, config.classes, config.batch, config.precision, config.seed)
    return timed(one, config.rounds)


def by_heart(config: Config) -> list[float]:
    """The losses of a batch that is learnt until its loss is zero; no dropout, no augmentation.

    Raises:
      InputError: it is not zero after so many steps.
    """
    full = config.training(
        **{"dropout": 0.0, "weight_decay": 0.0, "warmup": 1.0, "batch": config.learnt},
        **{"reflect": False, "lighting": 0.0, "patches": 0, "margin": 0, "side": config.size},
    )
    module: Any = full.module(config.classes)
    length = 1_000_000  # of a cosine that does not fall while the batch is learnt
    step = compiled_step(module, full, length, 10.0)
    state = initial(module, full, descent(full, length, 10.0))
    batch, known = noise(config, config.learnt, config.size, CELLS)
    key = jax.random.key(config.seed)
    losses: list[float] = []
    while not losses or not losses[-1] < config.loss:
        if len(losses) == config.steps or np.isnan(losses[-1:]).any():
            raise InputError(
                f"`steps` is {config.steps}, and after {len(losses)} the loss is {losses[-1]:.3g}; "
                f"expected it below {config.loss}: give it more steps, or a lower `learning_rate`"
            )
        state, found = step(state, batch, known, key)
        losses.append(float(jnp.asarray(found.loss)))
    return losses
