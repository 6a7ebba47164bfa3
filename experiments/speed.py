"""The time of saliency maps against a plain formulation of the same.

Claim: max-pooling with switches, and one forward pass for all classes, save half of the time of
saliency maps and more against `flax.linen.max_pool` and one class at a time. The results are the
same. Both sides share all else: convolutions, rectifiers, and parameters passed as arguments.

    vizjax run speed    # a minute on 2 idle cores

Times are the machine's: the same configuration gives other ones each time. Expected, on 2 cores
that others use as well: medians of 5 rounds.

| network and result | vizjax, ms | plain, ms | plain / vizjax | difference |
|---|--:|--:|--:|--:|
| squeezenet1_1: saliency maps, 5 classes × 10 views | 251 | 919 | 3.66 | 0 |
| convnet: saliency maps, 5 classes × 10 views | 358 | 661 | 1.85 | 1e-07 |
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import register_dataclass
from jaxtyping import Array

from vizjax import ops
from vizjax.attribution import saliency
from vizjax.cli.console import progress
from vizjax.data import canvas, demo_photos, extract, ten_views
from vizjax.errors import InputError
from vizjax.explain import scores_and_maps
from vizjax.models import ConvNet, Network, Preprocessing, load
from vizjax.models.layers import MaxPool
from vizjax.runs import Result, checksum, table

TOLERANCE = 1e-4
"""How far the two sides may differ, as a share of the largest value: float32, summed otherwise."""


@dataclass(frozen=True)
class Config:
    """What is timed, and how often."""

    networks: tuple[Literal["squeezenet1_1", "convnet"], ...] = ("squeezenet1_1", "convnet")
    """SqueezeNet with its weights; the paper's network with random ones."""
    rounds: int = 5
    """Timings of each side, in turns; the median counts."""
    classes: int = 5
    """Classes whose maps are made, of ten views each."""
    width: int = 64
    """Channels of the paper's network: 64 at full size."""
    size: int = 224
    """Height and width of its input in pixels: 224 at full size."""
    seed: int = 0
    """Of its random weights."""

    def __post_init__(self):
        for name in ("rounds", "classes", "width", "size"):
            if getattr(self, name) < 1:
                raise InputError(f"`{name}` is {getattr(self, name)}; expected 1 or more")


TINY = Config(networks=("convnet",), rounds=2, classes=2, width=2, size=80)


class Sides(NamedTuple):
    """Two ways to one result. Each waits for nothing: the caller does."""

    vizjax: Callable[[], Array]
    plain: Callable[[], Array]


class Row(NamedTuple):
    """One comparison.

    Attributes:
      network: the network's name.
      what: was computed.
      vizjax: milliseconds, one a round.
      plain: milliseconds, one a round.
      difference: the largest between the two results, as a share of the largest value.
    """

    network: str
    what: str
    vizjax: list[float]
    plain: list[float]
    difference: float

    @property
    def ratio(self) -> float:
        """How many times as long the plain formulation takes: medians."""
        return float(np.median(self.plain) / np.median(self.vizjax))


@register_dataclass
@dataclass(frozen=True)
class Plain:
    """A network whose max-pooling is Flax's own; a score function with the same parameters."""

    network: Network

    def __call__(self, image):
        """The scores of one image."""

        def pool(call, args, kwargs, context):
            layer = context.module
            return _flax_max_pool(layer, *args) if type(layer) is MaxPool else call(*args, **kwargs)

        with nn.intercept_methods(pool):
            return self.network(image)


def _flax_max_pool(layer: MaxPool, x: Array) -> Array:
    padding: Any = layer.padding  # Flax's annotation knows strings only
    if layer.ceil:
        height, width = x.shape[-3:-1]
        padding = ops.ceil_padding(height, width, ops.Pool(layer.window, layer.stride, padding))
    return nn.max_pool(x, layer.window, layer.stride, padding)


def saliency_of_views(network: Network, classes: int) -> Sides:
    """The maps of ten views of a photograph for several classes: `(classes, views, H, W)`.

    Plain: one class after another, each with a forward pass of its own.
    """
    image = canvas(demo_photos()["chelsea"], network.preprocessing.short_side or 256)
    height, width, _ = network.mean_image.shape
    crops = extract(image, ten_views(image.shape[0], image.shape[1], (height, width)))
    labels = jnp.arange(classes)

    @jax.jit
    def maps_of_class(score_fn, crops, label):
        return jax.vmap(saliency, (None, 0, None))(score_fn, crops, label)

    def plain():
        return jnp.stack([maps_of_class(Plain(network), crops, label) for label in labels])

    return Sides(lambda: scores_and_maps(network, crops, labels).maps, plain)


def compare(network: str, what: str, sides: Sides, rounds: int) -> Row:
    """Hold the two results against each other, then time the two in turns.

    Raises:
      AssertionError: the results differ by more than `TOLERANCE`.
    """
    # These first calls compile, so that no timing does.
    result, expected = (np.asarray(side()) for side in sides)
    difference = float(np.abs(result - expected).max() / np.abs(expected).max())
    if not difference <= TOLERANCE:
        raise AssertionError(f"{network}, {what}: the results differ by {difference:.1e}")
    times = [(_milliseconds(sides.vizjax), _milliseconds(sides.plain)) for _ in range(rounds)]
    ours, plain = (list(side) for side in zip(*times, strict=True))
    return Row(network, what, ours, plain, difference)


def _milliseconds(side: Callable[[], Array]) -> float:
    start = time.perf_counter()
    jax.block_until_ready(side())
    return 1000 * (time.perf_counter() - start)


def run(config: Config, work: Path) -> Result:
    """Compare the two sides on every network."""
    rows, inputs = [], {}
    with progress(len(config.networks), "comparisons") as advance:
        for name in config.networks:
            network = load(name) if name != "convnet" else random_convnet(config)
            inputs[name] = checksum(network)
            what = f"saliency maps, {config.classes} classes × 10 views"
            sides = saliency_of_views(network, config.classes)
            rows.append(compare(name, what, sides, config.rounds))
            advance(1)
    return result_of(config, rows, inputs)


def result_of(config: Config, rows: Sequence[Row], inputs: dict[str, str]) -> Result:
    """The times as lines, a table and arrays of every round."""
    lines = [
        {
            "network": row.network,
            "vizjax": float(np.median(row.vizjax)),
            "plain": float(np.median(row.plain)),
            "ratio": row.ratio,
            "difference": row.difference,
        }
        for row in rows
    ]
    cells = [
        [
            f"{row.network}: {row.what}",
            _spread(row.vizjax),
            _spread(row.plain),
            f"{row.ratio:.2f}",
            f"{row.difference:.0g}",
        ]
        for row in rows
    ]
    header = ["network and result", "vizjax, ms", "plain, ms", "plain / vizjax", "difference"]
    title = f"Median (least – most) of {config.rounds} rounds on {jax.devices()[0].device_kind}."
    return Result(
        [*lines, {"summary": True, **{f"ratio {row.network}": row.ratio for row in rows}}],
        arrays={row.network: np.array([row.vizjax, row.plain]) for row in rows},
        tables={"times": f"{title}\n\n{table(header, cells)}"},
        inputs=inputs,
    )


def random_convnet(config: Config) -> Network:
    """The paper's network with random weights, whose biases are not zero."""
    module, shape = ConvNet(width=config.width, size=config.size), (config.size, config.size, 3)
    variables = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros(shape))
    rng = np.random.default_rng(config.seed)

    def draw(leaf):  # kernels by their fan-in; biases of deviation 0.3
        deviation = (2 / np.prod(leaf.shape[:-1])) ** 0.5 if len(leaf.shape) > 1 else 0.3
        return jnp.asarray(rng.normal(0, deviation, leaf.shape), jnp.float32)

    short_side = round(config.size * 256 / 224)
    preprocessing = Preprocessing(size=shape[:2], short_side=short_side)
    return Network(module, jax.tree.map(draw, variables), preprocessing, name="convnet")


def _spread(times: Sequence[float]) -> str:
    return f"{np.median(times):.0f} ({min(times):.0f} – {max(times):.0f})"
