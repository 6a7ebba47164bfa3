import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import skimage.io
from PIL import Image

from vizjax.data.images import demo_photos, read_photo, write_png
from vizjax.errors import InputError

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (7, 5, 3), np.uint8)
DEEP = RNG.integers(0, 65536, (7, 5, 3), np.uint16)
ALPHA = RNG.integers(0, 256, (7, 5), np.uint8)


def saved(tmp_path: Path, image: Image.Image, suffix: str, **options) -> Path:
    path = tmp_path / f"photo.{suffix}"
    image.save(path, **options)
    return path


def png(height: int, width: int, *, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG file by hand, of a kind that Pillow does not write."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*c) for c in chunks)


def over_white(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    a = alpha[..., None] / 255
    return a * rgb + (1 - a) * 255


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda x: x),
        (2, lambda x: x[:, ::-1]),
        (3, lambda x: x[::-1, ::-1]),
        (4, lambda x: x[::-1]),
        (5, lambda x: x.swapaxes(0, 1)),
        (6, lambda x: np.rot90(x, -1)),
        (7, lambda x: np.rot90(x.swapaxes(0, 1), 2)),
        (8, lambda x: np.rot90(x)),
        (99, lambda x: x),
    ],
)
def test_read_applies_the_orientation(tmp_path, orientation, upright):
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = read_photo(saved(tmp_path, Image.fromarray(RGB), "png", exif=exif))
    np.testing.assert_array_equal(photo, upright(RGB))
    assert photo.flags.writeable
    assert photo.flags.c_contiguous


def test_read_survives_damaged_exif(tmp_path):
    path = saved(tmp_path, Image.new("RGB", (5, 7)), "jpg", exif=b"Exif\0\0no exif at all")
    assert read_photo(path).shape == (7, 5, 3)


def test_read_grey_and_one_bit(tmp_path):
    grey = np.stack([ALPHA] * 3, axis=2)
    np.testing.assert_array_equal(read_photo(saved(tmp_path, Image.fromarray(ALPHA), "png")), grey)
    bits = np.where(grey > 127, np.uint8(255), np.uint8(0))
    one_bit = Image.fromarray(ALPHA > 127)
    assert one_bit.mode == "1"
    np.testing.assert_array_equal(read_photo(saved(tmp_path, one_bit, "png")), bits)


def test_read_lays_transparency_over_white(tmp_path):
    rgba = Image.fromarray(np.dstack([RGB, ALPHA]))
    photo = read_photo(saved(tmp_path, rgba, "png"))
    np.testing.assert_allclose(photo, over_white(RGB, ALPHA), atol=1)  # rounded once
    la = Image.fromarray(np.dstack([RGB[..., 0], ALPHA]))
    photo = read_photo(saved(tmp_path, la, "png"))
    np.testing.assert_allclose(photo, over_white(RGB[..., :1].repeat(3, 2), ALPHA), atol=1)


@pytest.mark.parametrize(
    ("transparency", "expected"),
    [
        (None, [[10, 20, 30], [40, 50, 60]]),
        (0, [[255, 255, 255], [40, 50, 60]]),  # one transparent index
        (bytes([255, 51]), [[10, 20, 30], [212, 214, 216]]),  # one opacity an index: 51 is 1/5
    ],
)
def test_read_palettes(tmp_path, transparency, expected):
    image = Image.fromarray(np.array([[0], [1]], np.uint8)).convert("L")
    image.putpalette([10, 20, 30, 40, 50, 60])
    options = {} if transparency is None else {"transparency": transparency}
    assert read_photo(saved(tmp_path, image, "png", **options))[:, 0].tolist() == expected


def test_read_cmyk_as_adobe_writes_it(tmp_path):
    # JPEG files with four channels store ink inverted: read as they stand, red would turn cyan.
    red = Image.new("RGB", (5, 7), (250, 10, 20)).convert("CMYK")
    path = saved(tmp_path, red, "jpg", quality=95)
    assert b"Adobe" in path.read_bytes()
    np.testing.assert_allclose(read_photo(path)[3, 2], [250, 10, 20], atol=4)  # JPEG's loss


def test_read_scales_sixteen_bit_grey(tmp_path):
    grey = DEEP[..., 0]
    expected = np.round(grey / 257).astype(np.uint8)[..., None].repeat(3, 2)
    assert (expected != grey[..., None] >> 8).any()  # so that rounding shows
    for suffix in ("png", "tif"):
        photo = read_photo(saved(tmp_path, Image.fromarray(grey), suffix))
        np.testing.assert_array_equal(photo, expected)
    (tmp_path / "photo.pgm").write_bytes(b"P5 5 7 65535\n" + grey.astype(">u2").tobytes())
    np.testing.assert_array_equal(read_photo(tmp_path / "photo.pgm"), expected)


def test_read_scales_sixteen_bit_colour(tmp_path):
    path = tmp_path / "deep.png"
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in DEEP)
    path.write_bytes(png(7, 5, depth=16, colour=2, rows=rows))
    # Pillow keeps the upper byte: v // 256 for round(v / 257).
    np.testing.assert_allclose(read_photo(path), DEEP / 257, atol=1.01)
    skimage.io.imsave(tmp_path / "deep.tif", DEEP, check_contrast=False)
    np.testing.assert_allclose(read_photo(tmp_path / "deep.tif"), DEEP / 257, atol=1.01)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_read_refuses_samples_of_unknown_range(tmp_path, dtype):
    path = saved(tmp_path, Image.fromarray(RGB[..., 0].astype(dtype)), "tif")
    with pytest.raises(InputError, match=r"photo.tif` holds .* samples, whose range is not known"):
        read_photo(path)


def test_read_ignores_colour_profiles(tmp_path):
    path = saved(tmp_path, Image.fromarray(RGB), "png", icc_profile=b"a wide gamut")
    np.testing.assert_array_equal(read_photo(path), RGB)


def test_read_takes_the_first_frame(tmp_path):
    frames = [Image.new("RGB", (5, 7), colour) for colour in ("red", "blue")]
    path = saved(tmp_path, frames[0], "gif", save_all=True, append_images=frames[1:])
    assert read_photo(path)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("shape", [(1, 1, 3), (4000, 5000, 3)])
def test_read_small_and_large(tmp_path, shape):
    path = saved(tmp_path, Image.new("RGB", (shape[1], shape[0]), (1, 2, 3)), "bmp")
    photo = read_photo(str(path))
    assert photo.shape == shape
    assert photo[-1, -1].tolist() == [1, 2, 3]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "gif", "bmp"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_read_refuses_truncated_files(tmp_path, suffix, share):
    noise = Image.fromarray(RNG.integers(0, 256, (90, 70, 3), np.uint8))
    path = saved(tmp_path, noise, suffix)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=rf"photo.{suffix}` cannot be read: .*; expected a whole"):
        read_photo(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; expected"),
        (b"not an image", "is no known image; expected .* JPEG, PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no known image"),
        (png(0, 5, depth=8, colour=2, rows=b""), "is no known image"),
        (png(20000, 10000, depth=8, colour=2, rows=b""), "is too large: .*200000000 pixels"),
    ],
)
def test_read_refuses_what_is_no_photograph(tmp_path, content, message):
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"photo.jpg` {message}") as raised:
        read_photo(path)
    assert "\n" not in str(raised.value)


def test_read_refuses_paths_that_are_no_files(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"gone\.png` cannot be opened: No such file"):
        read_photo(tmp_path / "gone.png")
    with pytest.raises(InputError, match="cannot be opened: Is a directory"):
        read_photo(tmp_path)
    with pytest.raises(InputError, match="cannot be opened: embedded null byte"):
        read_photo("a\0b")

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # root, who may run this, can read any file
    with pytest.raises(InputError, match="cannot be opened: Permission denied"):
        read_photo(tmp_path / "locked.png")


def test_read_leaks_no_warning(tmp_path, monkeypatch):
    path = saved(tmp_path, Image.fromarray(RGB), "png")  # 35 pixels
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)  # above it a warning, above 40 an error
    with pytest.warns(Image.DecompressionBombWarning):
        Image.open(path).close()
    np.testing.assert_array_equal(read_photo(path), RGB)


@pytest.mark.parametrize("array", [RGB, RGB[..., 0], RGB[::-1, :, ::-1]])
def test_write_and_read_are_inverse(tmp_path, array):
    write_png(tmp_path / "image.png", array)
    expected = array if array.ndim == 3 else array[..., None].repeat(3, 2)
    np.testing.assert_array_equal(read_photo(tmp_path / "image.png"), expected)


def test_write_masks_as_black_and_white(tmp_path):
    write_png(tmp_path / "mask.png", ALPHA > 127)
    with Image.open(tmp_path / "mask.png") as image:
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), np.where(ALPHA > 127, 255, 0))


@pytest.mark.parametrize(
    "array",
    [
        RGB.astype(np.float32),
        RGB[..., :2],
        RGB > 127,
        RGB[0, 0],
        RGB[:0],
    ],
)
def test_write_refuses_other_arrays(tmp_path, array):
    with pytest.raises(InputError, match=r"`array` is .* expected uint8"):
        write_png(tmp_path / "image.png", array)
    assert list(tmp_path.iterdir()) == []


def test_demo_photos_are_photographs():
    photos = demo_photos()
    assert {name: photo.shape for name, photo in photos.items()} == {
        "chelsea": (300, 451, 3),
        "coffee": (400, 600, 3),
        "rocket": (427, 640, 3),
        "astronaut": (512, 512, 3),
    }
    assert all(photo.dtype == np.uint8 for photo in photos.values())


def test_reading_writes_nothing_to_standard_error(tmp_path, capfd):
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "TIFF", compression="tiff_lzw")
    (tmp_path / "photo.tif").write_bytes(buffer.getvalue()[:-20])
    with pytest.raises(InputError):
        read_photo(tmp_path / "photo.tif")
    assert capfd.readouterr() == ("", "")
