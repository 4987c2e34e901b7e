"""Pictures of scikit-learn's 8x8 handwritten digits: dark ink on light paper, as from a scanner."""

import io

import numpy as np
from PIL import Image

BRIGHTEST = 16
"""The data set's pixels are 0 (paper) to 16 (ink)."""
SIDES = (64, 160)
"""Least and largest side of a picture, in pixels."""


def draw(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """A grey picture of a digit.

    Args:
        digit: Ink, 0 to 16, 64 numbers by rows.
        rng: Chooses the side, and how light the paper and how dark the ink is.
    """
    paper, ink = rng.uniform(200, 255), rng.uniform(0, 70)
    small = paper + (ink - paper) * digit.reshape(8, 8) / BRIGHTEST
    side = int(rng.integers(*SIDES, endpoint=True))
    return Image.fromarray(small.round().astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str) -> bytes:
    """The picture's file; `kind` is `JPEG` or `PNG`."""
    content = io.BytesIO()
    image.save(content, kind)
    return content.getvalue()
