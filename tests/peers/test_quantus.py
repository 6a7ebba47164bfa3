"""Pointing, energy and deletion, against Quantus: `make test-peers EXTRAS=quantus`."""

import warnings

import jax
import numpy as np
import pytest
import torch

from vizjax.evaluation import deletion, energy_inside, pointing_hit

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own imports deprecate some of each other's
    quantus = pytest.importorskip("quantus")

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

COUNT, SIDE, STEP = 12, 16, 8


@pytest.fixture
def maps():
    """Maps without ties, not negative, and regions that some of them point at."""
    rng = np.random.default_rng(7)
    values = rng.uniform(0, 1, (COUNT, SIDE, SIDE))
    regions = np.zeros((COUNT, SIDE, SIDE), bool)
    for region, (y, x) in zip(regions, rng.integers(0, SIDE // 2, (COUNT, 2)), strict=True):
        region[y : y + SIDE // 2, x : x + SIDE // 2] = True
    return values, regions


def of_quantus(name, maps, regions):
    metric = getattr(quantus, name)(normalise=False, abs=False, disable_warnings=True)
    images = np.zeros((COUNT, 1, SIDE, SIDE))
    return metric(
        model=torch.nn.Identity(),
        x_batch=images,
        y_batch=np.zeros(COUNT, int),
        a_batch=maps[:, None],
        s_batch=regions[:, None],
        device="cpu",
    )


def test_the_pointing_game(maps):
    ours = [pointing_hit(*pair, tolerance=0.0) for pair in zip(*maps, strict=True)]
    assert 0 < sum(ours) < COUNT
    assert list(of_quantus("PointingGame", *maps)) == ours


def test_the_energy_inside(maps):
    ours = [energy_inside(*pair) for pair in zip(*maps, strict=True)]
    np.testing.assert_allclose(of_quantus("RelevanceMassAccuracy", *maps), ours, rtol=1e-12)


def test_deletion(maps):
    """Grey images, for Quantus hides the colours of a pixel one by one."""
    rng = np.random.default_rng(8)
    images = rng.uniform(1, 255, (COUNT, SIDE, SIDE)).astype(np.float32)
    weights = rng.normal(0, 0.002, (SIDE * SIDE, 5)).astype(np.float32)
    layer = torch.nn.Linear(SIDE * SIDE, 5, bias=False)
    layer.weight.data = torch.tensor(weights.T)
    metric = quantus.PixelFlipping(
        features_in_step=STEP, perturb_baseline=0.0, normalise=False, disable_warnings=True
    )
    labels = rng.integers(0, 5, COUNT)
    theirs = metric(
        model=torch.nn.Sequential(torch.nn.Flatten(), layer).eval(),
        x_batch=images[:, None],
        y_batch=labels,
        a_batch=maps[0][:, None],
        softmax=True,
        device="cpu",
    )

    @jax.jit
    def posteriors(image, values, label):
        found = deletion(
            lambda x: x.ravel() @ weights,
            image,
            values,
            label,
            steps=SIDE * SIDE // STEP,
            fill=0.0,
        )
        return found.posteriors

    ours = jax.vmap(posteriors)(images, maps[0].astype(np.float32), labels)
    # Theirs begin behind the first step.
    np.testing.assert_allclose(theirs, ours[:, 1:], atol=1e-5)
