"""Draws road signs: shapes and colours of the Vienna Convention, simplified, in a square of side 1."""

from collections.abc import Callable, Sequence
from functools import partial
from math import cos, pi, sin

from PIL import Image, ImageDraw, ImageFont

RED, BLUE, YELLOW = (190, 22, 34), (16, 76, 156), (245, 190, 20)
WHITE, BLACK = (240, 240, 238), (24, 24, 26)
Colour = tuple[int, int, int]
Points = Sequence[tuple[float, float]]


class Pen:
    """Draws into a transparent square by parts of its side.

    Args:
        side: Pixels of the side.
    """

    def __init__(self, side: int) -> None:
        self.image = Image.new("RGBA", (side, side))
        self._side = side
        self._draw = ImageDraw.Draw(self.image)

    def disc(self, radius: float, colour: Colour) -> None:
        """A disc about the middle."""
        ends = ((0.5 - radius) * self._side, (0.5 + radius) * self._side)
        self._draw.ellipse((ends[0], ends[0], ends[1], ends[1]), fill=colour)

    def polygon(self, points: Points, colour: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * self._side, y * self._side) for x, y in points], fill=colour)

    def regular(self, corners: int, radius: float, turn: float, colour: Colour, down: float = 0.0) -> None:
        """A regular polygon; `turn` in degrees from a corner at the right, `down` moves its middle."""
        angles = [turn * pi / 180 + 2 * pi * corner / corners for corner in range(corners)]
        self.polygon([(0.5 + radius * cos(a), 0.5 + down + radius * sin(a)) for a in angles], colour)

    def bar(self, box: tuple[float, float, float, float], colour: Colour) -> None:
        """A rectangle by left, top, right and bottom."""
        left, top, right, bottom = box
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def line(self, points: Points, width: float, colour: Colour) -> None:
        """A line through points."""
        scaled = [(x * self._side, y * self._side) for x, y in points]
        self._draw.line(scaled, fill=colour, width=round(width * self._side), joint="curve")

    def arc(self, radius: float, start: float, end: float, width: float, colour: Colour) -> None:
        """A part of a ring about the middle, by degrees."""
        ends = ((0.5 - radius) * self._side, (0.5 + radius) * self._side)
        box = (ends[0], ends[0], ends[1], ends[1])
        self._draw.arc(box, start, end, fill=colour, width=round(width * self._side))

    def text(self, text: str, height: float, colour: Colour, down: float = 0.0) -> None:
        """A word about the middle; `height` is the font's size."""
        font = ImageFont.load_default(height * self._side)
        place = (0.5 * self._side, (0.5 + down) * self._side)
        self._draw.text(place, text, fill=colour, font=font, anchor="mm", stroke_width=0.012 * self._side)


def _stop(pen: Pen) -> None:
    pen.regular(8, 0.5, 22.5, WHITE)
    pen.regular(8, 0.47, 22.5, RED)
    pen.text("STOP", 0.29, WHITE)


def _yield(pen: Pen) -> None:
    pen.regular(3, 0.55, 90, RED, -0.1)
    pen.regular(3, 0.34, 90, WHITE, -0.1)


def _priority_road(pen: Pen) -> None:
    pen.regular(4, 0.5, 0, WHITE)
    pen.regular(4, 0.37, 0, YELLOW)


def _no_entry(pen: Pen) -> None:
    pen.disc(0.49, RED)
    pen.bar((0.16, 0.41, 0.84, 0.59), WHITE)


def _ring(pen: Pen) -> None:
    pen.disc(0.49, RED)
    pen.disc(0.38, WHITE)


def _speed(pen: Pen, limit: str) -> None:
    _ring(pen)
    pen.text(limit, 0.42 if len(limit) == 2 else 0.31, BLACK)


def _end_of_limits(pen: Pen) -> None:
    pen.disc(0.49, BLACK)
    pen.disc(0.47, WHITE)
    for shift in (-0.11, -0.04, 0.03, 0.1):
        pen.line([(0.24 + shift, 0.8 + shift / 2), (0.76 + shift, 0.2 + shift / 2)], 0.03, BLACK)


def _warning(pen: Pen) -> None:
    pen.regular(3, 0.55, -90, RED, 0.1)
    pen.regular(3, 0.37, -90, WHITE, 0.1)


def _danger(pen: Pen) -> None:
    _warning(pen)
    pen.text("!", 0.45, BLACK, 0.1)


def _crossroads(pen: Pen) -> None:
    _warning(pen)
    pen.line([(0.39, 0.48), (0.61, 0.7)], 0.06, BLACK)
    pen.line([(0.61, 0.48), (0.39, 0.7)], 0.06, BLACK)


def _bumps(pen: Pen) -> None:
    _warning(pen)
    pen.bar((0.33, 0.66, 0.67, 0.71), BLACK)
    pen.polygon([(0.35, 0.68), (0.42, 0.56), (0.49, 0.68)], BLACK)
    pen.polygon([(0.51, 0.68), (0.58, 0.56), (0.65, 0.68)], BLACK)


def _arrow(pen: Pen, points: Points, head: Points) -> None:
    pen.disc(0.49, WHITE)
    pen.disc(0.47, BLUE)
    pen.line(points, 0.1, WHITE)
    pen.polygon(head, WHITE)


def _roundabout(pen: Pen) -> None:
    pen.disc(0.49, WHITE)
    pen.disc(0.47, BLUE)
    for start in (0, 120, 240):
        pen.arc(0.31, start, start + 80, 0.08, WHITE)
        end = (start + 100) * pi / 180
        first = (start + 78) * pi / 180
        pen.polygon(
            [
                (0.5 + 0.37 * cos(first), 0.5 + 0.37 * sin(first)),
                (0.5 + 0.17 * cos(first), 0.5 + 0.17 * sin(first)),
                (0.5 + 0.27 * cos(end), 0.5 + 0.27 * sin(end)),
            ],
            WHITE,
        )


def _plate(pen: Pen, letter: str) -> None:
    pen.bar((0.03, 0.03, 0.97, 0.97), WHITE)
    pen.bar((0.05, 0.05, 0.95, 0.95), BLUE)
    pen.text(letter, 0.7, WHITE)


SIGNS: dict[str, Callable[[Pen], None]] = {
    "bumps": _bumps,
    "crossroads": _crossroads,
    "danger": _danger,
    "end of limits": _end_of_limits,
    "hospital": partial(_plate, letter="H"),
    "no entry": _no_entry,
    "no vehicles": _ring,
    "parking": partial(_plate, letter="P"),
    "priority road": _priority_road,
    "roundabout": _roundabout,
    "speed limit 30": partial(_speed, limit="30"),
    "speed limit 50": partial(_speed, limit="50"),
    "speed limit 70": partial(_speed, limit="70"),
    "speed limit 80": partial(_speed, limit="80"),
    "speed limit 120": partial(_speed, limit="120"),
    "stop": _stop,
    "straight ahead": partial(
        _arrow, points=[(0.5, 0.84), (0.5, 0.36)], head=[(0.33, 0.4), (0.67, 0.4), (0.5, 0.14)]
    ),
    "turn left": partial(
        _arrow,
        points=[(0.66, 0.8), (0.66, 0.45), (0.36, 0.45)],
        head=[(0.4, 0.28), (0.4, 0.62), (0.14, 0.45)],
    ),
    "turn right": partial(
        _arrow,
        points=[(0.34, 0.8), (0.34, 0.45), (0.64, 0.45)],
        head=[(0.6, 0.28), (0.6, 0.62), (0.86, 0.45)],
    ),
    "yield": _yield,
}
"""What each label looks like, by label."""


def sign(label: str, side: int) -> Image.Image:
    """A sign as a transparent square."""
    pen = Pen(side)
    SIGNS[label](pen)
    return pen.image
