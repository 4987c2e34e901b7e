"""From pixels to the numbers that a model takes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from modelyard_server.engines.base import Array


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

    def __call__(self, image: Image.Image) -> Array:
        """The tensor of one picture, without the batch's dimension, contiguous.

        Args:
            image: Of mode `RGB` or `L`.
        """
        pixels = np.asarray(image)
        if pixels.ndim == 2:
            pixels = pixels[:, :, None]
        elif self.reversed:
            pixels = pixels[:, :, ::-1]
        shape: tuple[int, ...] = (-1,)
        if self.channels_first:
            pixels = pixels.transpose(2, 0, 1)
            shape = (-1, 1, 1)
        if self.dtype == np.uint8:
            return np.ascontiguousarray(pixels)
        # Written in the tensor's own order at once: a copy of the result would cost as much again.
        numbers = np.empty(pixels.shape, np.float32)
        np.multiply(pixels, self.gain.reshape(shape), out=numbers)
        if self.bias.any():
            numbers += self.bias.reshape(shape)
        return numbers.astype(self.dtype, copy=False)
