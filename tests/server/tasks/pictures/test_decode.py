import io
import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from modelyard_server.tasks.pictures.decode import Decoded, Decoder, Mode
from modelyard_server.tasks.pictures.formats import PictureError, format_of
from tests.server.image_models import encoded, plain, textured
from tests.server.tasks.pictures.bombs import BOMBS, huge_tiff, packed_text

KINDS = {"JPEG": "JPEG", "PNG": "PNG", "WEBP": "WebP", "GIF": "GIF", "BMP": "BMP", "TIFF": "TIFF"}
ARROW = np.array([[250, 0, 0], [250, 120, 0]], dtype=np.uint8)
"""Not the same under any turn or mirror."""


def decode(content: bytes, mode: Mode = "RGB", max_pixels: int = 1_000_000, **wanted: Any) -> Decoded:
    size = wanted.get("size")
    return Decoder(mode, max_pixels, lambda original: size or original).decode(content)


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_decoded(kind: str) -> None:
    picture = textured((60, 40))
    decoded = decode(encoded(picture, kind))

    assert format_of(encoded(picture, kind)) == KINDS[kind]
    assert (decoded.width, decoded.height, decoded.image.mode) == (60, 40, "RGB")
    difference = np.abs(np.asarray(decoded.image).astype(int) - np.asarray(picture))
    assert difference.mean() < (25 if kind in {"JPEG", "WEBP", "GIF"} else 0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_cut_off_is_refused(kind: str) -> None:
    content = encoded(textured((200, 150)), kind)
    for share in (0.05, 0.3, 0.7):
        with pytest.raises(PictureError, match="broken or cut off"):
            decode(content[: int(len(content) * share)])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"%!PS-Adobe-3.0 EPSF",
        b"RIFF1234WAVEfmt ",
        b"\x00\x00\x01\x00",
        b"<svg/>",
        b"P6 1 1 255 abc",
    ],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(PictureError):
        decode(content)


@pytest.mark.parametrize("make", BOMBS)
def test_a_bomb_is_refused_by_its_header(make: Callable[[int, int], bytes]) -> None:
    with pytest.raises(PictureError, match="pixels"):
        decode(make(12_000, 12_000))


@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "iCCP"])
def test_a_bomb_beside_the_pixels_is_refused_or_left_alone(kind: str) -> None:
    content = packed_text(kind)
    tracemalloc.start()
    try:
        decode(content)
    except PictureError as error:
        assert "broken" in str(error)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize("compression", [1, 5, 7, 8, 32773, 34892, 50000])
def test_a_tiff_that_lies_about_its_strip_is_refused(compression: int) -> None:
    with pytest.raises(PictureError, match="broken or cut off"):
        decode(huge_tiff(900, 900, compression))


def test_pillows_own_check_is_at_the_limit() -> None:
    """WebP's plug-in allocates its canvas with the header."""
    decode(encoded(plain("red", (100, 101)), "WEBP"), max_pixels=10_101)
    decode(encoded(plain("red", (100, 101)), "WEBP"), max_pixels=10_100)
    with pytest.raises(PictureError, match="has more than 10,098 pixels"):
        decode(encoded(plain("red", (100, 101)), "WEBP"), max_pixels=10_098)


def test_a_gif_whose_first_frame_is_larger_than_it_says_is_refused() -> None:
    content = bytearray(encoded(plain("red", (16, 16)), "GIF"))
    start = content.index(b"\x2c\0\0\0\0")
    content[start + 5 : start + 9] = struct.pack("<HH", 60_000, 60_000)

    with pytest.raises(PictureError):
        decode(bytes(content))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_stood_upright(kind: str, orientation: int) -> None:
    # What cameras write: the picture turned, and a note of how to turn it back.
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = Image.fromarray(ARROW).resize((96, 64), Image.Resampling.NEAREST).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = upright.transpose(turns[orientation]) if orientation in turns else upright
    options = {"lossless": True} if kind == "WEBP" else {}

    decoded = decode(encoded(turned, kind, exif=exif, **options))

    assert (decoded.width, decoded.height) == (96, 64) == decoded.image.size
    assert np.abs(np.asarray(decoded.image).astype(int) - np.asarray(upright)).max() < 30


def test_broken_exif_is_no_reason_to_refuse_a_picture() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(plain("red"), "JPEG", exif=exif).replace(b"Exif\0\0MM", b"Exif\0\0M?")

    assert decode(content).width == 40


def test_transparency_is_dropped_as_frameworks_do() -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[..., 0], pixels[..., 3] = 200, 10
    palette = Image.fromarray(pixels[..., :3]).convert("P")

    assert decode(encoded(Image.fromarray(pixels))).image.getpixel((0, 0)) == (200, 0, 0)
    gray = Image.merge("LA", [Image.new("L", (4, 4), 77), Image.new("L", (4, 4), 1)])
    assert decode(encoded(gray)).image.getpixel((0, 0)) == (77, 77, 77)
    content = io.BytesIO()
    palette.save(content, "PNG", transparency=0)
    assert decode(content.getvalue()).image.getpixel((0, 0)) == palette.convert("RGB").getpixel((0, 0))


def test_every_kind_of_pixel_becomes_the_models() -> None:
    assert decode(encoded(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "JPEG")).image.getpixel((0, 0)) == (
        255,
        0,
        0,
    )
    assert decode(encoded(Image.new("1", (4, 4), 1))).image.getpixel((0, 0)) == (255, 255, 255)
    assert decode(encoded(plain("red")), mode="L").image.getpixel((0, 0)) == 76
    deep = Image.fromarray(np.full((4, 4), 0x8042, np.uint16))
    for kind in ("PNG", "TIFF"):
        assert decode(encoded(deep, kind)).image.getpixel((0, 0)) == (0x80, 0x80, 0x80)
    with pytest.raises(PictureError, match="floating-point"):
        decode(encoded(Image.new("F", (4, 4), 0.5), "TIFF"))


def test_of_a_film_the_first_picture_is_taken() -> None:
    content = io.BytesIO()
    frames = [plain(colour) for colour in ("red", "blue")]
    frames[0].save(content, "GIF", save_all=True, append_images=frames[1:])

    assert decode(content.getvalue()).image.getpixel((5, 5)) == (255, 0, 0)


def test_a_large_jpeg_is_decoded_small_and_nobody_can_tell() -> None:
    content = encoded(textured((1600, 1200)), "JPEG", quality=92)
    wanted = (200, 150)

    small = decode(content, max_pixels=10**7, size=wanted)
    whole = decode(content, max_pixels=10**7)

    assert small.image.size == (400, 300)
    assert (small.width, small.height) == (1600, 1200) == whole.image.size
    resized = [
        np.asarray(decoded.image.resize(wanted, Image.Resampling.BILINEAR)).astype(int)
        for decoded in (small, whole)
    ]
    assert np.abs(resized[0] - resized[1]).mean() < 1.0
    assert np.abs(resized[0] - resized[1]).max() < 12


@given(
    kind=st.sampled_from(list(KINDS)),
    start=st.integers(0, 2000),
    noise=st.binary(min_size=1, max_size=12),
    cut=st.integers(0, 40),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_picture_is_decoded_or_refused(kind: str, start: int, noise: bytes, cut: int) -> None:
    whole = encoded(textured((32, 24)), kind)
    start %= len(whole)
    content = whole[:start] + noise + whole[start + len(noise) : len(whole) - cut]
    try:
        decoded = decode(content)
    except PictureError as error:
        assert str(error)
    else:
        assert decoded.image.mode == "RGB"
