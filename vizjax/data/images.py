"""Photographs between disk and array: read, resize, write. NumPy and Pillow, no JAX.

Pixels are squares and a coordinate is measured from the image's edge, so the centre of pixel `i`
lies at `i + 0.5` ("half-pixel centres"): scaling an image by `s` takes a point `x` to `s x`, and
boxes scale as plain numbers do.
"""

import os
import warnings
from pathlib import Path

import numpy as np
from jaxtyping import Array, Bool, Float32
from PIL import Image, ImageOps

from vizjax.data.files import atomic_write
from vizjax.errors import InputError
from vizjax.types import Mask, Photo

# Named, because Pillow would also run Ghostscript on a PostScript file that calls itself .jpg.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM")

MAX_ASPECT = 20
"""The longest panorama, long side over short side, that becomes a canvas."""


def read_photo(path: str | os.PathLike[str]) -> Photo:
    """Read a photograph as it is meant to be seen: upright, RGB, 0-255.

    The EXIF orientation is applied. Transparency is laid over white. 16-bit grey is scaled to
    8 bits, `round(v / 257)`; of 16-bit colour Pillow keeps the upper byte, at most 1 away from
    that. Of an animation or a document, the first frame or page is read. Embedded colour
    profiles are ignored: a wide-gamut photograph comes out a little paler than it is shown.

    Args:
      path: a JPEG, PNG, WebP, TIFF, GIF, BMP or PPM file.

    Returns:
      The photograph, uint8, (height, width, 3).

    Raises:
      InputError: there is no such file, or it is not a whole photograph in one of these formats,
        or its samples have no known range (signed, 32-bit, floating point), or it has more than
        twice `PIL.Image.MAX_IMAGE_PIXELS` pixels (179 million).
    """
    path = Path(path)
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL within the name
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"`{path}` cannot be opened: {reason}; expected the path of a photograph"
        ) from error
    try:
        with file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bombs and odd metadata: read or refused, below
            with Image.open(file, formats=FORMATS) as image:
                return rgb(image)
    except InputError as error:
        raise InputError(f"`{path}` {error}") from error
    except Image.UnidentifiedImageError as error:
        found = "is empty" if path.is_file() and not path.stat().st_size else "is no known image"
        raise InputError(
            f"`{path}` {found}; expected 8 or 16 bits a channel as {', '.join(FORMATS)}: convert it"
        ) from error
    except Image.DecompressionBombError as error:
        reason = str(error).partition(",")[0]  # the rest warns of an attack
        raise InputError(
            f"`{path}` is too large: {reason}; expected a photograph: make it smaller first"
        ) from error
    except Exception as error:  # Pillow's decoders raise of every kind on damaged data
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"`{path}` cannot be read: {reason}; expected a whole photograph: save it anew"
        ) from error


def rgb(image: Image.Image) -> Photo:
    """An image of Pillow's as RGB in 0-255: turned upright, on white where it is transparent.

    Args:
      image: opened; of 16 bits a channel the upper 8 are kept, rounded.

    Raises:
      InputError: its samples are signed, of 32 bits or floating-point, whose range is not known;
        the message leaves it to the caller to say of which photograph.
    """
    sixteen_bit = image.mode.startswith("I;16") or (image.mode, image.format) == ("I", "PPM")
    if image.mode in ("I", "F") and not sixteen_bit:
        kind = {"I": "signed or 32-bit", "F": "floating-point"}[image.mode]
        raise InputError(
            f"holds {kind} samples, whose range is not known; "
            "expected 8 or 16 bits a channel: convert it first"
        )
    image = ImageOps.exif_transpose(image)
    if sixteen_bit:
        grey = (np.asarray(image).astype(np.uint32) + 128) // 257
        image = Image.fromarray(grey.astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))


def write_png(path: str | os.PathLike[str], array: np.ndarray) -> None:
    """Write an image or a mask as a PNG file, whole or not at all.

    Args:
      path: where; its folder is made if need be.
      array: uint8, (height, width) grey or (height, width, 3) RGB; or a boolean mask,
        (height, width), written as 0 and 255.

    Raises:
      InputError: `array` is none of these, or the file cannot be written.
    """
    grey = array.ndim == 2 and array.dtype in (np.uint8, np.bool_)
    colour = array.ndim == 3 and array.shape[2] == 3 and array.dtype == np.uint8
    if not (grey or colour) or array.size == 0:
        raise InputError(
            f"`array` is {array.dtype} of shape {array.shape}; expected uint8 of shape "
            "(height, width) or (height, width, 3), or a boolean mask of shape (height, width)"
        )
    if array.dtype == np.bool_:
        array = array * np.uint8(255)
    with atomic_write(path) as file:
        # Of a map, level 3 is smaller than the usual 6, and takes a third of the time.
        Image.fromarray(array).save(file, format="PNG", compress_level=3)


def resize(
    array: np.ndarray | Array, height: int, width: int
) -> Float32[np.ndarray, "{height} {width} *channels"]:
    """Resize an image or a map, bilinearly, with antialiasing where it shrinks.

    Each new pixel is the average of the old ones under a triangle centred on it (half-pixel
    centres), as wide as two pixels of the coarser grid on each axis. Nothing is rounded.

    Args:
      array: a photograph (H, W, 3) or a map (H, W), of any real type.
      height: the new height, in pixels.
      width: the new width, in pixels.

    Returns:
      The resized array, float32, in the units of `array`.

    Raises:
      InputError: `array` is not an image or a map, or the new size is not positive.

    >>> resize(np.array([[0, 4]], np.uint8), 1, 4)
    array([[0., 1., 3., 4.]], dtype=float32)
    """
    pixels = np.asarray(array, np.float32)
    if pixels.ndim not in (2, 3) or pixels.size == 0:
        raise InputError(f"`array` has shape {pixels.shape}; expected (H, W) or (H, W, C)")
    _check_positive(height, width)
    if pixels.ndim == 3:
        channels = [resize(channel, height, width) for channel in np.moveaxis(pixels, 2, 0)]
        return np.stack(channels, axis=2)
    plane = Image.fromarray(np.ascontiguousarray(pixels))  # mode F: 32-bit floats
    return np.array(plane.resize((width, height), Image.Resampling.BILINEAR))


def resize_mask(mask: Mask, height: int, width: int) -> Bool[np.ndarray, "{height} {width}"]:
    """Resize a mask: each new pixel takes the old one that its centre lies in.

    Args:
      mask: boolean, (H, W).
      height: the new height, in pixels.
      width: the new width, in pixels.

    Returns:
      The resized mask, (height, width).

    Raises:
      InputError: `mask` is not (H, W), or the new size is not positive.

    >>> resize_mask(np.array([[True, False]]), 1, 4)
    array([[ True,  True, False, False]])
    """
    if mask.ndim != 2 or mask.size == 0:
        raise InputError(f"`mask` has shape {mask.shape}; expected (H, W)")
    _check_positive(height, width)
    rows = (2 * np.arange(height) + 1) * mask.shape[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * mask.shape[1] // (2 * width)
    return mask[rows[:, None], columns]


def _check_positive(height: int, width: int) -> None:
    if min(height, width) < 1:
        raise InputError(
            f"`height` and `width` are {height} and {width}; expected at least 1 pixel each"
        )


def canvas(photo: Photo, short_side: int) -> Float32[np.ndarray, "rows columns 3"]:
    """Resize a photograph so that its short side is `short_side`, its aspect kept.

    Args:
      photo: a photograph, RGB, 0-255.
      short_side: the length of the short side, in pixels; the long side is rounded.

    Returns:
      The canvas, float32, RGB, 0-255.

    Raises:
      InputError: `short_side` is not positive, or the photograph is more than `MAX_ASPECT` times
        as long as it is wide: its canvas would outgrow the memory.
    """
    height, width = photo.shape[:2]
    short, long = sorted((height, width))
    if short_side < 1:
        raise InputError(f"`short_side` is {short_side}; expected at least 1 pixel")
    if long > MAX_ASPECT * short:
        raise InputError(
            f"`photo` is {height} pixels high and {width} wide; expected one side at most "
            f"{MAX_ASPECT} times the other: crop it first"
        )
    scale = short_side / short
    return resize(photo, round(height * scale), round(width * scale))


def demo_photos() -> dict[str, Photo]:
    """Load the four photographs that scikit-image ships, under free licences, with itself.

    Returns:
      The photographs by name: chelsea (a cat), coffee, rocket, astronaut.
    """
    from skimage import data  # heavy, and only needed here

    names = ("chelsea", "coffee", "rocket", "astronaut")
    return {name: getattr(data, name)() for name in names}
