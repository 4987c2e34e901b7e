"""Sizes and places: what a picture is resized to, and where it then stands in the model's frame."""

from dataclasses import dataclass

from PIL import Image

from modelyard_server.tasks.pictures.decode import Size


@dataclass(frozen=True, slots=True)
class Stretch:
    """To one size, whatever the shape.

    Attributes:
        size: Width and height.
    """

    size: Size

    def __call__(self, size: Size) -> Size:  # noqa: ARG002 - every picture gets one size
        """The size that a picture of some size gets."""
        return self.size


@dataclass(frozen=True, slots=True)
class ShorterSide:
    """The shorter side to some pixels, the longer in proportion, rounded down as transformers does.

    Attributes:
        pixels: Of the shorter side.
    """

    pixels: int

    def __call__(self, size: Size) -> Size:
        """The size that a picture of some size gets."""
        width, height = size
        if width <= height:
            return self.pixels, max(int(self.pixels * height / width), 1)
        return max(int(self.pixels * width / height), 1), self.pixels


@dataclass(frozen=True, slots=True)
class Inside:
    """As large as fits into a frame; each side is rounded to whole pixels by itself.

    Attributes:
        size: Width and height of the frame.
    """

    size: Size

    def __call__(self, size: Size) -> Size:
        """The size that a picture of some size gets."""
        gain = min(self.size[0] / size[0], self.size[1] / size[1])
        return max(round(size[0] * gain), 1), max(round(size[1] * gain), 1)


@dataclass(frozen=True, slots=True)
class AsItIs:
    """No resizing."""

    def __call__(self, size: Size) -> Size:
        """The size itself."""
        return size


Resizing = Stretch | ShorterSide | Inside | AsItIs


def centred(image: Image.Image, size: Size, fill: int) -> Image.Image:
    """Put a picture into the middle of a frame: what is over is cut off, what is missing is filled.

    Args:
        image: The picture, `RGB` or `L`.
        size: Width and height of the frame.
        fill: Brightness around the picture, 0 to 255.
    """
    if image.size == size:
        return image
    left, top = margins(image.size, size)
    if left <= 0 and top <= 0:
        return image.crop((-left, -top, -left + size[0], -top + size[1]))
    frame = Image.new(image.mode, size, fill if image.mode == "L" else (fill, fill, fill))
    frame.paste(image, (left, top))
    return frame


def margins(size: Size, frame: Size) -> tuple[int, int]:
    """Pixels at the left and at the top of a picture in the middle of a frame; negative: cut off."""
    left, top = frame[0] - size[0], frame[1] - size[1]
    # A half pixel goes to the right and to the bottom in frames, and of a crop the same.
    return (left // 2 if left >= 0 else -(-left // 2), top // 2 if top >= 0 else -(-top // 2))
