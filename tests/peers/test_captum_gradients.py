"""Scores and maps of one backward pass, against Captum on the same parameters."""

import jax
import pytest
from captum.attr import Deconvolution, GuidedBackprop, InputXGradient, Saliency
from peers.torch_squeezenet import assert_agree, to_numpy

from vizjax import rules
from vizjax.attribution.gradients import gradient, gradient_times_input, saliency

pytestmark = [
    pytest.mark.peers,
    # Captum says of each call that it will remove its hooks again.
    pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU:UserWarning"),
]

TOLERANCE = 1e-12
"""Float64 through 26 convolutions, there and back; 1e-15 was found."""


def test_scores(case):
    expected = case.twin(case.batch).detach().numpy()[0]
    assert_agree(case.score_fn(case.image), expected, TOLERANCE)


def test_gradient(case):
    expected = Saliency(case.twin).attribute(case.batch, target=case.target, abs=False)
    found = gradient(case.score_fn, case.image, case.label)
    assert_agree(found, to_numpy(expected), TOLERANCE)


def test_saliency(case):
    """Captum keeps the colours apart; the paper takes the largest."""
    expected = Saliency(case.twin).attribute(case.batch, target=case.target)
    found = saliency(case.score_fn, case.image, case.label)
    assert_agree(found, to_numpy(expected).max(axis=-1), TOLERANCE)


def test_gradient_times_input(case):
    expected = InputXGradient(case.twin).attribute(case.batch, target=case.target)
    found = gradient_times_input(case.score_fn, case.image, case.label)
    assert_agree(found, to_numpy(expected), TOLERANCE)


@pytest.mark.parametrize(
    ("rule", "method"), [("deconvnet", Deconvolution), ("guided", GuidedBackprop)]
)
def test_backward_rule(case, rule, method):
    """Both of a network that takes its rectifier as a field and of a function rewritten."""
    expected = to_numpy(method(case.twin).attribute(case.batch, target=case.target))
    for network in (case.network.with_rule(rule), rules.rewrite(case.network, rule)):
        found = jax.jit(gradient)(network, case.image, case.label)
        assert_agree(found, expected, TOLERANCE)
