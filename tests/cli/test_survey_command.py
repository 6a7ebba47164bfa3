"""`vizjax survey`: the file that it writes, and how it meets what it cannot use."""

import json

import few_photos
import pytest

from vizjax.cli import survey as command
from vizjax.errors import InputError


@pytest.fixture
def survey(vizjax, network_file, tmp_path, monkeypatch):
    """Runs `vizjax survey` of the five drawn photographs, of which the fourth may be damaged."""

    def run(*arguments, damaged=(), workers=0, procedures=("middle", "whole")):
        def dataset(name, **options):
            if name != "drawn":
                raise InputError(f"`dataset` is {name}; expected drawn")
            return few_photos.dataset(damaged=damaged)

        monkeypatch.setattr(command, "dataset", dataset)
        options = ["--network", network_file, "--workers", workers, "--procedures", *procedures]
        return vizjax("survey", *arguments, "--out", tmp_path / "out/a.jsonl", *options)

    return run


def test_a_line_each_photograph(survey, tmp_path):
    path = tmp_path / "out/a.jsonl"
    outcome = survey("drawn", "--batch", 2)
    assert (outcome.status, outcome.lines) == (0, [f"5 of 5 photographs in {path}"])
    content = path.read_bytes()
    head, *records = map(json.loads, content.splitlines())
    assert list(head["procedures"]) == ["middle", "whole"]
    assert [record["name"] for record in records] == [f"{number}.jpg" for number in range(5)]
    path.write_bytes(content[:-90])  # interrupted, and torn
    assert survey("drawn", "--batch", 2).status == 0
    assert path.read_bytes() == content


def test_a_damaged_photograph_does_not_stop_the_others(survey):
    outcome = survey("drawn", damaged=(3,))
    assert outcome.status == 2
    assert outcome.lines[0].startswith("vizjax: `drawn[3]`: `3.jpg` cannot be read")
    assert outcome.lines[1].startswith("4 of 5 photographs in ")


@pytest.mark.parametrize(
    ("arguments", "options", "line"),
    [
        (["flowers"], {}, "`dataset` is flowers; expected drawn"),
        (["drawn", "--batch", "0"], {}, "`batch`, `steps` are 0, 0; expected at least 1"),
        (["drawn"], {"workers": -1}, "`--workers` is -1; expected 0 or more"),
        (["drawn"], {"procedures": ["cut"]}, "`procedures` has cut; expected some of: vizjax,"),
    ],
)
def test_refuses(survey, arguments, options, line):
    outcome = survey(*arguments, **options)
    assert outcome.status == 2
    assert line in outcome.lines[0]


def test_distributed_processes_have_to_be_found(survey, monkeypatch):
    """Without a cluster or the environment that stands for one; nothing has been computed."""
    for name in ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"):
        monkeypatch.delenv(name, raising=False)
    outcome = survey("drawn", "--distributed")
    assert outcome.status == 2
    assert "JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES, JAX_PROCESS_ID" in outcome.lines[0]
