"""Real runs, small ones."""

import contextlib
import dataclasses
import json
from pathlib import Path
from typing import NamedTuple

import pytest

from vizjax.runs import Run, execute, experiment, folder_of, read_run

COMMAND = "vizjax run discs"


class Runs(NamedTuple):
    """Two that differ in radius and colour; and eight, of which three are not whole."""

    pair: list[Run]
    many: list[Run]


@pytest.fixture(scope="session")
def discs(tmp_path_factory):
    module = experiment(Path(__file__).parents[1] / "discs.py")
    root = tmp_path_factory.mktemp("runs")

    def made(**fields):
        config = dataclasses.replace(module.TINY, **fields)
        with contextlib.suppress(Exception, KeyboardInterrupt):
            execute(module, config, root, command=COMMAND)
        return read_run(folder_of(module, config, root))

    pair = [made(radius=12.0), made(radius=9.5, colour="red")]
    many = [made(radius=float(radius), seed=1) for radius in (-1, 0, 2, 4, 6, 8, 10, 14)]
    manifest = many[-1].manifest | {"status": "running", "seconds": None, "ended": None}
    (many[-1].path / "manifest.json").write_text(json.dumps(manifest))
    return Runs(pair, [*many[:-1], read_run(many[-1].path)])
