"""What a survey refuses: a file of something else, and plans that cannot be."""

import dataclasses

import few_photos
import pytest
import tiny
from few_photos import PROCEDURES

from vizjax.errors import InputError
from vizjax.survey import Plan, survey

BOTH = Plan(procedures=("share", "middle"))


@pytest.mark.parametrize(
    "change",
    [
        {"plan": dataclasses.replace(BOTH, seed=1)},
        {"plan": dataclasses.replace(BOTH, batch=2)},
        {"plan": dataclasses.replace(BOTH, steps=2)},
        {"plan": Plan(procedures=("middle", "share"))},
        {"dataset": few_photos.dataset()[:4]},
        {"dataset": few_photos.dataset()[::-1]},
        {"dataset": few_photos.dataset()[1:]},
    ],
)
def test_a_file_of_other_figures_is_refused(surveyed, tmp_path, change):
    surveyed(BOTH)
    content = (tmp_path / "a.jsonl").read_bytes()
    with pytest.raises(InputError, match="holds the results of something else"):
        surveyed(**({"plan": BOTH} | change))
    assert (tmp_path / "a.jsonl").read_bytes() == content


def test_another_network_is_refused(surveyed, tmp_path):
    surveyed(BOTH)
    with pytest.raises(InputError, match="holds the results of something else"):
        survey(
            tiny.network(seed=1),
            few_photos.dataset(),
            BOTH,
            tmp_path / "a.jsonl",
            known=PROCEDURES,
            workers=0,
        )


def test_an_unknown_procedure_is_refused_before_anything_is_written(surveyed, tmp_path):
    with pytest.raises(InputError, match="`procedures` has grabcut; expected some of: share, cut"):
        surveyed(Plan(procedures=("share", "grabcut")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fields", [{"batch": 0}, {"steps": -1}])
def test_plans_it_refuses(fields):
    with pytest.raises(InputError, match="`batch`, `steps` are"):
        Plan(**fields)
