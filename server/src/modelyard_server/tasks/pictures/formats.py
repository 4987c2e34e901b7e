"""Which files are pictures, told by their first bytes alone.

Only the plug-ins named here ever see a client's bytes: Pillow has dozens, some of which start programs.
"""

import io
from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

SIGNATURES: Final[Mapping[bytes, tuple[str, Callable[[io.BytesIO], ImageFile]]]] = {
    b"\xff\xd8\xff": ("JPEG", JpegImageFile),
    b"\x89PNG\r\n\x1a\n": ("PNG", PngImageFile),
    b"RIFF": ("WebP", WebPImageFile),
    b"GIF87a": ("GIF", GifImageFile),
    b"GIF89a": ("GIF", GifImageFile),
    b"BM": ("BMP", BmpImageFile),
    b"II*\0": ("TIFF", TiffImageFile),
    b"MM\0*": ("TIFF", TiffImageFile),
}
"""The formats by the bytes that their files begin with."""

LISTED: Final = "JPEG, PNG, WebP, GIF, BMP or TIFF"


class PictureError(ValueError):
    """A picture can't be used; the message says why, and what to send instead."""


def format_of(content: bytes) -> str | None:
    """The format's name; None: these are no picture's bytes."""
    for signature, (name, _) in SIGNATURES.items():
        if content.startswith(signature):
            return None if name == "WebP" and content[8:12] != b"WEBP" else name
    return None


def open_header(content: bytes, max_pixels: int) -> ImageFile:
    """Read a picture's header, and nothing of its pixels.

    Args:
        content: The file.
        max_pixels: Most pixels that the picture may have, width times height.

    Raises:
        PictureError: It is of no format that is served, its header is broken, or it is too large.
    """
    if not content:
        raise PictureError("the picture is empty")
    name = format_of(content)
    if name is None:
        raise PictureError(f"these bytes are no picture: send {LISTED}")
    opener = next(opener for signature, (_, opener) in SIGNATURES.items() if content.startswith(signature))
    try:
        image = opener(io.BytesIO(content))
    except Image.DecompressionBombError:
        raise PictureError(f"the picture has more than {max_pixels:,} pixels: send a smaller one") from None
    except Exception as error:  # hostile bytes make Pillow's plug-ins raise almost anything
        raise PictureError(f"the {name} picture's header is broken or cut off: {_words(error)}") from None
    width, height = image.size
    if width < 1 or height < 1:
        raise PictureError(f"the {name} picture has no pixels ({width} x {height})")
    if width * height > max_pixels:
        raise PictureError(
            f"the picture has {width:,} x {height:,} pixels, and {max_pixels:,} are allowed: send a smaller "
            "one"
        )
    return image


def load(image: ImageFile) -> None:
    """Decode a picture's pixels, of the first frame where there are several.

    Raises:
        PictureError: They are broken or cut off.
    """
    try:
        image.load()
    except Exception as error:  # hostile bytes make Pillow's plug-ins raise almost anything
        raise PictureError(
            f"the {image.format} picture can't be decoded, its file is broken or cut off: {_words(error)}"
        ) from None


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]
