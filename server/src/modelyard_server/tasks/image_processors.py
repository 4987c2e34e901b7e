"""What transformers' image processors do, read from the `preprocessor_config.json` that they save.

https://huggingface.co/docs/transformers/main_classes/image_processor; each kind's own rules stand in its
`image_processing_*.py`, https://github.com/huggingface/transformers/tree/main/src/transformers/models
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image

from modelyard_server.artifact.huggingface import PREPROCESSOR_FILE, HuggingFaceFileError
from modelyard_server.tasks.pictures.decode import Size
from modelyard_server.tasks.pictures.geometry import AsItIs, Resizing, ShorterSide, Stretch

_SUFFIXES: Final = ("Fast", "Pil", "ImageProcessor", "FeatureExtractor")
# With a plain number as size, these kinds mean the shorter side; the others a square.
_SHORTER: Final = frozenset(
    {
        "Bit",
        "CLIP",
        "ChineseCLIP",
        "ConvNext",
        "Levit",
        "MobileNetV1",
        "MobileNetV2",
        "MobileViT",
        "PoolFormer",
    }
)
# These save a mean that they don't use unless told to.
_NEVER_NORMALIZED: Final = frozenset({"MobileViT"})
_CONVNEXT_CROPS_BELOW: Final = 384
_CROP_PCT: Final = {"ConvNext": 224 / 256, "PoolFormer": 0.9}
_MAX_SIDE: Final = 8192


@dataclass(frozen=True, slots=True)
class Processor:
    """What a processor does with a picture.

    Attributes:
        resizing: How it is resized; None: its shorter side to the model's.
        size: Width and height of the middle that is taken; None: all is.
        resample: How pixels between pixels are found.
        scale: What pixels of 0 to 255 are multiplied by.
        offset: What is added then.
        mean: Taken from that, by channel.
        std: What that is divided by, by channel.
        reversed: Whether channels are blue, green and red.
    """

    resizing: Resizing | None
    size: Size | None
    resample: Image.Resampling
    scale: float
    offset: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    reversed: bool


def read_processor(config: Mapping[str, Any]) -> Processor:
    """Read a `preprocessor_config.json`.

    Raises:
        HuggingFaceFileError: It asks for what is not done here, or a field is not of its kind.
    """
    kind = _kind(config)
    if config.get("do_pad"):
        raise _wrong("do_pad", "padding to a batch's largest picture is not done here")
    resizing, size = _geometry(config, kind)
    normalized = bool(config.get("do_normalize", "image_mean" in config and kind not in _NEVER_NORMALIZED))
    mean = _channels(config, "image_mean") if normalized else (0.0,)
    std = _channels(config, "image_std") if normalized else (1.0,)
    if kind == "EfficientNet" and config.get("include_top", True):
        # Its classifier takes pictures that are divided once more.
        std = tuple(a * b for a, b in zip(std * 3, _channels(config, "image_std"), strict=False))
    return Processor(
        resizing=resizing,
        size=size,
        resample=_resample(config.get("resample", Image.Resampling.BILINEAR)),
        scale=_number(config, "rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1.0,
        offset=-1.0 if config.get("rescale_offset") else 0.0,
        mean=mean,
        std=std,
        reversed=bool(config.get("do_flip_channel_order", False)),
    )


def _geometry(config: Mapping[str, Any], kind: str) -> tuple[Resizing, Size | None]:
    """How a picture is resized, and the middle that is taken then."""
    middle = _square_or_sides(config, "crop_size") if config.get("do_center_crop") else None
    if not config.get("do_resize", True):
        return AsItIs(), middle
    size = config.get("size")
    if kind in _CROP_PCT and (edge := _shorter(size)):
        if kind == "ConvNext" and edge >= _CONVNEXT_CROPS_BELOW:
            return Stretch((edge, edge)), middle
        resized = ShorterSide(int(edge / _number(config, "crop_pct", _CROP_PCT[kind])))
        return resized, middle or (edge, edge)
    if kind == "Levit" and (edge := _shorter(size)):
        return ShorterSide(int(256 / 224 * edge)), middle or (edge, edge)
    if isinstance(size, dict) and "longest_edge" in size:
        raise _wrong("size", "a limit of the longer side (longest_edge) gives pictures of many shapes")
    if (isinstance(size, dict) and "shortest_edge" in size) or (isinstance(size, int) and kind in _SHORTER):
        edge = _shorter(size)
        return ShorterSide(edge), middle or (edge, edge)
    return Stretch(_square_or_sides(config, "size")), middle


def _kind(config: Mapping[str, Any]) -> str:
    name = str(config.get("image_processor_type") or config.get("feature_extractor_type") or "")
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _shorter(size: Any) -> int:
    value = size.get("shortest_edge") if isinstance(size, dict) else size
    return 0 if isinstance(size, dict) and value is None else _side(value, "size")


def _square_or_sides(config: Mapping[str, Any], field: str) -> Size:
    """A size as width and height; the file has one number, two, or height and width by name."""
    value = config.get(field)
    if isinstance(value, dict):
        if "shortest_edge" in value:
            value = value["shortest_edge"]
        else:
            return _side(value.get("width"), field), _side(value.get("height"), field)
    if isinstance(value, list) and len(value) == 2:
        return _side(value[1], field), _side(value[0], field)
    return _side(value, field), _side(value, field)


def _side(value: Any, field: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MAX_SIDE:
        raise _wrong(field, f"{value!r} is no number of pixels")
    return value


def _resample(value: Any) -> Image.Resampling:
    try:
        return Image.Resampling(value)
    except ValueError:
        raise _wrong("resample", f"{value!r} is no resampling of Pillow's") from None


def _number(config: Mapping[str, Any], field: str, default: float) -> float:
    value = config.get(field)
    if value is None:
        return default
    if not isinstance(value, int | float) or not value > 0:
        raise _wrong(field, f"{value!r} is no number above 0")
    return float(value)


def _channels(config: Mapping[str, Any], field: str) -> tuple[float, ...]:
    value: Any = config.get(field)
    values = value if isinstance(value, list) else [value] * 3
    if len(values) not in {1, 3} or not all(isinstance(entry, int | float) for entry in values):
        raise _wrong(field, f"{value!r} is not one number a channel")
    if field == "image_std" and not all(values):
        raise _wrong(field, "a channel can't be divided by 0")
    return tuple(float(entry) for entry in values)


def _wrong(field: str, what: str) -> HuggingFaceFileError:
    return HuggingFaceFileError(
        f"{PREPROCESSOR_FILE}: {field}: {what}; correct it, or say in modelyard.json (image) what is meant"
    )
