"""Signals at every rectifier: against JAX's own derivatives, and the gates by hand."""

import dataclasses

import jax
import jax.numpy as jnp
import named
import numpy as np
import pytest
import tiny

from experiments import backward, deconvnet_relation, deconvnet_traces
from experiments.backward import between, opened, output, rectifiers, signals
from experiments.deconvnet_figure import reach
from experiments.deconvnet_relation import TINY, Config, traces
from experiments.deconvnet_traces import IMAGE, TOLERANCE, arrivals, compared, trace
from vizjax.data import demo_photos
from vizjax.errors import InputError
from vizjax.rules import GATES, RULES


@pytest.fixture(scope="module")
def network():
    return named.network()


@pytest.fixture(scope="module")
def image():
    return tiny.image()


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * max(np.abs(np.asarray(b)).max(), 1e-9))


@pytest.mark.parametrize("rule", RULES)
def test_the_image_gets_what_the_rule_says(network, image, rule):
    found = signals(network, rule, image, "", np.array([3]))
    other = network.with_rule(rule)
    close(found.image, jax.grad(lambda x: other(x)[3])(image))


@pytest.mark.parametrize("rule", RULES)
def test_a_rectifier_passes_what_its_gate_lets(network, image, rule):
    found = signals(network, rule, image, "", np.array([3]))
    on = opened(network, image)
    assert len(found.passed) == len(found.arriving) == len(on) == 2
    for passed, arriving, positive in zip(found.passed, found.arriving, on, strict=True):
        close(passed, GATES[rule](jnp.where(positive, 1.0, -1.0), arriving))
        assert 0 < np.mean(positive) < 1


def test_what_arrives_is_the_derivative_by_the_layer(network, image):
    found = signals(network, "gradient", image, "", np.array([3]))
    for name, arriving in zip(("relu1", "relu2"), found.arriving, strict=True):
        activation = network.layer(name)(image)
        close(arriving, jax.grad(lambda x, n=name: network.after(n)(x)[3])(activation))


def test_from_a_neuron_nothing_arrives_above(network, image):
    scores = np.asarray(output(network, image, "relu1"))
    label = np.array(np.unravel_index(scores.argmax(), scores.shape), np.int32)
    found = signals(network, "deconvnet", image, "relu1", label)
    one_hot = np.zeros(scores.shape)
    one_hot[tuple(label)] = 1
    np.testing.assert_array_equal(found.arriving[0], one_hot)
    assert not np.any(found.arriving[1])


@pytest.mark.parametrize("rule", RULES)
def test_between_rectifiers_all_rules_are_the_chain_rule(network, image, rule):
    found = signals(network, rule, image, "", np.array([3]))
    chain = between(network, image, "", np.array([3]), found.passed)
    close(chain.image, found.image)
    for ours, expected in zip(chain.arriving, found.arriving, strict=True):
        close(ours, expected)


def test_the_check_would_notice_a_difference(network, image, monkeypatch):
    def off(*arguments):
        found = between(*arguments)
        return found._replace(image=found.image * 1.01)

    monkeypatch.setattr(deconvnet_traces, "between", off)
    with pytest.raises(AssertionError, match="gradient at image is off the chain rule by 9"):
        trace(network, image, "", np.array([3]))


def test_a_trace(network, image):
    found = trace(network, image, "", np.array([3]))
    places = ["relu2", "relu1", IMAGE]
    assert [list(one) for one in (found.differences, found.signals["guided"])] == [places] * 2
    # Above the last rectifier there are convolutions only: all rules are equal.
    for rule in RULES:
        close(found.signals[rule]["relu2"], found.signals["gradient"]["relu2"])
    assert compared(found.signals["gradient"][IMAGE], found.signals["deconvnet"][IMAGE]).cosine < 1
    passed = signals(network, "deconvnet", image, "", np.array([3])).passed
    energies = [np.asarray(one) ** 2 for one in passed]
    off = [~np.asarray(one) for one in opened(network, image)]
    expected = [energy[o].sum() / energy.sum() for energy, o in zip(energies, off, strict=True)]
    assert [found.closed[name] for name in ("relu1", "relu2")] == pytest.approx(expected, rel=1e-4)


def test_a_fire_module_is_one_place(small_squeezenet):
    names = list(rectifiers(small_squeezenet))
    assert names[:4] == [
        "relu_conv1", "fire2/relu_squeeze1x1", "fire2/relu_expand1x1", "fire2/relu_expand3x3",
    ]  # fmt: skip
    found = jax.eval_shape(
        lambda image: backward.signals(small_squeezenet, "guided", image, "", np.array([1])),
        jnp.zeros((59, 43, 3)),
    )
    zeros = jax.tree.map(lambda one: np.zeros(one.shape), found)
    places = arrivals(small_squeezenet, zeros)
    assert list(places)[:3] == ["fire9", "fire9/squeeze1x1", "fire8"]
    assert list(places)[-3:] == ["fire2/squeeze1x1", "conv1", IMAGE]
    shapes = rectifiers(small_squeezenet)
    sizes = [np.prod(shapes[f"fire9/relu_expand{k}"]) for k in ("1x1", "3x3")]
    assert places["fire9"].size == sum(sizes)


def test_the_reach_of_a_signal():
    signals = np.zeros((2, 20, 30, 3))
    signals[0, 3, 25, 1], signals[1, 6, 29, 0] = 1, -1
    assert reach(signals) == (slice(2, 7), slice(25, 30))
    assert reach(np.zeros((2, 20, 30, 3))) == (slice(0, 20), slice(5, 25))
    assert reach(np.ones((1, 9, 9, 3))) == (slice(0, 9), slice(0, 9))


def test_compared_by_hand():
    a, b = np.array([1.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0])
    found = compared(a, b)
    assert found == pytest.approx((2**-0.5, np.corrcoef(a, b)[0, 1]))
    assert compared(a, np.zeros(3)) == (0, 0)
    assert compared(a, -a) == pytest.approx((-1, -1))


def test_a_run(network, monkeypatch, tmp_path):
    monkeypatch.setattr(deconvnet_relation, "load", lambda name: network)
    config = dataclasses.replace(TINY, neurons=("relu1",))
    result = deconvnet_relation.run(config, tmp_path)
    cases = [(line["start"], line["layer"]) for line in result.metrics[:-1]]
    assert cases == [
        ("class", "relu2"), ("class", "relu1"), ("class", "image"),
        ("relu1", "relu1"), ("relu1", "image"),
    ]  # fmt: skip
    summary = result.metrics[-1]
    assert summary["difference"] < TOLERANCE
    first, *_ = traces(config, network, demo_photos()["chelsea"])
    pair = compared(*(first.signals[rule][IMAGE] for rule in ("gradient", "deconvnet")))
    assert summary["class_gradient_deconvnet"] == pytest.approx(pair.cosine, abs=1e-4)
    assert set(result.figures) == {"cosines", "reconstructions"}


def test_a_network_whose_rectifiers_are_no_layers_is_refused():
    from three import network

    with pytest.raises(InputError, match="none of whose layers is called relu"):
        rectifiers(network())


def test_no_photograph_is_refused():
    with pytest.raises(InputError, match="`photos` is empty"):
        Config(photos=())


@pytest.mark.slow
def test_on_the_real_network(tmp_path):
    summary = deconvnet_relation.run(TINY, tmp_path).metrics[-1]
    assert summary["difference"] < 1e-5
    assert 0 < summary["class_gradient_deconvnet"] < summary["class_deconvnet_guided"] < 0.9
