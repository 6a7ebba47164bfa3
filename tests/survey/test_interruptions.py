"""The same file, however often a survey is interrupted, and one survey at a time in it."""

import dataclasses
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from few_photos import PROCEDURES

from vizjax.data.locks import BusyError
from vizjax.evidence import Averaged
from vizjax.survey import Plan

TESTS = Path(__file__).parents[1]
BOTH = Plan(procedures=("share", "middle"))


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_interrupted_after_any_photograph_it_ends_with_the_same_file(surveyed, tmp_path, batch):
    plan = dataclasses.replace(BOTH, batch=batch)
    surveyed(plan)
    content = (tmp_path / "a.jsonl").read_bytes()
    for stop in range(6):
        done = 0

        def advance(count, stop=stop):
            nonlocal done
            done += count
            if done == stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            surveyed(plan, f"{stop}.jsonl", advance=advance)
        path = tmp_path / f"{stop}.jsonl"
        assert path.read_bytes().count(b"\n") == 1 + stop
        reported = []
        surveyed(plan, f"{stop}.jsonl", advance=reported.append)
        assert path.read_bytes() == content
        assert reported == [stop] + [1] * (5 - stop)


def test_interrupted_at_every_photograph_in_turn(surveyed, tmp_path):
    surveyed(dataclasses.replace(BOTH, batch=2))

    class Once(list):
        def __call__(self, count):
            self.append(count)
            if len(self) == 2:  # the first call tells of what was found
                raise KeyboardInterrupt

    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            surveyed(dataclasses.replace(BOTH, batch=2), "b.jsonl", advance=Once())
    surveyed(dataclasses.replace(BOTH, batch=2), "b.jsonl", advance=Once())
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()


def test_interrupted_while_maps_are_made(surveyed, tmp_path):
    surveyed(BOTH)
    calls = []

    @dataclasses.dataclass(frozen=True)
    class Interrupted(Averaged):
        def __call__(self, key, network, photos, labels):
            calls.append(len(photos))
            if len(calls) == 3:
                raise KeyboardInterrupt
            return super().__call__(key, network, photos, labels)

    # `repr` is what the file's first line has: the class goes by the same name.
    Interrupted.__qualname__ = "Averaged"
    share = dataclasses.replace(PROCEDURES["share"], evidence=Interrupted(views=1, chunk=2))
    known = PROCEDURES | {"share": share}
    with pytest.raises(KeyboardInterrupt):
        surveyed(BOTH, "b.jsonl", known=known)
    surveyed(BOTH, "b.jsonl", known=known)
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()


def test_a_finished_survey_makes_no_maps(surveyed):
    records = surveyed(BOTH)
    known = {
        name: dataclasses.replace(PROCEDURES[name], evidence=Silent(PROCEDURES[name].evidence))
        for name in BOTH.procedures
    }
    assert surveyed(BOTH, known=known) == records


@dataclasses.dataclass(frozen=True, repr=False)
class Silent:
    """Evidence that must not be asked, under the name of another."""

    other: object

    def __call__(self, key, network, photos, labels):
        raise AssertionError("a finished survey needs no maps")

    def __repr__(self):
        return repr(self.other)


SCRIPT = """
import pathlib, sys
import few_photos, tiny
from vizjax.survey import Plan, survey

known = few_photos.PROCEDURES
if sys.argv[2] == "killed":
    # On the fourth photograph, with the records of three in the file.
    count = 0

    def middle_box(*arguments):
        global count
        count += 1
        chosen = "killed" if count == 4 else "middle"
        return few_photos.PROCEDURES[chosen].segment(*arguments)

    known = known | {"middle": few_photos.Procedure("", known["middle"].evidence, middle_box)}
survey(
    tiny.network(), few_photos.dataset(), Plan(("middle", "share")), pathlib.Path(sys.argv[1]),
    known=known, workers=0, advance=lambda done: print(done, flush=True),
)
"""


@pytest.mark.slow
def test_killed_it_goes_on(surveyed, tmp_path):
    surveyed(Plan(("middle", "share")))
    content = (tmp_path / "a.jsonl").read_bytes()
    root = TESTS.parent
    path = f"import sys; sys.path[:0] = {[str(root), str(TESTS)]!r}\n"
    run = [sys.executable, "-c", path + SCRIPT, str(tmp_path / "b.jsonl")]
    killed = subprocess.run([*run, "killed"], check=False, capture_output=True, cwd=root)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    left = (tmp_path / "b.jsonl").read_bytes()
    assert content.startswith(left)
    assert left.count(b"\n") == 4  # what was asked for, and three photographs
    again = subprocess.run([*run, "whole"], check=False, capture_output=True, cwd=root)
    assert again.returncode == 0, again.stderr.decode()
    assert (tmp_path / "b.jsonl").read_bytes() == content


def test_a_file_takes_one_survey_at_a_time(surveyed, tmp_path):
    refused = []

    def meanwhile(done):
        with pytest.raises(BusyError, match=r"a\.jsonl` is at work in another process; expected"):
            surveyed(BOTH)
        refused.append(done)

    found = surveyed(BOTH, advance=meanwhile)
    assert len(refused) == 6
    assert surveyed(BOTH) == found
    # Beside it another one may be at work.
    surveyed(BOTH, "b.jsonl", advance=lambda done: surveyed(BOTH))


def test_workers_end_with_a_parent_that_is_killed():
    """They share its standard output, which stays open until the last of them has ended."""
    script = """
import os, signal
from vizjax.survey.workers import pool

with pool(1) as submit:
    submit.func.__self__.submit(os.getpid).result()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    run = [sys.executable, "-c", script]
    killed = subprocess.run(run, check=False, capture_output=True, timeout=60, cwd=TESTS.parent)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
