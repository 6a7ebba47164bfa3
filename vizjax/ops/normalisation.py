"""Local response normalisation, which XLA has no operation for."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def local_response_norm(
    x: Float[Array, "*batch channels"],
    *,
    window: int = 5,
    kappa: float = 2.0,
    alpha: float = 1e-4,
    beta: float = 0.75,
) -> Float[Array, "*batch channels"]:
    """Local response normalisation across channels (Krizhevsky et al. 2012, §3.3).

    `y_c = x_c · (κ + α·Σ_{c' near c} x_c'²)^−β` over `window` neighbouring channels. The
    variant is MatConvNet's: α is *not* divided by the window (Caffe's `alpha: 5e-4` with
    `local_size: 5` is `alpha=1e-4` here).

    Args:
      x: activations, channels last.
      window: how many channels count, at least 1: the channel itself and as many on either side;
        of an even number, one more after it than before. Beyond the first and the last are zeros.
      kappa: κ, positive.
      alpha: α, per squared unit of activation, not negative.
      beta: β, the exponent.

    Returns:
      The normalised activations, shaped as `x` and of its type; of half precision, the sum and
      the power are computed in single.
    """
    given = x.dtype
    x = x.astype(jnp.float32 if jnp.finfo(given).bits < 32 else given)
    before, after = (window - 1) // 2, window // 2
    leading = x.ndim - 1
    energy = jax.lax.reduce_window(
        x * x,
        0.0,
        jax.lax.add,
        (*[1] * leading, window),
        (1,) * x.ndim,
        [(0, 0)] * leading + [(before, after)],
    )
    scale = kappa + alpha * energy
    if beta != 0.75:
        return (x * scale**-beta).astype(given)
    root = jax.lax.rsqrt(scale)  # D^−¾ = D^−½ · √D^−½: a fraction of the time of a power
    return (x * root * jnp.sqrt(root)).astype(given)
