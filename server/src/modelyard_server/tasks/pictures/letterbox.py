"""A whole picture in the middle of a model's frame, with bars around it; and the way back.

Pixels between pixels are found as OpenCV's INTER_LINEAR does, from the nearest four without smoothing: that
is what the detectors saw when they were trained
(https://docs.opencv.org/4.x/da/d54/group__imgproc__transform.html).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from modelyard_server.engines.base import Array
from modelyard_server.tasks.pictures.decode import Decoded, Size
from modelyard_server.tasks.pictures.geometry import Inside, centred, margins

_BARS: Final = 114
"""The bars' brightness in Ultralytics' training."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a picture stands in its frame.

    Attributes:
        width: Of the original picture, upright.
        height: Of the original picture, upright.
        gain: Pixels of the frame for one of the original: across, down.
        offset: Pixels of the frame left of and above the picture.
    """

    width: int
    height: int
    gain: tuple[float, float]
    offset: tuple[int, int]

    def restore(self, boxes: Array) -> Array:
        """Boxes in pixels of the original picture, and inside of it.

        Args:
            boxes: Left, top, right and bottom in pixels of the frame; of shape [boxes, 4].
        """
        restored = (boxes.astype(np.float64) - (self.offset * 2)) / (self.gain * 2)
        sides: Array = np.array((self.width, self.height) * 2, dtype=np.float64)
        return np.clip(restored, 0.0, sides)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Puts pictures into frames.

    Attributes:
        size: Width and height of the largest frame.
        stride: Sides of a frame are whole multiples of it; None: every frame has the full size.
    """

    size: Size
    stride: int | None = None

    def fitted(self, size: Size) -> Size:
        """The size that a picture of some size gets inside its frame."""
        return Inside(self.size)(size)

    def place(self, decoded: Decoded) -> tuple[Image.Image, Placed]:
        """Put a picture into its frame.

        Args:
            decoded: The picture.
        """
        original = (decoded.width, decoded.height)
        fitted = self.fitted(original)
        frame = self._frame(fitted)
        image = decoded.image
        if image.size != fitted:
            across, down = image.width / fitted[0], image.height / fitted[1]
            image = image.transform(
                fitted, Image.Transform.AFFINE, (across, 0, 0, 0, down, 0), Image.Resampling.BILINEAR
            )
        placed = Placed(
            *original,
            gain=(fitted[0] / original[0], fitted[1] / original[1]),
            offset=margins(fitted, frame),
        )
        return centred(image, frame, _BARS), placed

    def _frame(self, fitted: Size) -> Size:
        if self.stride is None:
            return self.size
        width, height = (
            side + (full - side) % self.stride for side, full in zip(fitted, self.size, strict=True)
        )
        return width, height
