"""How time and memory grow with images, classes, windows, steps and channels.

Claim: time grows in proportion to what there is to do once it fills the machine, and so does the
memory of all that is computed at once; classes are cheaper than images, as they share a forward
pass, and windows need no more memory than a chunk of them.

    python -m experiments.bench.scaling --out FOLDER    # 5 minutes on 2 idle cores

Slopes are of least squares in the logarithms over the last half of a decade: 1 is proportional.
"""

import functools
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import tyro

from experiments.output import save, table
from experiments.speed import Config as SpeedConfig
from experiments.speed import random_convnet
from vizjax import cpu
from vizjax.attribution import saliency
from vizjax.attribution.integrated_gradients import integrated_gradients
from vizjax.attribution.occlusion import occlusion
from vizjax.cli.console import guarded, output_folder, progress
from vizjax.data import demo_photos
from vizjax.data.files import atomic_write
from vizjax.errors import InputError
from vizjax.models import Network, load

REASONS = {
    "images": "each has a forward and a backward pass of its own; a few fill the cores",
    "classes": "a backward pass each, and one forward pass for all",
    "windows": "a partial forward pass each, a chunk of them in memory",
    "steps": "a forward and a backward pass each, all of them in memory",
    "channels": "the products grow with the square; what lies between them, and the first layer, "
    "do not",
}
"""Why each slope is what it is."""


@dataclass(frozen=True)
class Config:
    """What is varied, about a decade each."""

    images: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    """Saliency maps in one call, one class each."""
    classes: tuple[int, ...] = (1, 2, 4, 8, 16)
    """Saliency maps of one image."""
    strides: tuple[int, ...] = (26, 18, 13, 8)
    """Of occlusion by 16 pixels, on one image."""
    steps: tuple[int, ...] = (5, 10, 20, 50)
    """Of integrated gradients, on one image."""
    widths: tuple[int, ...] = (8, 16, 32, 64, 80)
    """Channels of the first layer of the paper's network, whose others have 4 or 64 times as
    many; saliency of 10 images."""
    rounds: int = 5
    """Timings; the median counts."""

    def __post_init__(self):
        for name, value in vars(self).items():
            if not value or np.min(value) < 1:
                raise InputError(f"`{name}` is {value}; expected numbers of at least 1")


TINY = Config((1, 2), (1, 2), (106, 53), (1, 2), (2, 4), rounds=1)


class Point(NamedTuple):
    """One measurement.

    Attributes:
      axis: what was varied.
      amount: how many.
      milliseconds: the median.
      megabytes: of temporaries, as XLA plans them: exact, and no other process's.
    """

    axis: str
    amount: int
    milliseconds: float
    megabytes: float


def points(config: Config) -> Iterator[Point]:
    """All measurements, one axis after another."""
    network = load("squeezenet1_1")
    image = network.prepare(demo_photos()["chelsea"])
    measure = functools.partial(_measured, rounds=config.rounds)

    def batch(network: Network, count: int) -> tuple[Any, ...]:
        images = jnp.broadcast_to(network.prepare(demo_photos()["chelsea"]), (count, *image.shape))
        return network, images, jnp.arange(count)

    maps = jax.vmap(saliency, (None, 0, 0))
    for count in config.images:
        yield measure("images", count, maps, *batch(network, count))
    for count in config.classes:
        of_classes = jax.vmap(saliency, (None, None, 0))
        yield measure("classes", count, of_classes, network, image, jnp.arange(count))
    for stride in config.strides:
        method = functools.partial(occlusion, window=16, stride=stride, fill=0.0, chunk=32)
        windows = (-(-(image.shape[0] - 16) // stride) + 1) ** 2
        yield measure("windows", windows, method, network, image, 281)
    for steps in config.steps:
        method = functools.partial(integrated_gradients, steps=steps)
        yield measure("steps", steps, method, network, image, 281)
    for width in config.widths:
        convnet = random_convnet(SpeedConfig(width=width))
        images = jnp.broadcast_to(convnet.prepare(demo_photos()["chelsea"]), (10, 224, 224, 3))
        yield measure("channels", width, maps, convnet, images, jnp.arange(10))


def _measured(axis: str, amount: int, function: Callable, *arguments: Any, rounds: int) -> Point:
    compiled = jax.jit(function).lower(*arguments).compile()
    jax.block_until_ready(compiled(*arguments))
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        times.append(time.perf_counter() - start)
    memory = compiled.memory_analysis()
    megabytes = 0.0 if memory is None else memory.temp_size_in_bytes / 1e6
    return Point(axis, amount, 1000 * statistics.median(times), megabytes)


def slope(found: list[Point], quantity: str) -> float:
    """D log quantity / d log amount by least squares, over the larger half of the amounts."""
    last = found[len(found) // 2 - (len(found) == 2) :]
    amounts = np.log([point.amount for point in last])
    return float(np.polyfit(amounts, np.log([getattr(point, quantity) for point in last]), 1)[0])


def by_axis(found: list[Point]) -> dict[str, list[Point]]:
    """The measurements of each axis, in order."""
    return {axis: [p for p in found if p.axis == axis] for axis in REASONS}


def figure(found: list[Point]) -> Any:
    """Time and memory against each amount, both axes logarithmic."""
    from matplotlib.figure import Figure

    axes = by_axis(found)
    picture = Figure(figsize=(3.2 * len(axes), 5.6), layout="constrained")
    panels = picture.subplots(2, len(axes), squeeze=False)
    for column, (axis, measured) in enumerate(axes.items()):
        for row, (quantity, unit) in enumerate((("milliseconds", "ms"), ("megabytes", "MB"))):
            panel = panels[row][column]
            amounts = [point.amount for point in measured]
            values = [getattr(point, quantity) for point in measured]
            panel.loglog(amounts, values, "o-", color="black")
            proportional = values[-1] * np.array(amounts) / amounts[-1]
            panel.loglog(amounts, proportional, ":", color="grey")
            panel.set_xticks(amounts, [str(amount) for amount in amounts])
            ticks = [v for v in values[:-1] if v < values[-1] / 1.5][:1] + values[-1:]
            panel.set_yticks(ticks, [f"{tick:.0f}" for tick in ticks])
            panel.minorticks_off()
            panel.set_title(f"slope {slope(measured, quantity):.2f}", fontsize=10)
            panel.set_xlabel(axis)
            panel.set_ylabel(unit)
    return picture


def main(config: Annotated[Config, tyro.conf.arg(name="")], out: Path | None = None) -> int:
    """Print the slopes; with a folder, draw them and keep every measurement.

    Args:
      config: what is varied.
      out: a folder for scaling.png and scaling.json.
    """
    folder = None if out is None else output_folder(out)
    cpu.tune()
    found = []
    total = sum(len(value) for value in vars(config).values() if isinstance(value, tuple))
    with progress(total, "measurements") as advance:
        for point in points(config):
            found.append(point)
            advance(1)
    header = ["grows with", "from – to", "ms", "slope of time", "MB", "slope of memory", "because"]
    rows = [
        [
            axis,
            f"{measured[0].amount} – {measured[-1].amount}",
            f"{measured[0].milliseconds:.0f} – {measured[-1].milliseconds:.0f}",
            f"{slope(measured, 'milliseconds'):.2f}",
            f"{measured[0].megabytes:.0f} – {measured[-1].megabytes:.0f}",
            f"{slope(measured, 'megabytes'):.2f}",
            REASONS[axis],
        ]
        for axis, measured in by_axis(found).items()
    ]
    print(table(header, rows))
    if folder is not None:
        with atomic_write(folder / "scaling.png") as file:
            figure(found).savefig(file, dpi=110)
        save(folder / "scaling.json", config, points=found)
    return 0


if __name__ == "__main__":
    sys.exit(guarded(lambda: tyro.cli(main)))
