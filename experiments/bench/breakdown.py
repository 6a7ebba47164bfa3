"""Where vizjax's time goes: convolutions and matrix products, and all the rest.

Question: what could still be gained where the benchmark's bars are missed? No library can do the
same products faster than the machine does one large matrix product, so that what is left is how
near each layer comes to that, and what pooling, rectification and copies take beside the products.

    python -m experiments.bench.breakdown    # 2 minutes on 2 idle cores

Every convolution and product of the traced program is timed alone, on random arrays of its shapes;
`products` is the sum. The rest is the difference to the whole program, in which XLA fuses and
overlaps as it likes.
"""

import functools
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import tyro

from experiments.bench import inputs as given
from experiments.bench.products import products
from experiments.bench.rows import NETWORKS
from experiments.output import table
from experiments.speed import Config as SpeedConfig
from experiments.speed import random_convnet
from vizjax import cpu
from vizjax.cli.console import guarded, progress
from vizjax.errors import InputError
from vizjax.models import load


@dataclass(frozen=True)
class Config:
    """How much at once, and how often it is timed."""

    images: int = given.VIEWS
    """Whose gradients are taken in one call: a step of the benchmark's class models."""
    searched: int = 32
    """Whose layers are computed in one call: as the benchmark's search."""
    rounds: int = 9
    """Timings; the median counts."""
    slowest: int = 6
    """Products listed by themselves, of each program."""

    def __post_init__(self):
        for name, value in vars(self).items():
            if value < 1:
                raise InputError(f"`{name}` is {value}; expected at least 1")


def programs(name: str, config: Config) -> dict[str, tuple[Callable, Any, jax.Array]]:
    """What is broken down on a network: functions of it and of images, and both."""
    network = load(name) if name != "convnet" else random_convnet(SpeedConfig())
    shape = network.blank().shape
    images, searched = (
        60 * jax.random.normal(jax.random.key(0), (count, *shape)) + 120
        for count in (config.images, config.searched)
    )

    def climbs(network, images):
        def one(image, label):
            return jax.value_and_grad(lambda image: network(image)[label])(image)

        return jax.vmap(one)(images, jnp.arange(len(images)))

    @functools.partial(jax.vmap, in_axes=(None, 0))
    def layers(network, image):
        found = network.activations(image)
        return [found[layer] for layer in given.SEARCHED[name]]

    return {
        f"{name}: scores and gradients of {config.images} images": (climbs, network, images),
        f"{name}: three layers of {config.searched} images": (layers, network, searched),
    }


def seconds(runs: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """The median of each, all in turns, as a machine's speed changes within seconds."""
    for run in runs:
        jax.block_until_ready(run())  # compiles
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, found in zip(runs, times, strict=True):
            start = time.perf_counter()
            jax.block_until_ready(run())
            found.append(time.perf_counter() - start)
    return [statistics.median(found) for found in times]


def measured(
    title: str, function: Callable, network: Any, images: jax.Array, config: Config
) -> tuple[list[str], str]:
    """A program's row, and the list of its slowest products."""
    size = given.MATMUL[jax.default_backend()]
    square = jax.random.normal(jax.random.key(0), (size, size))
    product, compiled = jax.jit(jnp.matmul), jax.jit(function)
    found = products(lambda images: function(network, images), images)
    runs = [lambda: product(square, square), lambda: compiled(network, images)]
    largest, whole, *times = seconds([*runs, *(one.alone() for one in found)], config.rounds)
    peak, flops, total = 2 * size**3 / largest, sum(one.flops for one in found), sum(times)
    row = [
        title,
        f"{1e3 * whole:.0f}",
        f"{1e3 * total:.0f}",
        f"{1e3 * (whole - total):.0f}",
        f"{flops / whole / peak:.0%}",
        f"{flops / total / peak:.0%}",
    ]
    slowest = sorted(zip(times, found, strict=True), key=lambda pair: -pair[0])[: config.slowest]
    lines = [
        f"  {1e3 * took:5.1f} ms, {one.flops / took / peak:4.0%}: {one.shapes}"
        for took, one in slowest
    ]
    return row, "\n".join([f"{title}, the slowest products:", *lines])


def main(config: Config) -> int:
    """Print the table, and the slowest products of each program."""
    cpu.tune()
    rows, lists = [], []
    chosen = [pair for name in NETWORKS for pair in programs(name, config).items()]
    with progress(len(chosen), "programs") as advance:
        for title, program in chosen:
            row, text = measured(title, *program, config)
            rows.append(row)
            lists.append(text)
            advance(1)
    header = ["program", "ms", "products, ms", "rest, ms", "of the peak", "products, of the peak"]
    print(table(header, rows), *lists, sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(guarded(lambda: main(tyro.cli(Config, description=__doc__))))
