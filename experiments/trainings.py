"""What the experiments on training share: the dataset, the errors as metrics, the curves."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure as Plot

from experiments import sheet
from vizjax.cli.console import say
from vizjax.data.shapes.builder import prepare_shapes
from vizjax.training import Config, Data, Outcome, Progress, open_data, train
from vizjax.training.log import read_metrics


def opened(
    name: str,
    config: Config,
    work: Path,
    *,
    folder: Path | None,
    drawn: int,
    tested: int | None = None,
    **splits: str,
) -> Data:
    """A dataset at the side that a training asks for; shapes are drawn first, if need be.

    Args:
      name: of the dataset.
      config: the training's.
      work: where shapes are drawn to, unless there is a folder.
      folder: where TFDS's datasets are.
      drawn: how many shapes to train on.
      tested: how many to test on; by default a quarter as many.
      **splits: of `open_data`.
    """
    if name == "shapes" and folder is None:
        folder = work / f"shapes {drawn}"
        prepare_shapes(folder, train=drawn, test=tested or max(1, drawn // 4))
    return open_data(name, config.resolved().side, folder=folder, **splits)


def checksums(data: Data) -> dict[str, str]:
    """Of the files of a dataset's version, under its name."""
    digest = hashlib.sha256()
    for path in sorted(data.train.records.folder.iterdir()):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return {data.name.split(",")[0]: digest.hexdigest()}


def told(progress: Progress) -> None:
    """A line at every evaluation."""
    if progress.measured:
        say(
            f"epoch {progress.epoch:.1f} of {progress.steps / progress.step * progress.epoch:.0f}: "
            f"loss {progress.loss:.3f}, test error {progress.measured.top1:.2%}, "
            f"{progress.speed:,.0f} images/s, {progress.left:.0f} s left"
        )


def finished(data: Data, config: Config, folder: Path) -> Outcome:
    """Trains to the end, or goes on where it was interrupted.

    Raises:
      InputError: as of `train`.
    """
    return train(data, config, folder, report=told)


def curves(folders: Mapping[str, Sequence[Path]]) -> Plot:
    """Loss and errors by epoch, of one training or several a colour.

    Args:
      folders: of the trainings, by what they have in common.
    """
    figure, (above, below) = sheet.chart(7.5, panels=2)
    for (name, together), colour in zip(folders.items(), sheet.COLOURS, strict=False):
        for number, folder in enumerate(together):
            lines = [line for line in read_metrics(folder) if not line.get("summary")]
            tested = [line for line in lines if "test_top1" in line]
            label = f"{name}: " if name else ""
            for axis, chosen, key, scale, style, what in (
                (above, lines, "loss", 1, "-", None),
                (below, lines, "error", 100, ":", "as trained on"),
                (below, tested, "test_top1", 100, "-", "test"),
            ):
                axis.plot(
                    [line["epoch"] for line in chosen],
                    [scale * line[key] for line in chosen],
                    style,
                    color=colour,
                    label=f"{label}{what}" if what and not number else None,
                )
    sheet.named(above, title="Loss, nats")
    sheet.named(below, title="Top-1 error, %", x="epoch")
    below.set_ylim(0, None)
    below.legend(fontsize=sheet.SMALL, frameon=False)
    return figure
