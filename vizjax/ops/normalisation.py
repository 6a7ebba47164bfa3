"""Local response normalisation, which XLA has no operation for."""

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
      The normalised activations, shaped as `x`.
    """
    before, after = (window - 1) // 2, window // 2
    squares = jnp.pad(x * x, [(0, 0)] * (x.ndim - 1) + [(before, after)])
    energy = sum(squares[..., k : k + x.shape[-1]] for k in range(window))
    return x * (kappa + alpha * energy) ** -beta
