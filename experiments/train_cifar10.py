"""The paper's ConvNet, at a geometry for 32 × 32 pixels, trained on the whole of CIFAR-10.

Claim: the ConvNet of Simonyan et al. 2013 ("ConvNet implementation details": five convolutions,
three full connections, dropout, random crops and reflections, parts of the image zeroed out) needs
no change but its first layer's to learn small pictures. Kernels of 5 for 11, a stride of 1 for 4,
and 1024 features for 4096 in fc6 and fc7 leave planes of 32, 16, 8 and 4 pixels.

    vizjax data prepare cifar10 --source cifar-10-batches-bin
    vizjax run train_cifar10 [--epochs 30 --width 32 …]
    vizjax explain PHOTO --network runs/train_cifar10/HASH/work/training --out explained

Expected, of `vizjax train cifar10 --size 32 --epochs 60 --learning-rate 0.02 --warmup 2 --precision
bfloat16 --every 5 --seed 0`, which trains the same: 9.8 % of the 10,000 test pictures are wrong in
the centre view, 9.2 % by ten views; top-5 0.3 %.
Time: 2 min 40 s on an NVIDIA H200, 45,000 to 70,000 images a second.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from experiments.trainings import checksums, curves, finished, opened
from vizjax import training
from vizjax.errors import InputError
from vizjax.runs import Figure, Grid, Result, table
from vizjax.training.log import read_metrics


@dataclass(frozen=True)
class Config(training.Config):
    """The dataset, and how the ConvNet is trained on it."""

    dataset: str = "cifar10"
    """As TFDS calls it; shapes are drawn for the run."""
    folder: Path | None = None
    """Where TFDS's datasets are; by default where TFDS itself looks."""
    train: str = "train"
    """The split to learn from, or a part of one such as train[:45000]."""
    test: str = "test"
    """The split to evaluate on."""
    drawn: int = 2000
    """Shapes to draw, where they are the dataset; a quarter as many to test on."""
    size: int = 32
    """Height and width of the network's input, in pixels."""
    learning_rate: float = 0.02
    """The highest."""
    warmup: float = 2.0
    """Epochs over which it rises from zero, in a line."""
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    """Of the network's arithmetic; parameters are float32."""
    every: float = 5.0
    """Epochs from one evaluation and checkpoint to the next."""
    log: int = 100
    """Steps from one line of metrics to the next."""

    def __post_init__(self):
        super().__post_init__()
        if self.drawn < 1:
            raise InputError(f"`drawn` is {self.drawn}; expected at least 1")


TINY = Config(
    dataset="shapes",
    drawn=40,
    size=16,
    width=2,
    batch=8,
    epochs=2.0,
    every=1.0,
    log=5,
    precision="float32",
)

SWEEP = Grid(patches=(0, 1), lighting=(0.0, 0.1), dropout=(0.0, 0.5))


def run(config: Config, work: Path) -> Result:
    """Trains, and draws the curves; interrupted, it goes on from its last checkpoint."""
    data = opened(
        config.dataset,
        config,
        work,
        folder=config.folder,
        drawn=config.drawn,
        train=config.train,
        test=config.test,
    )
    folder = work / "training"
    outcome = finished(data, config, folder)
    metrics: list[dict[str, Any]] = read_metrics(folder)
    rows = [
        [views, f"{errors.top1:.2%}", f"{errors.top5:.2%}", f"{errors.pictures:,}"]
        for views, errors in (("centre", outcome.centre), ("ten", outcome.ten))
        if errors
    ]
    full = config.resolved()
    caption = (
        f"ConvNet of width {full.width} on {data.name}: batch {full.batch}, "
        f"{full.epochs:g} epochs, "
        f"rate {full.learning_rate:g} ({full.schedule}, warm-up {full.warmup:g}), momentum "
        f"{full.momentum:g}, weight decay {full.weight_decay:g}, dropout {full.dropout:g}, "
        f"{full.patches} part of up to {full.patch:g} of each side zeroed out, {full.precision}, "
        f"seed {full.seed}"
    )
    return Result(
        metrics,
        figures={"curves": Figure.of_plot(curves({"": [folder]}), caption)},
        tables={"errors": table(["views", "top-1 error", "top-5 error", "pictures"], rows)},
        inputs=checksums(data),
    )
