"""Integrated and expected gradients, against Captum on the same parameters and draws."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from captum.attr import GradientShap, IntegratedGradients
from peers.torch_squeezenet import assert_agree, to_numpy, to_torch

from vizjax.attribution.expected_gradients import expected_gradients_at
from vizjax.attribution.integrated_gradients import integrated_gradients

pytestmark = pytest.mark.peers

STEPS = 8

TOLERANCE = 1e-6
"""Captum rounds the weights of the nodes to float32, whatever the rest is in: 2e-8 was found."""

DRAWN_TOLERANCE = 1e-12
"""All of it in float64; 5e-16 was found."""

RULES = {
    "gauss_legendre": "gausslegendre",
    "left": "riemann_left",
    "right": "riemann_right",
    "middle": "riemann_middle",
    "trapezoid": "riemann_trapezoid",
}
"""Captum's name of each rule."""


@pytest.fixture
def nodes_in_float64():
    """Captum makes its nodes with torch's default type."""
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(default)


@pytest.mark.parametrize("rule", RULES)
def test_integrated_gradients(case, rule, nodes_in_float64):
    baseline = jnp.broadcast_to(case.network.preprocessing.mean, case.image.shape)
    found = integrated_gradients(
        case.score_fn, case.image, case.label, baselines=baseline, steps=STEPS, rule=rule
    )
    expected = IntegratedGradients(case.twin).attribute(
        case.batch,
        to_torch(baseline),
        target=case.target,
        n_steps=STEPS,
        method=RULES[rule],
    )
    if rule == "trapezoid":
        # Captum's weights are 1/n, and half of it at the ends, for n nodes and n − 1 intervals
        # between them: they add up to (n − 1)/n, and no map of it is complete.
        found = (STEPS - 1) / STEPS * found
    assert_agree(found, to_numpy(expected), TOLERANCE)


@pytest.fixture
def seeded():
    """NumPy's global state from a seed, which Captum draws from; a like generator is returned."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(20130612)  # noqa: NPY002
    yield np.random.RandomState(20130612)
    np.random.set_state(state)  # noqa: NPY002


def test_expected_gradients(case, seeded):
    """Captum draws all baselines, then how far to go from each."""
    greys = np.linspace(0, 230, 4)[:, None, None, None]
    stack = greys + np.random.default_rng(0).uniform(0, 20, (4, *case.image.shape))
    which, alphas = seeded.choice(len(stack), STEPS), seeded.uniform(0, 1, STEPS)
    expected = GradientShap(case.twin).attribute(
        case.batch,
        torch.tensor(stack).permute(0, 3, 1, 2),
        n_samples=STEPS,
        stdevs=0.0,
        target=case.target,
    )
    found = expected_gradients_at(
        case.score_fn,
        case.image,
        case.label,
        baselines=jnp.asarray(stack[which]),
        alphas=jnp.asarray(alphas),
    )
    assert_agree(found, to_numpy(expected), DRAWN_TOLERANCE)
