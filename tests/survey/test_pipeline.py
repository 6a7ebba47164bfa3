"""A survey of five drawn photographs: its records, and the figures in them."""

import dataclasses
import functools
import json

import few_photos
import jax
import numpy as np
import pytest
from few_photos import PROCEDURES

from vizjax.data import canvas
from vizjax.errors import InputError
from vizjax.evaluation import deletion, insertion
from vizjax.evidence import Averaged, mean_scores
from vizjax.localisation import Localisation, Seeds
from vizjax.procedures import Procedure
from vizjax.survey import Plan, survey

BOTH = Plan(procedures=("share", "middle"))


def cases(records):
    return [case for record in records for case in record["cases"]]


def test_a_record_each_photograph_and_a_case_each_class(surveyed):
    records = surveyed(BOTH)
    assert [record["name"] for record in records] == [f"{n}.jpg" for n in range(5)]
    assert [[case["label"] for case in record["cases"]] for record in records] == [
        [0], [0, 1], [], [1], [0],
    ]  # fmt: skip
    for case in cases(records):
        assert list(case["procedures"]) == ["share", "middle"]
        for figures in case["procedures"].values():
            assert {"box", "iou", "hit", "energy"} <= figures.keys()
    # There is a mask where there is one class.
    assert ["mask_iou" in case["procedures"]["share"] for case in cases(records)] == [
        True, False, False, True, True,
    ]  # fmt: skip


def test_maps_are_of_the_accepted_class_with_the_highest_score(surveyed, network):
    photos = [few_photos.example(number).photo for number in (0, 4)]
    scores = mean_scores(network, photos)
    found = surveyed(BOTH)
    for record, row in zip((found[0], found[4]), scores, strict=True):
        (case,) = record["cases"]
        assert case["target"] == (0 if row[0] >= row[3] else 3)
        assert case["rank"] == 1 + int(np.sum(row > row[case["target"]]))


def test_the_file_holds_what_is_returned(surveyed, tmp_path):
    records = surveyed(BOTH)
    head, *found = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert found == records
    assert head["dataset"] == "drawn"
    assert (head["examples"], head["network"], head["batch"], head["seed"]) == (5, "tiny", 1, 0)
    assert list(head["procedures"]) == ["share", "middle"]


@pytest.mark.parametrize("batch", [2, 3, 7])
def test_the_batch_does_not_change_the_figures(surveyed, batch):
    assert surveyed(dataclasses.replace(BOTH, batch=batch), "b.jsonl") == surveyed(BOTH)


def test_two_workers_write_the_same_file(surveyed, tmp_path):
    plan = dataclasses.replace(BOTH, batch=2)
    surveyed(plan)
    content = (tmp_path / "a.jsonl").read_bytes()
    second = [n for n, byte in enumerate(content) if byte == ord("\n")][1]
    (tmp_path / "two.jsonl").write_bytes(content[: second + 9])  # begun by none, and torn
    surveyed(plan, "two.jsonl", workers=2)
    assert (tmp_path / "two.jsonl").read_bytes() == content


def test_a_worker_cuts_as_this_process_does(surveyed):
    # One photograph: each size of canvas costs a process a compilation.
    plan, one = Plan(procedures=("cut",)), few_photos.dataset()[:1]
    (here,) = surveyed(plan, dataset=one)
    (there,) = surveyed(plan, "one.jsonl", dataset=one, workers=1)
    assert here == there
    assert here["cases"][0]["procedures"]["cut"]["box"] is not None


@pytest.mark.parametrize("batch", [1, 2])
def test_a_damaged_photograph_is_a_record_of_its_own(surveyed, batch):
    whole = surveyed(dataclasses.replace(BOTH, batch=batch))
    damaged = few_photos.dataset(damaged=(1, 4))
    found = surveyed(dataclasses.replace(BOTH, batch=batch), "b.jsonl", dataset=damaged)
    assert found[1] == {
        "name": "drawn[1]", "error": "`1.jpg` cannot be read: it is damaged",
    }  # fmt: skip
    assert found[4]["name"] == "drawn[4]"
    assert [found[n] for n in (0, 2, 3)] == [whole[n] for n in (0, 2, 3)]
    # The file goes on behind it, too.
    assert surveyed(dataclasses.replace(BOTH, batch=batch), "b.jsonl", dataset=damaged) == found


def test_a_panorama_is_a_record_of_its_own(surveyed):
    def read(number):
        one = few_photos.example(number)
        return one._replace(photo=np.zeros((10, 400, 3), np.uint8)) if number == 2 else one

    data = dataclasses.replace(few_photos.dataset(), read=read)
    found = surveyed(BOTH, dataset=data)
    assert "one side at most" in found[2]["error"]
    assert len(cases([one for one in found if "error" not in one])) == 5


def test_photographs_of_one_name_keep_their_own_cases(surveyed):
    def read(number):
        return few_photos.example(number)._replace(name="same.jpg")

    data = dataclasses.replace(few_photos.dataset(), read=read)
    found = surveyed(dataclasses.replace(BOTH, batch=5), dataset=data)
    assert [len(record["cases"]) for record in found] == [1, 2, 0, 1, 1]


def test_what_is_uncertain_has_no_cases(surveyed):
    found = surveyed(BOTH, dataset=few_photos.dataset(uncertain=(0, 3)))
    assert [len(record["cases"]) for record in found] == [0, 2, 0, 0, 1]


def test_insertion_and_deletion_are_of_the_centre_view(surveyed, network):
    plan = Plan(procedures=("share", "middle"), steps=4)
    found = surveyed(plan)
    photo = few_photos.example(0).photo
    (case,) = found[0]["cases"]
    assert {"insertion", "deletion"} <= case["procedures"]["middle"].keys()
    (map_,) = PROCEDURES["share"].evidence(jax.random.key(0), network, [photo], [case["target"]])
    height, width = canvas(photo, 16).shape[:2]
    top, left = (height - 16) // 2, (width - 12) // 2
    part = np.ascontiguousarray(map_[top : top + 16, left : left + 12])
    crop = network.prepare(photo)
    measure = functools.partial(jax.jit, static_argnames="steps")
    inserted = measure(insertion)(network, crop, part, case["target"], steps=4)
    fill = network.preprocessing.mean
    deleted = measure(functools.partial(deletion, fill=fill))(
        network, crop, part, case["target"], steps=4
    )
    figures = case["procedures"]["share"]
    assert figures["insertion"] == pytest.approx(float(inserted.auc), abs=2e-6)
    assert figures["deletion"] == pytest.approx(float(deleted.auc), abs=2e-6)
    assert figures["insertion"] != figures["deletion"]


def test_procedures_that_share_their_evidence_compute_it_once(surveyed):
    calls = []

    @dataclasses.dataclass(frozen=True)
    class Counted(Averaged):
        def __call__(self, key, network, photos, labels):
            calls.append(len(photos))
            return super().__call__(key, network, photos, labels)

    def nowhere(key, image, saliency_map):
        nothing = np.zeros(image.shape[:2], bool)
        return Localisation(nothing, None, Seeds(nothing, nothing))

    evidence = Counted(views=1, chunk=2)
    known = {"one": Procedure("", evidence, nowhere)}
    known["two"] = dataclasses.replace(PROCEDURES["share"], evidence=Counted(views=1, chunk=2))
    found = surveyed(Plan(procedures=("one", "two"), batch=2), known=known)
    assert calls == [3, 1, 1]  # cases of photographs 0 and 1, of 3, of 4
    assert [case["procedures"]["one"]["box"] for case in cases(found)] == [None] * 5


def test_a_worker_that_dies_is_told_in_a_line(surveyed, tmp_path):
    with pytest.raises(InputError, match=r"a worker process was ended.* give fewer workers"):
        surveyed(Plan(procedures=("die",)), workers=1)
    # Nothing was measured, and nothing stands in the way of going on.
    assert (tmp_path / "a.jsonl").read_bytes().count(b"\n") == 1


def test_the_papers_networks_can_be_surveyed(small_squeezenet, tmp_path):
    one = few_photos.dataset()[:1]
    path = tmp_path / "a.jsonl"
    (record,) = survey(small_squeezenet, one, Plan(("vizjax", "whole")), path, workers=0)
    (case,) = record["cases"]
    assert 0 <= case["procedures"]["vizjax"]["iou"] <= 1
    # The box is a quarter of the width by 12 of 24 rows.
    assert case["procedures"]["whole"]["iou"] == 0.125
