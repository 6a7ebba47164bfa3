"""Where the fit of a mixture starts."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from vizjax.types import KeyArray


def k_means_plus_plus(
    key: KeyArray,
    samples: Float[Array, "samples 3"],
    weights: Float[Array, "samples"],
    *,
    components: int,
) -> Float[Array, "components 3"]:
    """Far-apart samples to start from: each drawn with probability ∝ weight · D².

    D is the distance to the nearest centre already drawn. Where fewer distinct colours than
    components exist, the surplus centres are the first sample. Source: Arthur & Vassilvitskii 2007.

    Args:
      key: of the draws.
      samples: (n, 3), RGB in 0-255.
      weights: (n,), not negative: how often each sample counts; 0 leaves it out.
      components: how many centres.

    Returns:
      The centres, (components, 3), RGB in 0-255.
    """
    # argmax(log p + Gumbel noise) draws from p. The noise of all draws is made in one pass.
    keys = jax.random.split(key, components)
    noise = jax.vmap(lambda key: jax.random.gumbel(key, weights.shape))(keys)

    def draw(nearest: Float[Array, "samples"], noise: Float[Array, "samples"]):
        centre = samples[jnp.argmax(noise + jnp.log(weights * nearest))]
        d = samples.T - centre[:, None]
        return jnp.minimum(nearest, d[0] ** 2 + d[1] ** 2 + d[2] ** 2), centre

    # No two colours are farther apart than black and white, so the first draw is by weight alone.
    farthest = jnp.full(weights.shape, 3 * 255.0**2)
    return jax.lax.scan(draw, farthest, noise)[1]
