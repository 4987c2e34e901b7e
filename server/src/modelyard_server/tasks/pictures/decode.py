"""From a file's bytes to upright pixels, within a limit that holds before any is decoded."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from modelyard_server.tasks.pictures.formats import PictureError, load, open_header

Mode = Literal["RGB", "L"]
Size = tuple[int, int]
"""Width and height, as Pillow has them."""

_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})

# A JPEG is decoded at a half, quarter or eighth where that leaves twice what is wanted: what the resize that
# follows then makes of it can't be told apart (Pillow's own `thumbnail` takes the same gap).
_GAP: Final = 2
# Larger ones take 4 bytes a pixel twice over; one at a time keeps their sum bounded.
_LARGE: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture.

    Attributes:
        image: Its pixels, upright; fewer than the original's where that does not show.
        width: The original's pixels from left to right, once upright.
        height: The original's pixels from top to bottom, once upright.
    """

    image: Image.Image
    width: int
    height: int


class Decoder:
    """Decodes pictures; used from several threads at once.

    Args:
        mode: `RGB`, or `L` for gray.
        max_pixels: Most pixels of a picture, told by its header before it is decoded.
        wanted: Gives the size that a picture of some size will be resized to.
        frame: Width and height of the model's picture.
    """

    def __init__(
        self, mode: Mode, max_pixels: int, wanted: Callable[[Size], Size], frame: Size = (1, 1)
    ) -> None:
        self._mode: Mode = mode
        self._max_pixels = max_pixels
        self._wanted = wanted
        self._one_large = threading.Lock()
        # WebP's plug-in allocates its canvas with the header, and asks before whether it has twice so many
        # pixels. So do others whom the model's own picture must not upset.
        Image.MAX_IMAGE_PIXELS = (max(max_pixels, frame[0] * frame[1]) + 1) // 2

    def decode(self, content: bytes) -> Decoded:
        """Decode a file.

        Raises:
            PictureError: It is no picture, broken, cut off, or too large.
        """
        image = open_header(content, self._max_pixels)
        width, height = image.size
        if width * height <= _LARGE:
            return self._decode(image)
        with self._one_large:
            return self._decode(image)

    def _decode(self, image: ImageFile) -> Decoded:
        size = image.size
        if isinstance(image, JpegImageFile):
            orientation = _orientation(image)
            width, height = self._wanted(_turned(size, orientation))
            image.draft(None, _turned((width * _GAP, height * _GAP), orientation))
            load(image)
        else:
            load(image)
            orientation = _orientation(image)
        plain = _plain(image, self._mode)
        if orientation in _UPRIGHT:
            plain = plain.transpose(_UPRIGHT[orientation])
        width, height = _turned(size, orientation)
        return Decoded(plain, width, height)


def _orientation(image: ImageFile) -> int:
    """What EXIF says of the camera's position; 1: nothing (CIPA DC-008, 4.6.4.A)."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # broken EXIF makes Pillow raise almost anything, and the pixels are still good
        return 1
    return value if isinstance(value, int) else 1


def _turned(size: Size, orientation: int) -> Size:
    return (size[1], size[0]) if orientation in _SIDEWAYS else size


def _plain(image: Image.Image, mode: Mode) -> Image.Image:
    """A picture of 8-bit channels; transparency is dropped, as the frameworks do."""
    if image.mode == "F":
        raise PictureError("the picture has floating-point pixels: send one of 8 or 16 bits a channel")
    try:
        if image.mode.startswith("I"):
            # 16 bits of gray, which `convert` would cut at 255 rather than scale.
            values = np.asarray(image).clip(0, 65_535).astype(np.uint16) >> 8
            image = Image.fromarray(values.astype(np.uint8))
        return image if image.mode == mode else image.convert(mode)
    except (OSError, ValueError) as error:
        raise PictureError(f"the picture's {image.mode} pixels can't be read as {mode}: {error}") from None
