"""The pointing game: accuracies by hand, and the tiny variant."""

import pytest
from survey_records import case, record

from experiments import pointing
from experiments.pointing import TINY, Config, result_of, rows_of
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
    (row,) = rows_of(config, found)
    assert row.procedure == "one"
    assert row.hits.mean() == pytest.approx(4 / 6)  # pairs
    assert row.classes == pytest.approx(0.5)  # 3/3, 1/2 and 0/1
    assert row.energy.mean() == pytest.approx(0.5)
    result = result_of(config, found, {})
    assert "| one | 66.7% (" in result.tables["accuracy"]
    assert result.metrics[-1] == {
        "summary": True, "photographs": 4, "micro one": 4 / 6, "energy one": 0.5
    }  # fmt: skip


def test_the_tiny_variant(offline, out, squeezed):
    result = pointing.run(TINY, out)
    text = result.tables["accuracy"]
    assert text.startswith("The pointing game on 2 photographs of photos.")
    # The centres of both photographs lie on the objects.
    assert "| middle | 100.0% (100–100) | 100.0% |" in text
    assert "| paper | 100.0% (100–100) | 100.0% |" in text
    assert result.tables["differences"].startswith("| less paper | difference |")
    assert result.arrays["hit"].tolist() == [[True, True]] * 2


def test_the_best_is_measured():
    with pytest.raises(InputError, match="`best` is vizjax; expected one of `procedures`: paper"):
        Config(procedures=("paper",))
