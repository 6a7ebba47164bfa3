"""A decorrelated Fourier parameterisation of images (Olah et al. 2017, "Feature Visualization").

Ascent in pixels moves every pixel alone and so favours high frequencies. Natural images have an
amplitude spectrum of about `1/f` and strongly correlated colours; ascent on coefficients that
are divided by `f` and by those correlations takes steps of equal size in each natural direction.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

# Principal components of ImageNet's RGB values (as in Krizhevsky et al. 2012, §4.1; the values
# are those of fb.resnet.torch): variances of colours in 0-1, and directions, a column each.
_VARIANCES = np.array([0.2175, 0.0188, 0.0045])
_DIRECTIONS = np.array(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
)
COLOUR_BASIS = (255 * _DIRECTIONS * np.sqrt(_VARIANCES)).astype(np.float32)
"""Maps decorrelated colours of unit variance to zero-centred RGB in 0-255 units."""

Spectrum = Float[Array, "*batch height half_width 3 2"]


def blank_spectrum(shape: tuple[int, ...]) -> Spectrum:
    """The spectrum of zero-centred images of `shape` `(..., height, width, 3)` that are all zero."""
    *batch, height, width, channels = shape
    return jnp.zeros((*batch, height, width // 2 + 1, channels, 2), jnp.float32)


def decode(spectrum: Spectrum, *, width: int, decay: float = 1.0) -> Float[Array, "..."]:
    """The zero-centred images, RGB in 0-255 units, of a spectrum.

    `I = C · irfft2(z / max(f, 1/n)^decay)`, with `z` the complex coefficients, `f` the
    frequency in cycles a pixel, `n` the longer side, and `C` the `COLOUR_BASIS`.

    Args:
      spectrum: real and imaginary parts on the last axis.
      width: of the images in pixels (a half spectrum does not tell an odd from an even one).
      decay: the exponent of the amplitude spectrum; 0 leaves it white.

    Returns:
      `(..., height, width, 3)`. A coefficient of 1 at the lowest frequency makes a wave with an
      amplitude of about one standard deviation of ImageNet's colours.
    """
    height = spectrum.shape[-4]
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    lowest = 1 / max(height, width)
    weight = (lowest / np.maximum(frequency, lowest)) ** decay * height * width
    weight = jnp.asarray(weight[..., None], jnp.float32)
    coefficients = (spectrum[..., 0] + 1j * spectrum[..., 1]) * jnp.broadcast_to(
        weight, spectrum.shape[:-1]
    )
    waves = jnp.fft.irfft2(coefficients, s=(height, width), axes=(-3, -2))
    return waves @ COLOUR_BASIS.T
