"""A bowl: how far a walk downhill comes.

Claim: by 1 − rate each step.

    vizjax run bowl
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from vizjax.errors import InputError
from vizjax.runs import EXECUTION, Figure, Grid, Result, checksum, table


@dataclass(frozen=True)
class Config:
    """What is walked."""

    rate: float = 0.1
    """Of a step."""
    steps: int = 10
    """Of the walk."""
    start: Literal["near", "far"] = "near"
    """Where it begins."""
    fail: Literal["", "InputError", "ValueError", "die"] = ""
    """How the walk ends early."""
    seed: int = 0
    """Of the start."""
    seconds: float = field(default=0.0, metadata=EXECUTION)
    """That the walk takes."""
    log: Path | None = field(default=None, metadata=EXECUTION)
    """A file that gets a line when the walk begins and when it ends."""

    def __post_init__(self):
        if not 0 < self.rate < 1:
            raise InputError(f"`rate` is {self.rate}; expected a share in (0, 1)")


TINY = Config(steps=2)

SWEEP = Grid(rate=(0.1, 0.2, 0.3, 0.4, 0.5), steps=(1, 2), start=("near", "far"))


def run(config, work):
    """Walk."""
    note(config, "begun")
    time.sleep(config.seconds)
    if config.fail == "die":
        os._exit(9)
    if config.fail:
        raise {"InputError": InputError, "ValueError": ValueError}[config.fail]("`walk` is lost")
    saved = work / "start.npy"
    if not saved.exists():
        scale = {"near": 1, "far": 100}[config.start]
        np.save(saved, scale * np.random.default_rng(config.seed).normal(size=(2, 3)))
    x = [np.load(saved)]
    for _ in range(config.steps):
        x.append(x[-1] * (1 - config.rate))
    distances = [float(np.linalg.norm(one)) for one in x]
    lines = [{"step": n, "distance": one} for n, one in enumerate(distances)]
    picture = np.full((4, 5, 3), 7, np.uint8)
    note(config, "ended")
    return Result(
        [*lines, {"summary": True, "distance": distances[-1], "start": config.start}],
        arrays={"walk": np.stack(x)},
        figures={"grey": Figure.of_picture(picture, f"rate {config.rate:g}")},
        tables={"walk": table(["step", "distance"], [["last", f"{distances[-1]:.3f}"]])},
        inputs={"start": checksum(x[0])},
    )


def note(config, what):
    """A line in the log; lines of so few bytes are appended whole."""
    if config.log is not None:
        with config.log.open("a") as file:
            file.write(f"{what} {config.rate} {config.steps} {config.start}\\\n")
