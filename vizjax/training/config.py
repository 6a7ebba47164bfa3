"""What a training depends on."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from vizjax.errors import InputError
from vizjax.models.convnet import ConvNet

SMALL = 96
"""Below this size in pixels conv1 is small and dense by default, and a margin makes the crops."""


@dataclass(frozen=True)
class Config:
    """How a ConvNet is trained: its geometry, the augmentation, the descent.

    What is None follows from `size` (`resolved`): the paper's geometry on crops of 224 out of 256
    pixels, or one for small pictures.
    """

    size: int = 224
    """Height and width of the network's input, in pixels."""
    width: int = 64
    """Channels of conv1; conv2 to conv5 have four times as many."""
    hidden: int | None = None
    """Features of fc6 and fc7; by default 64 times the width, or 16 times below 96 pixels."""
    kernel: int | None = None
    """Of conv1, in pixels; by default 11, or 5 below 96 pixels."""
    stride: int | None = None
    """Of conv1; by default 4, or 1 below 96 pixels."""
    pad: int | None = None
    """Zeros around conv1's input; by default 0, or 2 below 96 pixels."""
    dropout: float = 0.5
    """The rate after fc6 and fc7."""
    side: int | None = None
    """Of the square that is kept of a photograph, the middle after its short side was brought to as
    many pixels; by default 8/7 of the size, or the size below 96 pixels."""
    margin: int | None = None
    """Pixels of the mean around that square, before a crop is taken; by default 0, or 1/8 of the
    size below 96 pixels."""
    reflect: bool = True
    """Whether half of the crops are reflected, left to right."""
    lighting: float = 0.1
    """Deviation of the colour jitter along the colours' principal axes, in their own deviations."""
    patches: int = 1
    """How many rectangles of each crop are zeroed out."""
    patch: float = 0.5
    """The longest side of such a rectangle, as a share of the crop's."""
    batch: int = 128
    """Pictures a step, over all devices and hosts."""
    accumulate: int = 1
    """Parts into which a step's pictures are divided one after the other, to save memory."""
    epochs: float = 60.0
    """How often the training set is seen."""
    learning_rate: float = 0.01
    """The highest."""
    schedule: Literal["cosine", "step"] = "cosine"
    """How it falls: along a cosine to zero, or to a tenth at each of the drops."""
    warmup: float = 1.0
    """Epochs over which it rises from zero, in a line."""
    drops: tuple[float, ...] = (0.5, 0.75, 0.9)
    """Of the schedule step: where, as shares of the training."""
    momentum: float = 0.9
    """Of the descent."""
    weight_decay: float = 5e-4
    """Added to the gradient, times the parameter."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the network's arithmetic; parameters are float32."""
    every: float = 1.0
    """Epochs from one evaluation and checkpoint to the next."""
    checkpoint: int = 0
    """Steps from one checkpoint to the next, beside those; 0 for none."""
    log: int = 50
    """Steps from one line of metrics to the next."""
    seed: int = 0
    """Of the initial parameters, the order, the augmentation and dropout."""

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise InputError(f"`{name}` is {value}; expected at least {least}")
        for name in ("dropout", "momentum"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(
                    f"`{name}` is {getattr(self, name)}; expected at least 0 and below 1"
                )
        for name in ("epochs", "learning_rate", "every"):
            if not getattr(self, name) > 0:
                raise InputError(f"`{name}` is {getattr(self, name)}; expected a positive number")
        for name, shares in (("patch", (self.patch,)), ("drops", self.drops)):
            if not all(0 < share <= 1 for share in shares):
                raise InputError(
                    f"`{name}` is {getattr(self, name)}; expected above 0 and at most 1"
                )
        if self.batch % self.accumulate:
            raise InputError(
                f"`accumulate` is {self.accumulate}; expected a divisor of the batch, {self.batch}"
            )
        if (side := self.resolved().side) < self.size:
            raise InputError(f"`side` is {side}; expected at least the size, {self.size}")

    def resolved(self) -> "Resolved":
        """The same, with numbers in place of what is None."""
        small = self.size < SMALL
        default: dict[str, Any] = {
            "hidden": (16 if small else 64) * self.width,
            "kernel": 5 if small else 11,
            "stride": 1 if small else 4,
            "pad": 2 if small else 0,
            "side": self.size if small else round(self.size * 8 / 7),
            "margin": self.size // 8 if small else 0,
        }
        # Its own fields: an experiment's configuration has more.
        given: dict[str, Any] = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(Config)
        }
        given |= {name: value for name, value in default.items() if given[name] is None}
        return Resolved(**given)

    def module(self, classes: int) -> ConvNet:
        """The network.

        Args:
          classes: how many scores it has.
        """
        full = self.resolved()
        return ConvNet(
            full.width,
            classes,
            full.size,
            full.kernel,
            full.stride,
            full.pad,
            full.hidden,
            full.dropout,
        )


@dataclass(frozen=True)
class Resolved(Config):
    """A configuration in which nothing is left open."""

    hidden: int = 4096
    kernel: int = 11
    stride: int = 4
    pad: int = 0
    side: int = 256
    margin: int = 0

    def resolved(self) -> "Resolved":
        """Itself."""
        return self


_LEAST = {
    "size": 1,
    "width": 1,
    "hidden": 1,
    "kernel": 1,
    "stride": 1,
    "pad": 0,
    "side": 1,
    "margin": 0,
    "lighting": 0.0,
    "patches": 0,
    "batch": 1,
    "accumulate": 1,
    "warmup": 0.0,
    "weight_decay": 0.0,
    "checkpoint": 0,
    "log": 1,
    "seed": 0,
}
