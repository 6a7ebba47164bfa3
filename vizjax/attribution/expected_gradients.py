"""Expected gradients: integrated gradients of random baselines, by drawing both at once."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from vizjax.attribution.gradients import gradient
from vizjax.attribution.integrated_gradients import baseline_stack
from vizjax.chunks import check_count, chunked_sum
from vizjax.errors import InputError
from vizjax.targets import check_floating
from vizjax.types import KeyArray, Label, ScoreFn


def expected_gradients(
    key: KeyArray,
    score_fn: ScoreFn,
    image: Float[Array, "*shape"],
    label: Label,
    *,
    baselines: Float[Array, "..."],
    samples: int = 50,
    chunk: int | None = None,
) -> Float[Array, "*shape"]:
    """Integrated gradients in expectation over baselines: `EG_i = E_bα[D_i(b, α)]`.

    `D_i(b, α) = (x_i − b_i) · ∂S_c/∂x_i (b + α·(x − b))`,  b even over the baselines, α ~ U(0, 1)

    The mean over `samples` independent draws, baselines with replacement. It estimates the mean
    of the integrated gradients over the baselines without bias; its sum is therefore complete
    (`completeness_error`) in expectation only. Also known as GradientSHAP (Lundberg's SHAP
    library). Captum's `GradientShap` is the same with its default `stdevs=0`; otherwise it adds
    noise to the image in each draw.

    Args:
      key: consumed.
      score_fn: one image to unnormalised scores.
      image: what `score_fn` takes.
      label: which score; see `vizjax.targets.select`.
      baselines: `(n, *image.shape)`, what to compare with: such as training images.
      samples: draws, at least 1; the error falls with their square root.
      chunk: gradients in memory at a time; None for all. The draws do not depend on it.

    Returns:
      An array shaped as `image`, signed, in units of score.

    Raises:
      InputError: `image` or `baselines` is not of floating point, `baselines` not of the shape
        expected, `samples` or `chunk` less than 1, or as of `gradient`.

    Source: Erion, Janizek, Sturmfels, Lundberg & Lee 2021, arXiv 1906.10670.
    """
    check_count("samples", samples)
    image, stack = _stacked(image, baselines)
    baseline_key, alpha_key = jax.random.split(key)
    which = jax.random.randint(baseline_key, (samples,), 0, len(stack))
    alphas = jax.random.uniform(alpha_key, (samples,), image.dtype)
    return _mean(score_fn, image, label, stack, which, alphas, chunk)


def expected_gradients_at(
    score_fn: ScoreFn,
    image: Float[Array, "*shape"],
    label: Label,
    *,
    baselines: Float[Array, "..."],
    alphas: Float[Array, "..."],
    chunk: int | None = None,
) -> Float[Array, "*shape"]:
    """Expected gradients at given draws, to compare networks or libraries by the same ones.

    `1/n Σ_k (x − b_k) · ∂S_c/∂x (b_k + α_k·(x − b_k))`

    Args:
      score_fn: as of `expected_gradients`.
      image: as there.
      label: as there.
      baselines: `(n, *image.shape)`, the one drawn for each sample.
      alphas: `(n,)`, how far each sample is on its way from the baseline to the image, 0-1.
      chunk: gradients in memory at a time; None for all.

    Returns:
      As of `expected_gradients`.

    Raises:
      InputError: as of `expected_gradients`, or not as many `alphas` as `baselines`.

    >>> image, black = jnp.array([3.0]), jnp.array([[0.0]])
    >>> score_fn = lambda x: x**2
    >>> expected_gradients_at(score_fn, image, 0, baselines=black, alphas=jnp.array([0.5])).item()
    9.0
    """
    image, stack = _stacked(image, baselines)
    alphas = jnp.asarray(alphas)
    check_floating("alphas", alphas)
    if alphas.shape != stack.shape[:1]:
        raise InputError(
            f"`alphas` is of shape {alphas.shape}; expected one for each of the baselines, "
            f"{stack.shape[:1]}"
        )
    alphas = alphas.astype(image.dtype)
    return _mean(score_fn, image, label, stack, jnp.arange(len(stack)), alphas, chunk)


def _stacked(image: Array, baselines: Array) -> tuple[Array, Array]:
    image, baselines = jnp.asarray(image), jnp.asarray(baselines)
    check_floating("image", image)
    if baselines.ndim != image.ndim + 1:
        raise InputError(
            f"`baselines` is of shape {baselines.shape}; expected a leading axis before the "
            f"image's shape {image.shape}: of a single one use `baselines[None]`"
        )
    return image, baseline_stack(baselines, image)


def _mean(
    score_fn: ScoreFn,
    image: Float[Array, "*shape"],
    label: Label,
    baselines: Float[Array, "n *shape"],
    which: Int[Array, " draws"],
    alphas: Float[Array, " draws"],
    chunk: int | None,
) -> Float[Array, "*shape"]:
    """The mean over draws; baselines are looked up one by one, never copied for all draws."""

    def drawn(draw):
        baseline, alpha = baselines[draw[0]], draw[1]
        way = image - baseline
        return way * gradient(score_fn, baseline + alpha * way, label)

    return chunked_sum(drawn, (which, alphas), chunk=chunk) / len(alphas)
