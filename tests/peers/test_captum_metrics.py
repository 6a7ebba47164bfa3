"""Infidelity and sensitivity, against Captum on the same parameters and draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from captum.attr import Saliency
from captum.metrics import infidelity as captum_infidelity
from captum.metrics import sensitivity_max as captum_sensitivity_max

from vizjax.attribution import gradient
from vizjax.evaluation import gaussian, infidelity, sensitivity_max

pytestmark = pytest.mark.peers

SAMPLES = 4

TOLERANCE = 1e-9
"""All of it in float64."""


def stacked(draw, key):
    """What `draw` makes of each sample's key, as PyTorch has images."""
    draws = [np.asarray(draw(jax.random.fold_in(key, number))) for number in range(SAMPLES)]
    return torch.tensor(np.stack(draws)).permute(0, 3, 1, 2)


def test_infidelity(case, key):
    perturb = gaussian(4.0)
    noise = stacked(lambda one: perturb(one, case.image), key)
    attribution = gradient(case.score_fn, case.image, case.label)
    found = infidelity(
        key,
        case.score_fn,
        case.image,
        attribution,
        case.label,
        perturb=perturb,
        samples=SAMPLES,
        chunk=2,
    )
    for value, normalize in ((found.value, False), (found.scaled, True)):
        expected = captum_infidelity(
            case.twin,
            lambda inputs: (noise, inputs - noise),
            case.batch.detach(),
            torch.tensor(np.asarray(attribution)).permute(2, 0, 1)[None],
            target=case.target,
            n_perturb_samples=SAMPLES,
            normalize=normalize,
        )
        np.testing.assert_allclose(value, expected.item(), rtol=TOLERANCE)


def test_sensitivity_max(case, key):
    radius = 5.0

    def draw(one):
        unit = jax.random.uniform(one, case.image.shape, case.image.dtype, minval=-1, maxval=1)
        return radius * unit

    noise = stacked(draw, key)
    found = sensitivity_max(
        key, gradient, case.score_fn, case.image, case.label, radius=radius, samples=SAMPLES
    )
    expected = captum_sensitivity_max(
        lambda inputs, target: Saliency(case.twin).attribute(inputs, target=target, abs=False),
        case.batch,
        perturb_func=lambda inputs: (inputs + noise).requires_grad_(),
        target=case.target,
        n_perturb_samples=SAMPLES,
    )
    assert jnp.isfinite(found)
    np.testing.assert_allclose(found, expected.item(), rtol=TOLERANCE)
