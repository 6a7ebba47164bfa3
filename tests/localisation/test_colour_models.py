"""The mixtures: closed forms, degenerate samples, and scikit-learn."""

import inspect
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from vizjax.localisation import (
    fit_mixture,
    fit_mixtures,
    k_means_plus_plus,
    log_density,
    pad,
)

COMPONENTS = 4


def clusters(seed=0, sizes=(400, 250, 120, 30)):
    """Colours in clusters of unequal size and shape, in 0-255, three unlike channels."""
    rng = np.random.default_rng(seed)
    parts = [
        rng.uniform(50, 200, 3) + rng.normal(size=(size, 3)) @ rng.normal(0, 9, (3, 3))
        for size in sizes
    ]
    return np.clip(np.concatenate(parts), 0, 255).astype(np.float32)


def fit_one(key, samples, weights=None, **options):
    """A batch of one, without its leading axis."""
    weights = np.ones(len(samples), np.float32) if weights is None else weights
    # All options each time: to leave one out would be another program to compile.
    options = {"components": COMPONENTS, "tolerance": 1e-3, "max_steps": 100} | options
    return jax.tree.map(lambda a: a[0], fit_mixtures(key, samples[None], weights[None], **options))


def assert_defined(mixture):
    assert all(np.isfinite(array).all() for array in mixture)
    assert (np.linalg.eigvalsh(mixture.covariances) > 0).all()


def test_one_component_in_closed_form(key):
    samples = clusters()
    mixture = fit_one(key, samples, components=1)
    covariance = np.cov(samples.T.astype(np.float64), bias=True) + np.eye(3)
    # float32 moments of numbers up to 255: six digits of the largest.
    np.testing.assert_allclose(mixture.means[0], samples.mean(0, dtype=np.float64), rtol=1e-5)
    np.testing.assert_allclose(mixture.covariances[0], covariance, rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(mixture.weights, [1], rtol=1e-6)
    # E[(x − μ)ᵀ Σ⁻¹ (x − μ)] = tr(Σ⁻¹ (Σ − I))
    spread = np.trace(np.linalg.solve(covariance, covariance - np.eye(3)))
    expected = -(np.linalg.slogdet(2 * np.pi * covariance)[1] + spread) / 2
    np.testing.assert_allclose(mixture.log_likelihood, expected, atol=1e-4)


def sklearn_from(mixture, **options):
    """Scikit-learn's mixture, at the start that ours had."""
    weights = np.asarray(mixture.weights, np.float64)
    return GaussianMixture(
        len(weights),
        weights_init=weights / weights.sum(),  # of float32, the sum is not 1 to scikit-learn
        means_init=np.asarray(mixture.means, np.float64),
        precisions_init=np.linalg.inv(np.asarray(mixture.covariances, np.float64)),
        reg_covar=1.0,
        **options,
    )


@pytest.mark.parametrize("steps", [1, 5, 30])
def test_same_steps_as_scikit_learn(key, steps):
    samples = clusters()
    start = fit_one(key, samples, max_steps=0)
    ours = fit_one(key, samples, max_steps=steps, tolerance=-np.inf)
    theirs = sklearn_from(start, tol=0.0, max_iter=steps)
    with warnings.catch_warnings(action="ignore"):  # that it did not converge
        theirs.fit(samples.astype(np.float64))
    # float32 against float64 over some steps of EM, in nats and in grey levels.
    np.testing.assert_allclose(ours.log_likelihood, theirs.score(samples), atol=1e-3)
    np.testing.assert_allclose(ours.weights, np.array(theirs.weights_), atol=1e-3)
    np.testing.assert_allclose(ours.means, np.array(theirs.means_), atol=0.1)
    np.testing.assert_allclose(ours.covariances, np.array(theirs.covariances_), rtol=0.02, atol=1)


def test_no_worse_than_scikit_learn_from_scratch():
    samples = clusters(seed=5)
    keys = jax.random.split(jax.random.key(0), 5)
    ours = max(float(fit_one(key, samples).log_likelihood) for key in keys)
    best = GaussianMixture(COMPONENTS, reg_covar=1.0, n_init=5, random_state=0).fit(samples)
    # Both stop when a step gains less than 1e-3; what is left to gain is a few such steps.
    assert ours > best.score(samples) - 0.01


def test_log_density_is_scikit_learns(key):
    samples, weights = pad([clusters()[::4], clusters(1)[::4]])
    batch = fit_mixtures(key, samples, weights)
    pixels = np.random.default_rng(1).uniform(0, 255, (50, 3)).astype(np.float32)
    found = log_density(batch, pixels)
    assert found.shape == (2, 50)
    for index, row in enumerate(found):
        one = jax.tree.map(lambda a, i=index: np.asarray(a[i], np.float64), batch)
        theirs = GaussianMixture(len(one.weights))
        theirs.weights_, theirs.means_ = one.weights / one.weights.sum(), one.means
        theirs.precisions_cholesky_ = np.stack(
            [np.linalg.inv(np.linalg.cholesky(covariance)).T for covariance in one.covariances]
        )
        # Six digits of a squared distance that is thousands far from every cluster.
        np.testing.assert_allclose(row, theirs.score_samples(pixels), rtol=1e-4, atol=1e-3)


def test_log_likelihood_is_the_mean_log_density(key):
    samples = clusters()
    mixture = fit_one(key, samples)
    batch = jax.tree.map(lambda a: a[None], mixture)
    np.testing.assert_allclose(
        mixture.log_likelihood, log_density(batch, samples).mean(), rtol=1e-5
    )


def test_likelihood_never_falls(key):
    samples = clusters(seed=2)
    path = [
        fit_one(key, samples, max_steps=steps, tolerance=-np.inf).log_likelihood
        for steps in range(25)
    ]
    # A mean of log densities near −12 in float32; the regularisation, which is not of maximum
    # likelihood, is small beside these clusters.
    assert np.diff(path).min() > -1e-4
    assert path[-1] - path[0] > 0.05


def test_tolerance_stops_it(key):
    samples = clusters(seed=2)
    early, late = (fit_one(key, samples, tolerance=t).log_likelihood for t in (0.05, 1e-5))
    assert early < late - 1e-3


def test_integer_weights_are_repetitions():
    samples = clusters()[::7]
    counts = np.random.default_rng(4).integers(0, 3, len(samples))
    repeated, ones = pad([np.repeat(samples, counts, axis=0)])
    weighted, _ = pad([samples])
    weights = np.zeros_like(ones)
    weights[0, : len(samples)] = counts
    fit = jax.jit(fit_mixture)
    one = fit(samples[:COMPONENTS], repeated[0], ones[0])
    other = fit(samples[:COMPONENTS], weighted[0], weights[0])
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-2)


def test_padding_changes_nothing(key):
    samples = clusters()
    padding = np.full((333, 3), 255, np.float32)  # a colour that would show
    weights = np.repeat(np.array([1, 0], np.float32), [len(samples), len(padding)])
    padded = fit_one(key, np.concatenate([samples, padding]), weights)
    # Sums of another length are taken in another order, hence not the same bits.
    for a, b in zip(fit_one(key, samples), padded, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-2)


def test_a_mixture_does_not_depend_on_its_company(key):
    samples, weights = pad([clusters(seed, (90, 60, 30 + 20 * seed)) for seed in range(2)])
    together = fit_mixtures(key, samples, weights)
    for index in range(2):
        alone = fit_mixtures(key, samples[index][None], weights[index][None])
        for a, b in zip(alone, together, strict=True):
            np.testing.assert_allclose(a[0], b[index], rtol=1e-3, atol=1e-2)


def test_all_at_once_as_off_a_cpu_or_one_by_one(key, monkeypatch):
    samples, weights = pad([clusters(seed, (90, 60, 30 + 20 * seed)) for seed in range(3)])
    one_by_one = fit_mixtures(key, samples, weights)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    at_once = jax.jit(inspect.unwrap(fit_mixtures))(key, samples, weights)
    for a, b in zip(one_by_one, at_once, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-2)


def test_shift_of_all_colours(key):
    samples = clusters() / 2
    one, other = fit_one(key, samples), fit_one(key, samples + 100)
    np.testing.assert_allclose(other.means, one.means + 100, atol=0.05)
    np.testing.assert_allclose(other.covariances, one.covariances, rtol=0.01, atol=0.1)


def test_same_key_same_bits(key):
    samples = clusters()
    for a, b in zip(fit_one(key, samples), fit_one(key, samples), strict=True):
        np.testing.assert_array_equal(a, b)
    other = fit_one(jax.random.key(1), samples)
    assert not np.array_equal(other.means, fit_one(key, samples).means)


def test_start_is_far_apart_and_made_of_samples():
    # Three tight groups: D² sampling takes one of each, uniform sampling hardly ever would.
    colours = np.array([[10, 10, 10], [240, 20, 10], [10, 20, 240]], np.float32)
    group = np.repeat(np.arange(3), [500, 5, 5])
    samples = colours[group] + np.random.default_rng(0).normal(0, 0.1, (510, 3))
    samples, weights = jnp.asarray(samples, jnp.float32), jnp.ones(510)
    draw = jax.vmap(lambda key: k_means_plus_plus(key, samples, weights, components=3))
    for centres in np.asarray(draw(jax.random.split(jax.random.key(0), 20))):
        matches = (np.asarray(samples)[None] == centres[:, None]).all(axis=-1)
        assert matches.any(axis=1).all()
        assert set(group[matches.argmax(axis=1)]) == {0, 1, 2}


def test_start_weighs_by_squared_distance():
    # From 0, the next centre is 3 or 4 with odds 9 : 16, and never 0 again.
    samples = jnp.zeros((3, 3)).at[:, 0].set(jnp.array([0.0, 3.0, 4.0]))
    keys = jax.random.split(jax.random.key(0), 4000)
    draw = jax.vmap(lambda key: k_means_plus_plus(key, samples, jnp.ones(3), components=2))
    first, second = np.asarray(draw(keys)[:, :, 0]).T
    assert (first != second).all()
    share = np.mean(second[first == 0] == 4)
    # Some 1300 draws: a standard deviation of 0.013.
    assert share == pytest.approx(16 / 25, abs=0.05)
    np.testing.assert_allclose([np.mean(first == v) for v in (0, 3, 4)], 1 / 3, atol=0.04)


def test_fewer_colours_than_components(key):
    colours = np.array([[10, 20, 30], [200, 100, 50]], np.float32)
    samples, weights = pad([np.repeat(colours, [30, 10], axis=0)])
    mixture = fit_one(key, samples[0], weights[0], components=5)
    assert_defined(mixture)
    assert np.sum(np.asarray(mixture.weights) > 0) == 2
    order = np.argsort(-np.asarray(mixture.weights))
    np.testing.assert_allclose(mixture.weights[order], [0.75, 0.25, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(mixture.means[order[:2]], colours, atol=1e-3)
    np.testing.assert_allclose(mixture.covariances[order[:2]], [np.eye(3)] * 2, atol=2e-2)
    expected = 0.75 * np.log(0.75) + 0.25 * np.log(0.25) - 1.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(mixture.log_likelihood, expected, atol=1e-2)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (7, 130, 201)])
@pytest.mark.parametrize("count", [1, 100])
def test_one_colour(key, colour, count):
    samples, weights = pad([np.full((count, 3), colour, np.float32)])
    mixture = fit_mixtures(key, samples, weights)
    assert_defined(mixture)
    np.testing.assert_allclose(mixture.weights[0].max(), 1, rtol=1e-6)
    # N(μ; μ, I), and half a squared distance away from it.
    pixels = np.array([colour, (colour[0], colour[1], 255 - colour[2])], np.float32)
    expected = -1.5 * np.log(2 * np.pi) - np.array([0, (255 - 2 * colour[2]) ** 2 / 2])
    np.testing.assert_allclose(log_density(mixture, pixels)[0], expected, rtol=1e-4, atol=1e-4)


def test_no_samples_are_a_density_of_zero(key):
    samples, weights = pad([np.zeros((0, 3)), clusters()[::4]])
    mixture = fit_mixtures(key, samples, weights)
    assert_defined(mixture)
    np.testing.assert_array_equal(mixture.weights[0], 0)
    density = np.asarray(log_density(mixture, clusters(1)))
    np.testing.assert_array_equal(density[0], -np.inf)
    assert np.isfinite(density[1]).all()


def test_padded_sizes_are_few_and_close():
    sizes = {n: pad([np.zeros((n, 3), np.uint8)])[0].shape[1] for n in range(0, 3000, 7)}
    assert len(set(sizes.values())) <= 1 + 4 * 4  # 256, and four an octave up to 4096
    assert all(n <= size <= max(256, 1.25 * n) for n, size in sizes.items())
