"""The pointing game: accuracies by hand, and the tiny variant."""

import pytest
from survey_records import case, record

from experiments import pointing
from experiments.pointing import TINY, Config, rows_of
from vizjax.errors import InputError


def pointed(label, hit, energy=0.5):
    return case(label, one={"box": None, "hit": hit, "energy": energy})


def test_accuracies_by_hand():
    found = [
        record(pointed(0, True, 1.0), pointed(1, False, 0.0)),
        record(pointed(0, True, 1.0)),
        record(pointed(0, True, 0.5), case(2, one={"box": None})),
        record(pointed(1, True, 0.0), pointed(3, False, 0.5)),
    ]
    config = Config(procedures=("one",), best="one")
    ((name, micro, classes, energy),) = rows_of(config, found)
    assert name == "one"
    assert micro.startswith("66.7% (")  # 4 of 6 pairs
    assert classes == "50.0%"  # 3/3, 1/2 and 0/1
    assert energy.startswith("0.500 (")


def test_the_tiny_variant(offline, out, capsys):
    assert pointing.main(TINY, out) == 0
    printed = capsys.readouterr().out
    assert "The pointing game on 2 photographs of photos." in printed
    # The centres of both photographs lie on the objects.
    assert "| middle | 100.0% (100–100) | 100.0% |" in printed
    assert "| paper | 100.0% (100–100) | 100.0% |" in printed
    assert "| less paper | difference |" in printed


def test_the_best_is_measured():
    with pytest.raises(InputError, match="`best` is vizjax; expected one of `procedures`: paper"):
        Config(procedures=("paper",))
