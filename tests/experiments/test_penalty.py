"""The penalty: what λ does, where a closed form says so, and on a small network."""

import dataclasses

import flax.linen as nn
import jax
import named
import numpy as np
import pytest
import tiny

from experiments import penalty
from experiments.penalty import SWEEP, TINY, Config, optimised
from vizjax.errors import InputError
from vizjax.models import Labels, Network, Preprocessing
from vizjax.models.chain import Chain


@pytest.fixture
def network(monkeypatch):
    found = named.network()
    monkeypatch.setattr(penalty, "load", lambda name: found)
    return found


@pytest.fixture(scope="module")
def linear():
    """Scores that are linear in the pixels, where the maximum is `∂S_c/∂I / 2λ`."""
    module = Chain((nn.Conv(3, tiny.SIZE, padding="VALID", name="head"),))
    variables = module.init(jax.random.key(0), np.zeros((*tiny.SIZE, 3), np.float32))
    mean = np.array([124, 117, 104], np.float32)
    return Network(module, variables, Preprocessing(mean, size=tiny.SIZE), Labels())


def test_a_linear_score_has_its_closed_form(linear, tmp_path):
    config = Config(l2=2e-3, decades=0, classes=("1",), steps=200, rate=20.0)
    (model,), (picture,), trace = optimised(config, linear, [1], config.l2, tmp_path / "one.npz")
    mean = np.asarray(linear.mean_image)
    gradient = np.asarray(jax.grad(lambda image: linear(image)[1])(linear.mean_image))
    best = gradient / (2 * config.l2)
    assert model.norm == pytest.approx(np.linalg.norm(best), rel=1e-3)
    assert model.score == pytest.approx(float(np.sum(gradient * best)), rel=1e-3)
    variation = sum(np.abs(np.diff(best, axis=axis)).sum() for axis in (0, 1)) / (2 * best.size)
    assert model.total_variation == pytest.approx(variation, rel=1e-3)
    assert trace[-1, 0] == pytest.approx(float(np.sum(gradient**2)) / (4 * config.l2), rel=1e-3)
    np.testing.assert_allclose(picture, np.clip(best + mean, 0, 255), atol=0.51)


def test_a_larger_penalty_makes_a_smaller_image(network, tmp_path):
    config = Config(l2=1e-3, decades=2, classes=("lemon", "zebra"), steps=40, rate=2.0)
    lines = [line for line in penalty.run(config, tmp_path).metrics if "lambda" in line]
    weights = [0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
    assert [line["lambda"] for line in lines[::2]] == weights
    for name in config.classes:
        norms, scores = (
            [line[key] for line in lines if line["class"] == name] for key in ("norm", "score")
        )
        assert (np.diff(norms) < 0).all()
        assert (np.diff(scores) < 0).all()


def test_the_summary_is_of_the_configurations_own_penalty(network, tmp_path):
    alone = penalty.run(dataclasses.replace(TINY, decades=0), tmp_path / "alone")
    among = penalty.run(TINY, tmp_path / "among")
    assert among.metrics[-1] == alone.metrics[-1]
    assert among.metrics[-1]["summary"] is True
    own = [line for line in among.metrics if line.get("lambda") == TINY.l2]
    assert own[0]["norm"] == among.metrics[-1]["norm"]
    assert list(alone.figures) == ["images"]
    assert list(among.figures) == ["images", "lambda"]
    assert "6 steps of sgd, learning_rate 1000, l2 as stated" in among.figures["images"].caption


def test_powers_of_ten_on_either_side():
    assert Config(l2=3e-6, decades=1).weights == [0, 3e-7, 3e-6, 3e-5]
    assert Config(l2=0.0).weights == [0]
    assert Config(l2=1e-4, decades=0).weights == [1e-4]


def test_the_sweep_is_of_single_penalties():
    configs = [dataclasses.replace(Config(), **point) for point in SWEEP.points()]
    assert [config.weights for config in configs] == [[value] for value in SWEEP.fields["l2"]]


def test_an_image_beyond_all_bounds_is_refused(network, tmp_path):
    config = Config(l2=1e3, decades=0, classes=("lemon",), steps=60)
    with pytest.raises(InputError, match="`rate` is 1000 with a λ of 1000"):
        penalty.run(config, tmp_path)


@pytest.mark.parametrize("option", [{"classes": ()}, {"decades": -1}, {"l2": -1.0}, {"steps": 0}])
def test_what_cannot_be_used_is_refused(option):
    with pytest.raises(InputError, match=f"`{next(iter(option))}`"):
        Config(**option)
