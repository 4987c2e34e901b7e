"""From pixels to the numbers that a model takes.

Pictures wait for their batch as pixels, and become numbers in the batch's own memory: a number takes four
times the bytes of a pixel, and to write it twice takes longer than to compute it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from modelyard_server.engines.base import Array


def pixels_of(image: Image.Image) -> Array:
    """The pixels of a picture of mode `RGB` or `L`, of shape [height, width, channels]."""
    pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


@dataclass(frozen=True, slots=True)
class Numbers:
    """How 8-bit pixels become numbers: value x gain + bias, by channel.

    Attributes:
        dtype: The tensor's.
        channels_first: Whether its channels come before its rows.
        reversed: Whether its channels are blue, green and red.
        gain: By channel, in the tensor's order; of shape [channels].
        bias: The same.
    """

    dtype: np.dtype[Any]
    channels_first: bool
    reversed: bool
    gain: Array
    bias: Array

    def nbytes(self, pixels: Array) -> int:
        """Bytes of a picture's numbers."""
        return pixels.size * self.dtype.itemsize

    def tensor(self, pictures: Sequence[Array]) -> Array:
        """The tensor of a batch, contiguous.

        Args:
            pictures: The pixels of each, of one shape.
        """
        ordered = [self._ordered(pixels) for pixels in pictures]
        tensor = np.empty((len(ordered), *ordered[0].shape), self.dtype)
        for numbers, pixels in zip(tensor, ordered, strict=True):
            if self.dtype == np.float32:
                self._scale(pixels, numbers)
            elif self.dtype == np.uint8:
                numbers[...] = pixels
            else:
                numbers[...] = self._scale(pixels, np.empty(pixels.shape, np.float32))
        return tensor

    def _ordered(self, pixels: Array) -> Array:
        """A view of pixels with channels and dimensions in the tensor's order."""
        if self.reversed:
            pixels = pixels[:, :, ::-1]
        return pixels.transpose(2, 0, 1) if self.channels_first else pixels

    def _scale(self, pixels: Array, numbers: Array) -> Array:
        shape = (-1, 1, 1) if self.channels_first else (-1,)
        np.multiply(pixels, self.gain.reshape(shape), out=numbers)
        if self.bias.any():
            numbers += self.bias.reshape(shape)
        return numbers
