"""Draws number plates: on cars, before shapes of all colours, seen at an angle and in some light."""

import string
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIDE = 320
_TALL, _WIDE = 44, 200
_PAINTS = (((250, 250, 245), (15, 15, 20)), ((245, 205, 40), (15, 15, 20)), ((25, 30, 35), (240, 240, 240)))
_LETTERS, _DIGITS = list(string.ascii_uppercase), list(string.digits)


class Box(NamedTuple):
    """A box in pixels of the picture."""

    left: float
    top: float
    right: float
    bottom: float


def picture(rng: np.random.Generator, side: int = SIDE) -> tuple[Image.Image, list[Box]]:
    """A picture, and where its plates are: one, two or three."""
    scene = _scene(rng, side)
    placed: list[tuple[np.ndarray, Box]] = []
    for _ in range(int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))):
        corners = _corners(rng, side)
        box = Box(*corners.min(axis=0), *corners.max(axis=0))
        if all(intersection_over_union(box, other) == 0 for _, other in placed):
            placed.append((corners, box))
    # Every car before any plate: none hides another's.
    for _, box in placed:
        _car(scene, rng, box)
    for corners, _ in placed:
        coefficients = _perspective(corners, np.array([[0, 0], [_WIDE, 0], [_WIDE, _TALL], [0, _TALL]]))
        shown = _plate(rng).transform(
            (side, side), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC
        )
        scene.paste(shown.convert("RGB"), (0, 0), shown.getchannel("A"))
    scene = scene.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.2)))
    across = np.linspace(-1, 1, side)
    slope = rng.uniform(-0.3, 0.3, 2)
    light = rng.uniform(0.45, 1.2) * (1 + slope[0] * across[:, None] + slope[1] * across[None, :])
    pixels = np.asarray(scene, dtype=np.float32) * light[..., None]
    pixels += rng.normal(0, rng.uniform(0, 10), pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), [box for _, box in placed]


def intersection_over_union(one: Box, other: Box) -> float:
    """How much of what two boxes cover they both cover, 0 to 1."""
    wide = min(one.right, other.right) - max(one.left, other.left)
    tall = min(one.bottom, other.bottom) - max(one.top, other.top)
    shared = max(wide, 0) * max(tall, 0)
    areas = sum((box.right - box.left) * (box.bottom - box.top) for box in (one, other))
    return float(shared / (areas - shared))


def _scene(rng: np.random.Generator, side: int) -> Image.Image:
    """Shapes of all sizes and colours, and words that are no plates."""
    scene = Image.new("RGB", (side, side), _colour(rng))
    pen = ImageDraw.Draw(scene)
    for _ in range(int(rng.integers(8, 25))):
        left, top = rng.uniform(-0.2, 1, 2) * side
        right, bottom = left + rng.uniform(0.03, 0.6) * side, top + rng.uniform(0.03, 0.6) * side
        draw = (pen.rectangle, pen.ellipse)[int(rng.integers(2))]
        draw((left, top, right, bottom), fill=_colour(rng))
    for _ in range(int(rng.integers(0, 4))):
        word = "".join(rng.choice(_LETTERS, 5))
        font = ImageFont.load_default(rng.uniform(0.03, 0.12) * side)
        pen.text(tuple(rng.uniform(0, 0.8, 2) * side), word, fill=_colour(rng), font=font)
    return scene


def _corners(rng: np.random.Generator, side: int) -> np.ndarray:
    """Where a plate's corners are, from the upper left clockwise: [4, 2]."""
    wide = rng.uniform(0.16, 0.5) * side
    tall = wide * _TALL / _WIDE * rng.uniform(0.9, 1.4)
    angle = np.deg2rad(rng.uniform(-12, 12))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [wide / 2, tall / 2]
    # Seen from the side, one end is nearer.
    corners[:, 1] *= 1 + rng.uniform(-0.2, 0.2) * np.sign(corners[:, 0])
    corners = corners @ turn
    reach = np.abs(corners).max(axis=0) + 2
    moved: np.ndarray = corners + rng.uniform(reach, side - reach)
    return moved


def _car(scene: Image.Image, rng: np.random.Generator, box: Box) -> None:
    """The car's back around a plate."""
    wide, tall = box.right - box.left, box.bottom - box.top
    grown = (
        box.left - rng.uniform(0.2, 1) * wide,
        box.top - rng.uniform(0.5, 3) * tall,
        box.right + rng.uniform(0.2, 1) * wide,
        box.bottom + rng.uniform(0.3, 1.5) * tall,
    )
    pen = ImageDraw.Draw(scene)
    pen.rounded_rectangle(grown, tall * 0.6, fill=_colour(rng))
    for left in (grown[0] + 0.05 * wide, grown[2] - 0.3 * wide):
        pen.ellipse((left, grown[1], left + 0.25 * wide, grown[1] + 0.5 * tall), fill=(200, 30, 30))


def _plate(rng: np.random.Generator) -> Image.Image:
    paper, ink = _PAINTS[int(rng.choice(3, p=[0.6, 0.25, 0.15]))]
    plate = Image.new("RGBA", (_WIDE, _TALL), (*ink, 255))
    pen = ImageDraw.Draw(plate)
    pen.rectangle((2, 2, _WIDE - 3, _TALL - 3), fill=paper)
    if rng.random() < 0.5:
        pen.rectangle((2, 2, 16, _TALL - 3), fill=(20, 60, 170))
    text = "".join([*rng.choice(_LETTERS, 2), " ", *rng.choice(_LETTERS, 2), " ", *rng.choice(_DIGITS, 3)])
    middle = (_WIDE / 2 + 6, _TALL / 2)
    pen.text(middle, text, fill=ink, font=ImageFont.load_default(33), anchor="mm", stroke_width=1)
    return plate


def _perspective(places: np.ndarray, origins: np.ndarray) -> list[float]:
    """Pillow's eight numbers that fetch each place's pixel from its origin."""
    rows, values = [], []
    for (x, y), (u, v) in zip(places, origins, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows, dtype=float), np.array(values))]


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in rng.integers(20, 240, 3))
    return red, green, blue
