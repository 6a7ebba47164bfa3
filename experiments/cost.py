"""What a view, an image, a class and a photograph cost, here and at full scale.

Claim: all of ImageNet takes hours, not months, and what runs out first is not the GPU: photographs
are read and cut into views, and graphs are cut, more slowly than one GPU makes maps.

    vizjax run cost [--rounds 5]
    python -m experiments.cost > FILE    # what the device does alone, a line as it comes
    vizjax run cost --device FILE        # with those figures instead of what is here

Expected: `docs/scale.md`. Time: 4 minutes on 2 idle cores; the device's part a minute on a GPU.
"""

import functools
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from experiments.cost_on_host import (
    DEEP,
    LABEL,
    LAYERS,
    median_seconds,
    on_host,
    photographs,
    png,
    pyramid_of,
)
from experiments.scale import Cost, cost_table, fastest, scale_table
from vizjax import cpu
from vizjax.ascent import Recipe, class_models
from vizjax.attribution import saliency
from vizjax.attribution.layer_saliency import layer_saliency
from vizjax.errors import InputError
from vizjax.models import ConvNet, Network, Preprocessing, load
from vizjax.pictures import to_pixels
from vizjax.runs import EXECUTION, Result
from vizjax.search import top_activations


@dataclass(frozen=True)
class Config:
    """What is measured, and at which sizes."""

    networks: tuple[Literal["squeezenet1_1", "convnet"], ...] = ("squeezenet1_1", "convnet")
    """SqueezeNet with its weights; the paper's network with random ones."""
    views: tuple[int, ...] = (10, 80)
    """Maps in one call."""
    images: tuple[int, ...] = (16, 128)
    """Images in one call of the search."""
    classes: tuple[int, ...] = (10,)
    """Class models that climb together."""
    steps: int = 25
    """Of the ascent that is timed: a multiple of 25 compiles one loop on a GPU."""
    photographs: int = 4
    """Photographs that the host reads, cuts and surveys; 0 measures the device alone."""
    width: int = 64
    """Channels of the paper's network: 64 at full size."""
    device: Path | None = None
    """The metrics of a run elsewhere, of which the devices' figures count instead."""
    rounds: int = field(default=5, metadata=EXECUTION)
    """Timings; the median counts."""

    def __post_init__(self):
        for name in ("views", "images", "classes", "steps", "width", "rounds"):
            value = getattr(self, name)
            if np.size(value) == 0 or np.min(value) < 1:
                raise InputError(f"`{name}` is {value}; expected numbers of at least 1")
        if self.photographs < 0:
            raise InputError(f"`photographs` is {self.photographs}; expected 0 or more")


TINY = Config(("squeezenet1_1",), (1,), (2,), (1,), steps=1, photographs=1, rounds=1)

ON_GPU = Config(views=(320,), images=(256,), classes=(125,), photographs=0)
"""What fills a GPU; every size costs compilations."""


def run(config: Config, work: Path) -> Result:
    """Measure; the times are this machine's, and no two runs' are the same bits."""
    del work
    found = list(on_device(config)) if config.device is None else read_costs(config.device)
    if config.photographs:
        found += on_host(config.photographs, config.rounds)
    scales = [name for name in config.networks if config.photographs and name in DEEP]
    tables = {"cost": cost_table(found)} | {f"scale {n}": scale_table(found, n) for n in scales}
    named = {f"{one.what} {one.network}".strip(): one for one in found}
    best = {name: 1000 * fastest(found, c.what, c.network).seconds for name, c in named.items()}
    summary = {"summary": True} | {f"{name}, ms": value for name, value in best.items() if value}
    return Result([*(cost._asdict() for cost in found), summary], tables=tables)


def read_costs(path: Path) -> list[Cost]:
    """What another run has measured of its device: the lines of its metrics."""
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        measured = [line for line in lines if not line.get("summary")]
        return [Cost(**{name: line[name] for name in Cost._fields}) for line in measured]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"`device` is {path}, which cannot be read ({error}); expected the lines that "
            "`python -m experiments.cost` prints"
        ) from error


def network_of(config: Config, name: str) -> Network:
    """A network by its name; the paper's with weights as they are drawn before training."""
    if name != "convnet":
        return load(name)
    module = ConvNet(width=config.width)
    size = (module.size, module.size)
    variables = jax.jit(module.init)(jax.random.key(0), jnp.zeros((*size, 3)))
    return Network(module, variables, Preprocessing(size=size, short_side=256), name=name)


def on_device(config: Config) -> Iterator[Cost]:
    """What the device does, each as soon as it is measured."""
    photo = photographs()[0]
    for name in config.networks:
        network = network_of(config, name)
        image = network.prepare(photo)
        for batch in config.views:
            images, labels = jnp.broadcast_to(image, (batch, *image.shape)), jnp.full(batch, LABEL)
            maps = jax.vmap(saliency, (None, 0, 0))
            yield _compiled(config, "maps", name, 10, maps, network, images, labels)
            scores = jax.vmap(lambda network, image: network(image), (None, 0))
            yield _compiled(config, "scores", name, 10, scores, network, images)
            if name in DEEP:
                deep = functools.partial(layer_saliency, layer=DEEP[name])
                maps, views = jax.vmap(deep, (None, 0, 0)), len(pyramid_of(network, photo))
                yield _compiled(config, "deep maps", name, views, maps, network, images, labels)
        for chunk in config.images:
            yield _searched(config, network, np.asarray(image), chunk)
        for count in config.classes:
            yield _climbed(config, network, count)


def _compiled(
    config: Config, what: str, name: str, number: int, function: Callable, *arguments: Any
) -> Cost:
    compiled = jax.jit(function).lower(*arguments).compile()
    memory, batch = compiled.memory_analysis(), len(arguments[1])
    seconds = median_seconds(config.rounds, lambda: jax.block_until_ready(compiled(*arguments)))
    megabytes = None if memory is None else memory.temp_size_in_bytes / 1e6
    return Cost(what, name, "view", seconds / batch, batch, megabytes, number=number)


def _searched(config: Config, network: Network, image: np.ndarray, chunk: int) -> Cost:
    """Of images that are in memory, as the search stacks and sends them."""
    images, layers = [image] * (4 * chunk), LAYERS[network.name]

    def search() -> Any:
        found = top_activations(network.activations, images, layers=layers, chunk=chunk)
        return jax.block_until_ready(found.hits)

    seconds = median_seconds(config.rounds, search)
    return Cost("search", network.name, "image", seconds / len(images), chunk)


def _climbed(config: Config, network: Network, count: int) -> Cost:
    recipe, mean = Recipe(steps=config.steps), network.mean_image
    options = {"shape": mean.shape, "mean": mean, "recipe": recipe}

    made = []

    def climb() -> None:
        models = class_models(jax.random.key(0), network, np.arange(count), **options)
        made[:] = [jax.block_until_ready(models)]

    each = median_seconds(config.rounds, climb) / count / config.steps
    # Without weights the pictures stay grey, and their files small.
    disk = len(png(to_pixels(made[0].images[0] + mean))) if network.name in DEEP else 0.0
    return Cost("class models", network.name, "class and step", each, count, disk=disk)


def main() -> None:
    """The devices' figures, as JSON lines, with what they were measured on."""
    cpu.tune()
    config = ON_GPU if jax.default_backend() == "gpu" else Config(photographs=0)
    kind, stamp = jax.devices()[0].device_kind, f"jax {jax.__version__}"
    for cost in on_device(config):
        stats = jax.devices()[0].memory_stats() or {}
        peak = stats.get("peak_bytes_in_use")
        line = cost._asdict() | {"on": f"{kind}, {stamp}", "peak": peak}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
