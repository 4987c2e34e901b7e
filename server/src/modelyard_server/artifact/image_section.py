"""`image` in `modelyard.json`: how pictures become the tensors that a model takes."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Side = Annotated[int, Field(ge=1, le=8192)]


class Resize(StrEnum):
    """How a picture of any shape gets the model's."""

    STRETCH = "stretch"
    CROP = "crop"
    PAD = "pad"
    NONE = "none"


class Interpolation(StrEnum):
    """How pixels between pixels are found."""

    NEAREST = "nearest"
    BOX = "box"
    BILINEAR = "bilinear"
    HAMMING = "hamming"
    BICUBIC = "bicubic"
    LANCZOS = "lanczos"


class Channels(StrEnum):
    """Which channels a model takes, in order."""

    RGB = "RGB"
    BGR = "BGR"
    GRAY = "gray"


class Layout(StrEnum):
    """The order of a tensor's dimensions."""

    NCHW = "NCHW"
    NHWC = "NHWC"


def _one_or_each(values: list[float]) -> list[float]:
    if len(values) not in {1, 3}:
        raise ValueError("give one number for all channels, or three")
    return values


def _not_zero(values: list[float]) -> list[float]:
    if any(value == 0 for value in values):
        raise ValueError("must not be 0: the pixels are divided by it")
    return values


PerChannel = Annotated[list[float], AfterValidator(_one_or_each)]
Divisors = Annotated[PerChannel, AfterValidator(_not_zero)]


class ImageSection(BaseModel):
    """How pictures become tensors: (value x scale - mean) / std, after resizing."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, title="image", validate_by_name=False
    )

    size: Side | tuple[Side, Side] | None = Field(
        None,
        description="The model's picture: pixels of a side, or [height, width]; left out, the model's input "
        "tells.",
    )
    resize: Resize | None = Field(
        None,
        description="`stretch`: to the size, whatever the shape; `crop`: the shorter side to `resizeTo`, "
        "then the middle; `pad`: the whole picture, with bars of `fill`; `none`: pictures have the size "
        "already.",
    )
    resize_to: Side | None = Field(
        None, description="With `crop`: pixels of the shorter side before the middle is taken; default: size."
    )
    interpolation: Interpolation | None = Field(None, description="Default: bilinear.")
    fill: int = Field(0, ge=0, le=255, description="With `pad`: the bars' brightness.")
    channels: Channels | None = Field(
        None, description="Default: RGB, or gray where the model takes one channel."
    )
    layout: Layout | None = Field(None, description="Default: as the shape of the model's input tells.")
    scale: float | None = Field(
        None,
        gt=0,
        description="What pixels of 0 to 255 are multiplied by; default: 1/255, or 1 where the model takes "
        "whole numbers.",
    )
    mean: PerChannel | None = Field(
        None, description="Taken from scaled pixels, by channel in the model's order; default: none."
    )
    std: Divisors | None = Field(None, description="Then divided by, by channel; default: 1.")
