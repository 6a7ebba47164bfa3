"""Figure 1: class models by two recipes."""

import dataclasses

import jax
import named
import numpy as np
import pytest

from experiments import figure1
from experiments.figure1 import TINY, Config
from vizjax.ascent import NATURAL, PAPER
from vizjax.errors import InputError
from vizjax.portraits import portraits

pytestmark = pytest.mark.usefixtures("adam_promotes")


@pytest.fixture(scope="module")
def network():
    found = named.network()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(figure1, "load", lambda name: found)
        yield found


@pytest.fixture(scope="module")
def result(network, tmp_path_factory):
    with jax.numpy_dtype_promotion("standard"):
        return figure1.run(TINY, tmp_path_factory.mktemp("work"))


def test_every_class_by_every_recipe(result):
    cases = [(line["recipe"], line["class"]) for line in result.metrics if "class" in line]
    assert cases == [(recipe, name) for recipe in ("paper", "natural") for name in TINY.classes]
    summary = result.metrics[-1]
    assert summary["classes"] == 2
    for recipe in ("paper", "natural"):
        scores = [line["score"] for line in result.metrics if line.get("recipe") == recipe]
        assert summary[f"{recipe}_score"] == pytest.approx(np.mean(scores), rel=1e-4)
    assert list(result.figures) == ["paper", "natural", "objective"]
    assert list(result.inputs) == ["tiny"]


def test_the_pictures_are_the_portraits_of_the_recipe(result, network):
    recipe = dataclasses.replace(PAPER, steps=4)
    found = portraits(jax.random.key(0), network, [0, 1], recipe)
    np.testing.assert_array_equal(result.arrays["paper_pictures"], np.stack(found.pictures))
    line = result.metrics[0]
    assert line["posterior"] == pytest.approx(found.posteriors[0], rel=1e-4)


def test_the_paper_recipe_climbs(network, tmp_path):
    config = dataclasses.replace(TINY, recipes=("paper",), paper_rate=1.0)
    trace = figure1.run(config, tmp_path).arrays["paper_objective"]
    assert trace.shape == (4, 2)
    assert (np.diff(trace, axis=0) > 0).all()


def test_captions_state_the_parameters(result):
    assert dataclasses.replace(PAPER, steps=4).caption() in result.figures["paper"].caption
    assert dataclasses.replace(NATURAL, steps=4).caption() in result.figures["natural"].caption
    assert "seed 0" in result.figures["paper"].caption


def test_the_same_twice(result, network, tmp_path):
    again = figure1.run(TINY, tmp_path)
    assert again.metrics == result.metrics
    assert again.figures == result.figures
    for name, array in result.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)


def test_what_is_done_is_not_done_again(result, network, tmp_path, monkeypatch):
    first = figure1.run(dataclasses.replace(TINY, recipes=("paper",)), tmp_path)
    monkeypatch.setattr(figure1, "portraits", None)
    again = figure1.run(dataclasses.replace(TINY, recipes=("paper",)), tmp_path)
    assert again.metrics == first.metrics == [*result.metrics[:2], first.metrics[-1]]
    assert again.figures["paper"] == result.figures["paper"]


@pytest.mark.parametrize(
    "option",
    [{"classes": ()}, {"recipes": ()}, {"recipes": ("cubist",)}],
)
def test_what_cannot_be_used_is_refused(option):
    with pytest.raises(InputError, match=f"`{next(iter(option))}`"):
        Config(**option)


def test_a_recipe_out_of_range_is_refused():
    with pytest.raises(InputError, match="`l2` is -1"):
        Config(natural_l2=-1.0)


def test_an_unknown_class_is_refused(network, tmp_path):
    with pytest.raises(InputError, match="lemming"):
        figure1.run(dataclasses.replace(TINY, classes=("lemming",)), tmp_path)


def test_the_papers_classes_are_all_known(squeezenet):
    found = {squeezenet.labels.index(name) for name in Config().classes}
    assert len(found) == 12


@pytest.mark.slow
def test_on_the_real_network(squeezenet, monkeypatch, tmp_path):
    monkeypatch.setattr(figure1, "load", lambda name: squeezenet)
    config = dataclasses.replace(TINY, classes=("dalmatian",), paper_steps=40, natural_steps=60)
    at = {line["recipe"]: line for line in figure1.run(config, tmp_path).metrics if "class" in line}
    assert at["paper"]["rank"] == at["natural"]["rank"] == 1
    assert at["natural"]["posterior_blurred"] > 100 * at["paper"]["posterior_blurred"]
