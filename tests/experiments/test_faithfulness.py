"""Insertion, deletion and stability: by hand, against the measures themselves, and tiny."""

import dataclasses
from typing import Any

import few_photos
import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest
from survey_records import case, record

from experiments import faithfulness
from experiments.faithfulness import METHODS, TINY, Config, rows_of, stability
from vizjax.errors import InputError
from vizjax.models import Network, Preprocessing


def test_areas_by_hand():
    found = [
        record(case(one={"box": None, "insertion": i, "deletion": d}))
        for i, d in ((0.2, 0.1), (0.4, 0.5))
    ]
    ((name, inserted, deleted),) = rows_of(Config(procedures=("one",), best="one"), found)
    assert name == "one"
    assert (inserted.split()[0], deleted.split()[0]) == ("0.300", "0.300")
    assert inserted.endswith("(0.20–0.40)")


class Known(nn.Module):
    """Two scores, whose gradients are 1 everywhere, and the image."""

    @nn.compact
    def __call__(self, x):
        return jnp.stack([x.sum(), (x**2).sum() / 2])


def test_stability_is_that_of_each_method_and_photograph(monkeypatch):
    monkeypatch.setattr(faithfulness, "METHODS", {"gradient": METHODS["gradient"]})
    network = Network(Known(), {}, Preprocessing(size=(6, 5)))
    photos = [few_photos.example(number).photo for number in (0, 3)]
    config = dataclasses.replace(TINY, draws=3, radius=4.0)
    found = stability(config, network, photos, [0, 1])
    assert list(found) == ["gradient"]
    sensitivity, unfaithful = found["gradient"]["sensitivity"], found["gradient"]["infidelity"]
    # A linear score's gradient is the same everywhere, and tells each change of the score.
    assert sensitivity[0] == 0
    assert unfaithful[0] == pytest.approx(0, abs=1e-6)
    # A quadratic one's moves as the image does, by no more than the radius in each of 6 · 5 · 3.
    largest = 4 * np.sqrt(90) / np.linalg.norm(network.prepare(photos[1]))
    assert 0.3 * largest < sensitivity[1] <= largest
    assert unfaithful[1] > 1e-4


def test_the_tiny_variant(offline, out, squeezed, squeezenet, monkeypatch):
    def known(config, network, photos, labels):
        assert network is squeezenet
        assert [photo.shape for photo in photos] == [(300, 450, 3)]
        assert labels[0] in (281, 282, 285)
        return {"gradient": {"sensitivity": np.array([0.5]), "infidelity": np.array([0.25])}}

    monkeypatch.setattr(faithfulness, "stability", known)  # `test_every_method_is_measured` is slow
    result = faithfulness.run(TINY, out / "steps")
    text = result.tables["areas"]
    assert text.startswith("Insertion and deletion on 1 photographs of photos.")
    areas = [line for line in text.splitlines() if line.startswith("| paper | ")]
    assert all(0 < float(cell.split()[0]) < 1 for cell in areas[0].strip("| ").split("|")[1:])
    text = result.tables["stability"]
    assert text.startswith("Stability on 1 photographs, changes of 5 grey levels.")
    assert "| gradient | 0.500 (0.50–0.50) | 0.250 (0.25–0.25) |" in text
    assert result.metrics[2] == {"method": "gradient", "sensitivity": 0.5, "infidelity": 0.25}
    summary: Any = result.metrics[-1]
    assert 0 < summary["insertion paper"] < 1


@pytest.mark.slow
def test_every_method_is_measured(squeezenet, two_photos):
    found = stability(TINY, squeezenet, [two_photos[0].photo], [285])
    assert list(found) == list(METHODS)
    for row in found.values():
        assert row["sensitivity"][0] > 0
        assert row["infidelity"][0] > 0


def test_photographs_are_found_by_name_and_damage_is_passed_over():
    data = few_photos.dataset(damaged=(0, 2))
    found = faithfulness._named(data, ["1.jpg", "4.jpg"])
    assert [one.name for one in found] == ["1.jpg", "4.jpg"]
    assert [one.name for one in faithfulness._named(data, ["9.jpg"])] == []


@pytest.mark.parametrize(
    "fields",
    [{"steps": 0}, {"stable": -1}, {"draws": 0}, {"radius": 0.0}, {"radius": float("nan")}],
)
def test_configurations_it_refuses(fields):
    with pytest.raises(InputError, match="`steps`, `stable`, `draws`, `radius` are"):
        Config(**fields)


def test_the_best_is_measured():
    with pytest.raises(InputError, match="`best` is vizjax; expected one of `procedures`: paper"):
        Config(procedures=("paper",))
