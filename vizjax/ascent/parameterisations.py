"""What an ascent moves: pixels, or the coefficients of a decorrelated Fourier transform.

Ascent on pixels moves each alone and so favours high frequencies. Natural images have an
amplitude spectrum of about `1/f` and strongly correlated colours; ascent on coefficients that
are divided by `f` and by those correlations takes steps of equal size in every natural
direction (Olah et al. 2017, "Feature Visualization", doi 10.23915/distill.00007).
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from vizjax.errors import InputError

# Principal components of ImageNet's RGB values: the variances of colours in 0-1, and a direction
# a column (Krizhevsky et al. 2012, §4.1; the values are those of fb.resnet.torch).
_VARIANCES = np.array([0.2175, 0.0188, 0.0045])
_DIRECTIONS = np.array(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
)
COLOUR_BASIS = (255 * _DIRECTIONS * np.sqrt(_VARIANCES)).astype(np.float32)
"""Maps decorrelated colours of unit variance to zero-centred RGB in 0-255 units."""

Images = Float[Array, "images height width channels"]
Colours = Float[Array, "images height width 3"]


@dataclass(frozen=True)
class Pixels:
    """The pixels themselves, as in the paper."""

    def start(self, shape: tuple[int, ...]) -> Images:
        """Zero images of `shape` (images, height, width, channels)."""
        return jnp.zeros(shape, jnp.float32)

    def __call__(self, parameters: Images) -> Images:
        """The images: the parameters themselves."""
        return parameters


@dataclass(frozen=True)
class Fourier:
    """`I = b·tanh(C·F⁻¹(z / f^decay) / b)`: coefficients `z`, colour basis `C`, bound `b`.

    `f` is the frequency in cycles an image, 1 at least. A coefficient of 1 at the lowest
    frequency is a wave with twice the deviation of ImageNet's colours for its amplitude.

    Attributes:
      width: of the images in pixels (half a spectrum does not tell an odd from an even one).
      decay: exponent of the amplitude spectrum; natural images have about 1, 0 is white.
      bound: the largest deviation from zero in pixel units, so that mean + image stays a
        photograph; it bends large values only.
    """

    width: int
    decay: float = 1.0
    bound: float = 115.0

    def start(self, shape: tuple[int, ...]) -> Float[Array, "images height half 3 2"]:
        """The spectrum, real and imaginary parts last, of zero images of `shape`."""
        images, height, _, channels = shape
        if channels != 3:
            raise InputError(f"`shape` is {shape}; expected 3 channels, RGB: use `Pixels`")
        return jnp.zeros((images, height, self.width // 2 + 1, channels, 2), jnp.float32)

    def __call__(self, spectrum: Float[Array, "images height half 3 2"]) -> Colours:
        """The zero-centred images, RGB in 0-255 units, of a spectrum."""
        height = spectrum.shape[-4]
        cycles = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(self.width)[None, :])
        natural = np.maximum(cycles * max(height, self.width), 1) ** -self.decay
        # NumPy's inverse transform divides by the number of pixels.
        scale = jnp.asarray(natural[..., None, None] * height * self.width, jnp.float32)
        scaled = spectrum * scale[None]
        coefficients = jax.lax.complex(scaled[..., 0], scaled[..., 1])
        colours = jnp.fft.irfft2(coefficients, s=(height, self.width), axes=(-3, -2))
        return self.bound * jnp.tanh(colours @ COLOUR_BASIS.T / self.bound)
