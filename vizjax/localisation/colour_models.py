"""Gaussian mixtures of colours, fitted by EM: many in one compiled call.

`k_means_plus_plus` and `fit_mixture` are written for one set of samples; `fit_mixtures` is the two
of them for several. Colours are RGB in 0-255 throughout.
"""

import functools
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from vizjax.localisation.k_means import k_means_plus_plus
from vizjax.types import KeyArray

# A product of float32 may be rounded to TF32 on a GPU; a covariance cannot afford that.
_EXACT = jax.lax.Precision.HIGHEST
_TINY = float(np.finfo(np.float32).tiny)


Sums: TypeAlias = Float[Array, "components 13"]
"""What EM keeps of the samples: Σ w r (1, x, xxᵀ), one row a component."""


class Mixture(NamedTuple):
    """A mixture of Gaussians, or a batch of them (leading axes).

    A component that no sample belongs to has weight 0, and a mixture of no samples has only such
    components: its density is 0 everywhere, its `log_likelihood` 0.
    """

    weights: Float[Array, "*batch components"]
    means: Float[Array, "*batch components 3"]
    covariances: Float[Array, "*batch components 3 3"]
    log_likelihood: Float[Array, "*batch"]  # the mean over the samples, in nats


def fit_mixture(
    centres: Float[Array, "components 3"],
    samples: Float[Array, "samples 3"],
    weights: Float[Array, "samples"],
    *,
    regularisation: float | Array = 1.0,
    tolerance: float | Array = 1e-3,
    max_steps: int | Array = 100,
) -> Mixture:
    """EM for one mixture, from the samples assigned to their nearest centre.

    E: r_kn ∝ π_k N(x_n; μ_k, Σ_k).   M: with m_k = Σ_n w_n r_kn,
    π_k = m_k / Σ_j m_j,   μ_k = Σ_n w_n r_kn x_n / m_k,
    Σ_k = Σ_n w_n r_kn (x_n − μ_k)(x_n − μ_k)ᵀ / m_k + regularisation · I.
    (Dempster, Laird & Rubin 1977; Bishop 2006, §9.2.2.)

    Args:
      centres: (components, 3), where to start, RGB in 0-255.
      samples: (n, 3), RGB in 0-255.
      weights: (n,), not negative: how often each sample counts; 0 leaves it out.
      regularisation: in squared grey levels. One: a photograph does not tell colours apart more
        finely than a level, and without it a patch of saturated white is a component of
        infinite density. Below 0.1 the covariances lose their definiteness to float32.
      tolerance: the gain in mean log-likelihood, in nats, under which the fit has converged.
      max_steps: the most steps of EM; 0 is the start itself.

    Returns:
      The mixture, with the mean log-likelihood of the samples under it. Means are RGB in 0-255,
      covariances in squared grey levels.
    """
    # Moments about the sample mean: E[xxᵀ] − μμᵀ would lose digits about black.
    total = jnp.maximum(jnp.sum(weights), _TINY)
    centre = jnp.sum(weights[:, None] * samples, axis=0) / total
    x = (samples - centre[None]).T
    moments = jnp.concatenate([jnp.ones_like(x[:1]), x, (x[:, None] * x[None]).reshape(9, -1)])

    def accumulate(responsibilities: Float[Array, "components samples"]) -> Sums:
        return jnp.matmul(responsibilities * weights[None], moments.T, precision=_EXACT)

    def maximise(sums: Sums) -> Mixture:
        mass, first, second = jnp.split(sums, [1, 4], axis=1)
        safe = jnp.maximum(mass, _TINY)
        means = first / safe
        scatter = (second / safe).reshape(-1, 3, 3) - means[:, :, None] * means[:, None]
        covariances = scatter + regularisation * jnp.eye(3)[None]
        return Mixture(mass[:, 0] / total, means, covariances, jnp.float32(0))

    def expect(mixture: Mixture) -> tuple[Mixture, Sums]:
        density, shares = _log_sum_exp(_log_joint(mixture, x))
        counts = weights > 0
        likelihood = jnp.sum(jnp.where(counts, weights * density, 0)) / total
        responsibilities = jnp.stack([jnp.where(counts, share, 0) for share in shares])
        return mixture._replace(log_likelihood=likelihood), accumulate(responsibilities)

    def unfinished(state) -> Array:
        _, _, gain, step = state
        return (gain > tolerance) & (step <= max_steps)

    def improve(state):
        old, sums, _, step = state
        new, sums = expect(maximise(sums))
        return new, sums, new.log_likelihood - old.log_likelihood, step + 1

    distances = jnp.sum((samples[None] - centres[:, None]) ** 2, axis=-1)
    nearest = jax.nn.one_hot(jnp.argmin(distances, axis=0), len(centres), axis=0)
    sums = accumulate(nearest)
    unknown = maximise(sums)._replace(log_likelihood=jnp.float32(-jnp.inf))
    start = (unknown, sums, jnp.float32(jnp.inf), jnp.int32(0))
    mixture, *_ = jax.lax.while_loop(unfinished, improve, start)
    return mixture._replace(means=mixture.means + centre[None])


@functools.partial(jax.jit, static_argnames="components")
def fit_mixtures(
    key: KeyArray,
    samples: Float[Array, "mixtures samples 3"],
    weights: Float[Array, "mixtures samples"],
    *,
    components: int = 5,
    regularisation: float | Array = 1.0,
    tolerance: float | Array = 1e-3,
    max_steps: int | Array = 100,
) -> Mixture:
    """A batch of mixtures, each from a k-means++ start by EM: see `fit_mixture`.

    Every mixture draws with the same key, so that its result does not depend on its company in the
    batch. Compiled once for each shape: `pad` gives sets of different sizes a common one.

    Args:
      key: of the starts.
      samples: (M, n, 3), RGB in 0-255.
      weights: (M, n), how often each sample counts; 0 leaves it out, as padding.
      components: Gaussians in a mixture.
      regularisation: of `fit_mixture`.
      tolerance: of `fit_mixture`.
      max_steps: of `fit_mixture`.

    Returns:
      M mixtures: every array of `Mixture` has a leading axis.
    """

    def fit(group: tuple[Float[Array, "samples 3"], Float[Array, "samples"]]) -> Mixture:
        samples, weights = group
        centres = k_means_plus_plus(key, samples, weights, components=components)
        return fit_mixture(
            centres,
            samples,
            weights,
            regularisation=regularisation,
            tolerance=tolerance,
            max_steps=max_steps,
        )

    # On a CPU one after the other: the compiler is better at rows of samples than at batches of
    # them, and no mixture waits for the slowest.
    together = None if jax.default_backend() == "cpu" else len(samples)
    return jax.lax.map(fit, (samples, weights), batch_size=together)


@jax.jit
def log_density(
    mixtures: Mixture, pixels: Float[Array, "pixels 3"]
) -> Float[Array, "mixtures pixels"]:
    """The log density, in nats, of every pixel's colour under every mixture of a batch.

    log p(x) = log Σ_k π_k N(x; μ_k, Σ_k): finite, or −∞ under a mixture of no samples. Compiled
    once for each number of pixels: see `pad`.

    Args:
      mixtures: M of them, from `fit_mixtures`.
      pixels: (n, 3), RGB in 0-255.

    Returns:
      (M, n), nats.
    """
    return jax.vmap(lambda one: _log_sum_exp(_log_joint(one, pixels.T))[0])(mixtures)


@functools.partial(jax.jit, static_argnums=4)
def fitted_log_density(
    key: KeyArray,
    samples: Float[Array, "mixtures samples 3"],
    weights: Float[Array, "mixtures samples"],
    pixels: Float[Array, "pixels 3"],
    components: int,
    max_steps: int | Array = 100,
) -> Float[Array, "mixtures pixels"]:
    """`log_density` of the pixels under `fit_mixtures` of the samples, as one program.

    Args:
      key: as of `fit_mixtures`.
      samples: as of `fit_mixtures`.
      weights: as of `fit_mixtures`.
      pixels: as of `log_density`.
      components: as of `fit_mixtures`.
      max_steps: as of `fit_mixture`.

    Returns:
      (M, n), nats.
    """
    mixtures = fit_mixtures(key, samples, weights, components=components, max_steps=max_steps)
    return log_density(mixtures, pixels)


def _log_joint(mixture: Mixture, x: Float[Array, "3 samples"]) -> list[Float[Array, "samples"]]:
    """The density with each component: log π_k + log N(x_n; μ_k, Σ_k).

    The forward substitution L z = x − μ is written out, not called: the compiler fuses it into one
    pass over the samples, several times faster on a CPU than a batch of 3×3 products.
    """
    L = jnp.linalg.cholesky(mixture.covariances)[:, :, :, None]
    d = x[None] - mixture.means[:, :, None]
    z0 = d[:, 0] / L[:, 0, 0]
    z1 = (d[:, 1] - L[:, 1, 0] * z0) / L[:, 1, 1]
    z2 = (d[:, 2] - L[:, 2, 0] * z0 - L[:, 2, 1] * z1) / L[:, 2, 2]
    log_volume = jnp.log(L[:, 0, 0] * L[:, 1, 1] * L[:, 2, 2]) + 1.5 * jnp.log(2 * jnp.pi)
    return list(jnp.log(mixture.weights)[:, None] - log_volume - (z0**2 + z1**2 + z2**2) / 2)


def _log_sum_exp(
    terms: list[Float[Array, "samples"]],
) -> tuple[Float[Array, "samples"], list[Float[Array, "samples"]]]:
    """Log Σ exp of the terms, and the share of each in the sum, NaN where all are −∞.

    Of a list the compiler makes one pass over the samples, of an axis several, and slower ones.
    """
    largest = functools.reduce(jnp.maximum, terms)
    largest = jnp.where(jnp.isfinite(largest), largest, 0)  # all are −∞: a mixture of no samples
    powers = [jnp.exp(term - largest) for term in terms]
    total = functools.reduce(jnp.add, powers)
    return largest + jnp.log(total), [power / total for power in powers]
