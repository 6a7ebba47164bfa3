"""Errors, means and comparisons of surveys, counted by hand; and what a survey is asked for."""

import dataclasses
import functools
import json

import few_photos
import numpy as np
import pytest
import tiny
from survey_records import case, record, records

from experiments import sources as module
from experiments.sources import HALVES, Compared, Source, inputs_of
from experiments.surveyed import (
    compared,
    figures,
    mean,
    require,
    share,
    surveyed,
    wrong,
)
from vizjax.errors import InputError
from vizjax.localisation import middle_box

FOUR = [
    record(case(rank=rank, one=overlap, none=0.0))
    for rank, overlap in zip((1, 2, 7, 1), (0.5, 0.7, 0.9, 0.49), strict=True)
]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0, 0, 0, 1]),
        ({"threshold": 0.8}, [1, 1, 0, 1]),
        ({"threshold": 0.3}, [0, 0, 0, 0]),
        ({"top": 1}, [0, 1, 1, 1]),
        ({"top": 5}, [0, 0, 1, 1]),
    ],
)
def test_localisation_errors_by_hand(options, expected):
    assert wrong(FOUR, "one", **options).tolist() == expected
    strict = wrong(FOUR, "none", **options)
    assert strict.tolist() == [True] * 4
    assert strict.dtype == bool


def test_one_class_of_several_is_enough():
    # Of the first photograph the box of the first class is right, the second is predicted.
    found = [
        record(case(0, 9, one=0.8), case(1, 1, one=0.2)),
        record(case(0, 9, one=0.1), case(1, 1, one=0.6)),
    ]
    assert wrong(found, "one").tolist() == [False, False]
    assert wrong(found, "one", top=1).tolist() == [True, False]


def test_photographs_without_boxes_are_not_counted():
    unboxed = case(1, 1, one={"box": None})
    found = [record(unboxed), record(unboxed, case(0, 1, one=0.9)), record(case(0, 1, one=0.1))]
    assert wrong(found, "one").tolist() == [False, True]
    assert wrong(found[:1], "one").shape == (0,)


def test_figures_are_of_the_cases_that_have_them():
    found = [
        record(case(one={"hit": True}), case(one={"box": None})),
        record(case(one={"hit": False, "precision": [1.0, 0.5]})),
    ]
    assert figures(found, "one", "hit").tolist() == [True, False]
    assert figures(found, "one", "precision").tolist() == [[1.0, 0.5]]
    assert len(figures(found, "one", "iou")) == 0


def test_halves_share_nothing_and_leave_nothing_out():
    numbers = list(range(7))
    assert numbers[HALVES["tune"]] == [0, 2, 4, 6]
    assert numbers[HALVES["report"]] == [1, 3, 5]
    assert numbers[HALVES["all"]] == numbers


def test_a_share_has_the_binomial_interval():
    # 30 of 100: the mean of a resample has deviation √(.3 · .7 / 100) = 4.6 %.
    middle, low, high = numbers_in(share(np.arange(100) < 30))
    assert middle == 30
    assert low == pytest.approx(30 - 1.96 * 4.58, abs=1.5)
    assert high == pytest.approx(30 + 1.96 * 4.58, abs=1.5)


def numbers_in(cell):
    middle, interval = cell.split(" ")
    low, high = interval.strip("()").split("–")
    return tuple(float(one.strip("%")) for one in (middle, low, high))


def test_a_mean_has_the_interval_of_its_deviation():
    values = np.tile([0.2, 0.6], 50)  # mean 0.4, deviation 0.2, of the mean 0.02
    middle, low, high = numbers_in(mean(values))
    assert middle == 0.4
    assert (low, high) == (pytest.approx(0.361, abs=0.01), pytest.approx(0.439, abs=0.01))


def test_of_nothing_there_is_a_dash():
    assert share(np.array([])) == mean(np.array([])) == "–"


def test_a_comparison_by_hand():
    values = {
        "worse": np.array([1, 1, 1, 1, 0], bool),
        "best": np.zeros(5, bool),
        "same": np.zeros(5, bool),
    }
    header, rule, worse, same = compared(values, "best", percent=True).splitlines()
    assert header == "| less best | difference | 95 % interval | p |"
    assert rule.count("|") == 5
    # Four of five differ, all one way: exact McNemar 2 / 2⁴.
    assert worse.startswith("| worse | +80.0 | ")
    assert worse.endswith(" | 0.1250 |")
    assert same == "| same | +0.0 | +0.0 to +0.0 | 1.0000 |"
    lower = compared(values, "worse", percent=True).splitlines()[2]
    assert lower.startswith("| best | -80.0 | ")


def test_a_comparison_of_means_is_in_their_unit():
    values = {"a": np.array([0.25, 0.5]), "b": np.array([0.125, 0.375])}
    assert compared(values, "b", percent=False).splitlines()[2:] == [
        "| a | +0.125 | +0.125 to +0.125 | 0.5000 |"
    ]


def test_what_is_of_other_photographs_is_not_compared():
    values = {"a": np.zeros(3), "b": np.zeros(2), "c": np.zeros(0)}
    assert len(compared(values, "b", percent=True).splitlines()) == 2
    assert len(compared({"c": np.zeros(0), "d": np.zeros(0)}, "d", percent=True).splitlines()) == 2


def test_the_best_is_one_of_the_procedures():
    Compared(procedures=("paper", "cam"), best="paper")
    with pytest.raises(InputError, match="`best` is vizjax; expected one of `procedures`: paper"):
        Compared(procedures=("paper", "cam"))


def test_a_figure_that_no_photograph_has_is_asked_for():
    found = records(one=[0.5])
    require(Source(), found, "iou", "boxes")
    for some in (found, []):
        with pytest.raises(InputError, match=r"`dataset` is photos.* there are no masks"):
            require(Source(), some, "mask_iou", "masks")


@pytest.mark.parametrize("fields", [{"photos": -1}, {"processes": -1}, {"batch": 0}])
def test_sources_it_refuses(fields):
    with pytest.raises(InputError, match="`photos`, `processes`, `batch` are"):
        Source(**fields)


def test_a_source_opens_what_it_names(monkeypatch, tmp_path):
    asked = []

    def opened(name, *, progress, **options):
        asked.append((name, options))
        return few_photos.dataset()

    monkeypatch.setattr(module, "dataset", opened)
    assert len(Source().opened()) == 5
    some = Source("voc/2007", split="test[:9]", folder=tmp_path, boxes=tmp_path, photos=2).opened()
    assert [one.name for one in some] == ["0.jpg", "1.jpg"]
    assert asked == [
        ("photos", {"split": None, "folder": None, "boxes": None}),
        ("voc/2007", {"split": "test[:9]", "folder": tmp_path, "boxes": tmp_path}),
    ]


def asked_for(out, dataset, names=("middle",), **fields):
    source = Source(**({"dataset": "voc/2007", "processes": 0} | fields))
    return surveyed(
        source, names, out, known=lambda network: few_photos.PROCEDURES,
        network=tiny.network(), examples=dataset,
    )  # fmt: skip


def test_records_with_cases_are_kept_and_damage_is_told(tmp_path, capsys):
    data = few_photos.dataset(damaged=(3,), uncertain=(0,))
    found = asked_for(tmp_path / "runs", data)
    assert [one["name"] for one in found] == ["1.jpg", "4.jpg"]  # 2 is of no known class
    assert "vizjax: `drawn[3]`: `3.jpg` cannot be read" in capsys.readouterr().err
    lines = (tmp_path / "runs" / "voc_2007-middle.jsonl").read_text().splitlines()
    assert [json.loads(line)["name"] for line in lines[1:]] == [
        "0.jpg", "1.jpg", "2.jpg", "drawn[3]", "4.jpg",
    ]  # fmt: skip
    assert asked_for(tmp_path / "runs", data) == found


def test_procedures_of_one_map_share_a_file_and_all_are_joined(tmp_path, monkeypatch):
    known = few_photos.PROCEDURES
    whole = dataclasses.replace(
        known["middle"], segment=functools.partial(middle_box, fraction=1.0)
    )
    monkeypatch.setitem(known, "whole", whole)
    data = few_photos.dataset(damaged=(2,), uncertain=(0,))
    found = asked_for(tmp_path, data, ("middle", "share", "whole"))
    files = {path.name: path.read_bytes() for path in tmp_path.glob("*.jsonl")}
    assert sorted(files) == ["voc_2007-middle.jsonl", "voc_2007-share.jsonl"]
    assert [one["name"] for one in found] == ["1.jpg", "3.jpg", "4.jpg"]
    alone = {name: asked_for(tmp_path / name, data, (name,)) for name in ("middle", "share")}
    for number, one in enumerate(found):
        for place, both in enumerate(one["cases"]):
            assert list(both["procedures"]) == ["middle", "whole", "share"]
            for name, kept in alone.items():
                same = kept[number]["cases"][place]
                assert both["procedures"][name] == same["procedures"][name]
                assert (both["label"], both["target"]) == (same["label"], same["target"])
    # Another cut of the one map leaves the other file alone.
    asked_for(tmp_path, data, ("share",))
    assert files["voc_2007-share.jsonl"] == (tmp_path / "voc_2007-share.jsonl").read_bytes()


def test_an_unknown_procedure_is_refused(tmp_path):
    with pytest.raises(InputError, match="`procedures` has grabcut; expected some of: share, cut"):
        asked_for(tmp_path, few_photos.dataset(), ("middle", "grabcut"))


def test_seed_and_batch_are_the_surveys(tmp_path):
    asked_for(tmp_path, few_photos.dataset(), seed=3, batch=2)
    head = json.loads((tmp_path / "voc_2007-middle.jsonl").read_text().splitlines()[0])
    assert (head["seed"], head["batch"], head["steps"]) == (3, 2, 0)


def test_photographs_of_which_the_network_knows_nothing_are_refused(tmp_path):
    with pytest.raises(InputError, match="no photograph has a class that tiny knows"):
        asked_for(tmp_path, few_photos.dataset()[2:3])


def test_inputs_are_told_apart_by_their_pixels_and_their_truth():
    network, data = tiny.network(), few_photos.dataset()
    found = inputs_of(network, data)
    assert list(found) == ["tiny", "drawn"]
    assert found == inputs_of(network, few_photos.dataset())
    others = [few_photos.dataset(masked=False), few_photos.dataset(damaged=(1,)), data[:4]]
    assert len({inputs_of(network, one)["drawn"] for one in (data, *others)}) == 4
