"""`vizjax survey`: how well procedures find what a dataset shows, photograph by photograph."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vizjax.cli.console import BAD_INPUT, complain, output_folder, progress, say
from vizjax.cli.networks import NetworkName, classifier
from vizjax.cli.processes import Distributed
from vizjax.data import dataset
from vizjax.devices import Processes, connected
from vizjax.errors import InputError
from vizjax.survey import Plan, survey


@dataclass(frozen=True)
class Survey:
    """Make maps of every photograph of a dataset, cut them, and hold them against the truth."""

    dataset: Annotated[str, tyro.conf.Positional]
    """Any that `vizjax data list` names."""
    out: Annotated[Path, tyro.conf.arg(metavar="FILE")]
    """The file, JSON lines; of a survey that was interrupted, it goes on there."""
    procedures: tuple[str, ...] = ("paper",)
    """How objects are found, such as vizjax, paper, cam or middle."""
    split: str = ""
    """Of the dataset; the one to measure on unless given. `test[:100]` is a part of one."""
    folder: Path | None = None
    """Where the dataset is."""
    boxes: Path | None = None
    """The challenge's boxes, for imagenet2012."""
    network: NetworkName = "squeezenet1_1"
    steps: int = 0
    """Of insertion and deletion; 0 leaves them out."""
    batch: int = 1
    """Photographs whose maps are made together: at least one a device."""
    workers: int = 1
    """Processes that cut and measure while the devices make maps."""
    seed: int = 0
    """Of the colour models' start, and of random methods."""
    distributed: Distributed = False


def run(options: Survey) -> int:
    """Surveys the dataset; a photograph that cannot be used does not stop the others."""
    if options.workers < 0:
        raise InputError(f"`--workers` is {options.workers}; expected 0 or more")
    plan = Plan(options.procedures, options.steps, options.batch, options.seed)
    with connected(options.distributed) as processes:
        return _run(options, plan, processes)


def _run(options: Survey, plan: Plan, processes: Processes) -> int:
    output_folder(options.out.parent)
    network = classifier(options.network)
    examples = dataset(
        options.dataset,
        split=options.split or None,
        folder=options.folder,
        boxes=options.boxes,
        progress=say,
    )
    own = processes.stretch(len(examples), step=plan.batch)
    with progress(len(own), "photographs") as advance:
        records = survey(
            network,
            examples,
            plan,
            options.out,
            workers=options.workers,
            processes=processes,
            advance=advance,
        )
    broken = [record for record in records if "error" in record]
    if processes.number == 0:
        for record in broken:
            complain(InputError(record["error"]), about=record["name"])
        say(f"{len(records) - len(broken)} of {len(records)} photographs in {options.out}")
    return BAD_INPUT if broken else 0
