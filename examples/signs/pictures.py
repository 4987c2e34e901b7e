"""Pictures of signs as a camera at the roadside takes them: turned, lit, blurred, half hidden, compressed."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from signs import SIGNS, sign

LABELS = sorted(SIGNS)
_DRAWN = 160


@dataclass(frozen=True)
class Conditions:
    """How bad the pictures may be; each is the worst, what a picture gets is drawn from nothing up to it.

    Attributes:
        turn: Degrees that a sign is turned.
        tilt: By what part of its side a corner is moved: the camera looks from an angle.
        least: Side of the smallest sign, as a part of the picture's.
        darkest: What the light is multiplied by.
        blur: Radius in pixels of a picture of 96.
        noise: Deviation of brightness, 0 to 255.
        hidden: Side of what stands before the sign, as a part of the sign's.
        quality: Least quality of the JPEG.
    """

    turn: float = 15
    tilt: float = 0.12
    least: float = 0.45
    darkest: float = 0.35
    blur: float = 1.4
    noise: float = 14
    hidden: float = 0.35
    quality: int = 40


USUAL = Conditions()
HARSH = Conditions(turn=25, tilt=0.18, least=0.3, darkest=0.2, blur=2.2, noise=26, hidden=0.5, quality=20)
"""Beyond anything that is learned from."""


def picture(
    label: str,
    photograph: np.ndarray,
    rng: np.random.Generator,
    conditions: Conditions = USUAL,
    side: int = 96,
) -> bytes:
    """A JPEG of a sign before a piece of a photograph.

    Args:
        label: Which sign.
        photograph: uint8 [height, width, 3].
        rng: Chooses everything else.
        conditions: How bad it may be.
        side: Pixels of the picture's side.
    """
    scene = _background(photograph, rng, side)
    size = rng.uniform(conditions.least, 0.95)
    drawn = sign(label, _DRAWN)
    if rng.random() < 0.3:
        _hide(drawn, rng, conditions.hidden)
    scene.paste(*_seen(drawn, rng, conditions, side, size))
    scene = scene.filter(ImageFilter.GaussianBlur(rng.uniform(0, conditions.blur) * side / 96))
    lit = np.asarray(scene, dtype=np.float32) * _light(rng, conditions, side)
    lit += rng.normal(0, rng.uniform(0, conditions.noise), lit.shape)
    content = io.BytesIO()
    quality = int(rng.integers(conditions.quality, 95))
    Image.fromarray(lit.clip(0, 255).astype(np.uint8)).save(content, "JPEG", quality=quality)
    return content.getvalue()


def _background(photograph: np.ndarray, rng: np.random.Generator, side: int) -> Image.Image:
    """A piece of the photograph, mirrored and in other colours at will."""
    height, width = photograph.shape[:2]
    length = int(rng.integers(side // 2, min(height, width) * 2 // 3))
    top, left = rng.integers(0, height - length), rng.integers(0, width - length)
    piece = photograph[top : top + length, left : left + length, rng.permutation(3)]
    if rng.random() < 0.5:
        piece = piece[:, ::-1]
    return Image.fromarray(np.ascontiguousarray(piece)).resize((side, side), Image.Resampling.BILINEAR)


def _hide(drawn: Image.Image, rng: np.random.Generator, largest: float) -> None:
    """Put a blot of one colour before the sign: a branch, a sticker, dirt."""
    middle = rng.uniform(0.1, 0.9, 2) * _DRAWN
    angles = np.sort(rng.uniform(0, 2 * np.pi, 7))
    radii = rng.uniform(0.3, 1, 7) * largest / 2 * _DRAWN
    points = [
        (middle[0] + r * np.cos(a), middle[1] + r * np.sin(a)) for a, r in zip(angles, radii, strict=True)
    ]
    ImageDraw.Draw(drawn).polygon(points, fill=tuple(int(value) for value in rng.integers(20, 200, 3)))


def _seen(
    drawn: Image.Image, rng: np.random.Generator, conditions: Conditions, side: int, size: float
) -> tuple[Image.Image, tuple[int, int], Image.Image]:
    """The sign as the camera sees it, and its mask: what `Image.paste` takes."""
    length = size * side
    left, top = rng.uniform(0, side - length, 2)
    angle = np.deg2rad(rng.uniform(-conditions.turn, conditions.turn))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=float)
    moved = corners + rng.uniform(-conditions.tilt / 2, conditions.tilt / 2, (4, 2))
    places = ((moved - 0.5) @ turn.T + 0.5) * length + [left, top]
    coefficients = _perspective(places, corners * _DRAWN)
    shown = drawn.transform((side, side), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    return shown.convert("RGB"), (0, 0), shown.getchannel("A")


def _perspective(places: np.ndarray, origins: np.ndarray) -> list[float]:
    """Pillow's eight numbers that fetch each place's pixel from its origin."""
    rows, values = [], []
    for (x, y), (u, v) in zip(places, origins, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows), np.array(values))]


def _light(rng: np.random.Generator, conditions: Conditions, side: int) -> np.ndarray:
    """What each pixel is multiplied by, float32 [side, side, 3]: light of a colour, falling off sideways."""
    gain = rng.uniform(conditions.darkest, 1.25)
    cast = rng.uniform(0.85, 1.1, 3)
    across = np.linspace(-1, 1, side)
    slope = rng.uniform(-0.3, 0.3, 2)
    fall = 1 + slope[0] * across[:, None] + slope[1] * across[None, :]
    return (gain * fall[..., None] * cast).astype(np.float32)
