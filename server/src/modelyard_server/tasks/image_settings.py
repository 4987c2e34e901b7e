"""How an artifact's pictures become tensors.

`modelyard.json` (`image`) comes first, then `preprocessor_config.json`, then what Ultralytics' classifiers
are trained with, then a default that is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.huggingface import PREPROCESSOR_FILE
from modelyard_server.artifact.image_section import (
    Channels,
    ImageSection,
    Interpolation,
    Layout,
    Resize,
)
from modelyard_server.artifact.preprocessor import read_preprocessor
from modelyard_server.artifact.ultralytics import CLASSIFY
from modelyard_server.engines.base import Array, Signature, TensorSpec
from modelyard_server.report import not_a_model
from modelyard_server.tasks.image_processors import Processor, read_processor
from modelyard_server.tasks.pictures.decode import Decoder, Mode, Size
from modelyard_server.tasks.pictures.formats import PictureError
from modelyard_server.tasks.pictures.geometry import (
    AsItIs,
    Inside,
    Resizing,
    ShorterSide,
    Stretch,
    centred,
)
from modelyard_server.tasks.pictures.tensors import Numbers, pixels_of

Declared = tuple[int | None, int | None]
"""Width and height as a model's input says them; None: it takes any."""

_DTYPES: Final = (np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.uint8))
_RESAMPLINGS: Final = {one: Image.Resampling[one.name] for one in Interpolation}
_IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
_IMAGENET_STD: Final = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """How pictures become tensors.

    Attributes:
        input: Name of the model's input.
        size: Width and height of the model's picture.
        resizing: What a picture is resized to; the middle of that is taken, or bars are put around it.
        exact: Whether pictures must have the model's size already.
        resample: How pixels between pixels are found.
        fill: Brightness of bars.
        mode: Pillow's mode of the model's picture.
        numbers: How pixels become numbers.
    """

    input: str
    size: Size
    resizing: Resizing
    exact: bool
    resample: Image.Resampling
    fill: int
    mode: Mode
    numbers: Numbers


class PictureEncoder:
    """Makes tensors from pictures; used from several threads at once.

    Args:
        settings: How.
        max_pixels: Most pixels of a picture.
    """

    def __init__(self, settings: ImageSettings, max_pixels: int) -> None:
        self.settings = settings
        self._decoder = Decoder(settings.mode, max_pixels, settings.resizing, settings.size)

    def encode(self, content: bytes) -> Array:
        """The pixels of one picture, in the model's size; `settings.numbers` makes its tensor of them.

        Raises:
            PictureError: It can't be decoded, or has another size than a model takes that resizes none.
        """
        settings = self.settings
        decoded = self._decoder.decode(content)
        image = decoded.image
        size = settings.resizing((decoded.width, decoded.height))
        if settings.exact and size != settings.size:
            raise PictureError(
                f"the picture has {size[0]} x {size[1]} pixels, the model takes {settings.size[0]} x "
                f"{settings.size[1]} and resizes nothing"
            )
        if image.size != size:
            image = image.resize(size, settings.resample)
        return pixels_of(centred(image, settings.size, settings.fill))


def image_settings(artifact: Artifact, signature: Signature) -> ImageSettings:
    """Read them, and check that they fit the model.

    Raises:
        SourceError: NotAModel: the model takes no pictures, or others than its files say.
        HuggingFaceFileError: `preprocessor_config.json` can't be used.
    """
    spec = _picture_input(artifact, signature.inputs)
    section = artifact.manifest.image or ImageSection()
    layout, channels, declared = _shape(artifact, spec, section)
    processor = _processor(artifact, signature)
    size = _size(artifact, spec, section, processor, declared)
    resizing = _resizing(section, processor, size)
    return ImageSettings(
        input=spec.name,
        size=size,
        resizing=resizing,
        exact=isinstance(resizing, AsItIs) and processor.size is None,
        resample=_RESAMPLINGS[section.interpolation] if section.interpolation else processor.resample,
        fill=section.fill,
        mode="L" if channels == 1 else "RGB",
        numbers=_numbers(artifact, spec, section, processor, layout=layout, channels=channels),
    )


def _picture_input(artifact: Artifact, inputs: Sequence[TensorSpec]) -> TensorSpec:
    spec = inputs[0]
    if len(inputs) != 1 or len(spec.shape) != 4 or spec.dtype not in _DTYPES:
        described = ", ".join(f"{one.name} {one.dtype} {list(one.shape)}" for one in inputs)
        raise not_a_model(
            f"{artifact.model_file}: the model takes no pictures: its inputs are {described}, and one of 4 "
            "dimensions of float32, float16 or uint8 is expected; set spec.model.task if it is a model of "
            "another task"
        )
    return spec


def _shape(artifact: Artifact, spec: TensorSpec, section: ImageSection) -> tuple[Layout, int, Declared]:
    """Layout, channels, and width and height where the model's input says them."""
    _, second, third, last = spec.shape
    layout = section.layout or (Layout.NHWC if last in {1, 3} and second not in {1, 3} else Layout.NCHW)
    found, height, width = (second, third, last) if layout is Layout.NCHW else (last, second, third)
    said = None if section.channels is None else 1 if section.channels is Channels.GRAY else 3
    channels = found or said or 3
    if channels not in {1, 3} or said not in {None, channels}:
        raise not_a_model(
            f"{artifact.model_file}: the input {spec.name!r} of shape {list(spec.shape)} has {channels} "
            f"channels as {layout.value}; pictures have 1 (gray) or 3: correct image.channels and "
            "image.layout in modelyard.json"
        )
    return layout, channels, (width, height)


def _processor(artifact: Artifact, signature: Signature) -> Processor:
    """What the artifact's own files say; defaults where they say nothing."""
    config = read_preprocessor(artifact.place(PREPROCESSOR_FILE))
    if config is not None:
        return read_processor(config)
    # Ultralytics trains its classifiers on values of 0 to 1, and says so nowhere.
    if artifact.manifest.image is not None or signature.metadata.get("task") == CLASSIFY:
        return Processor(None, None, Image.Resampling.BILINEAR, 1 / 255, 0.0, (0.0,), (1.0,), reversed=False)
    artifact.assumed.append(
        "image: the shorter side is resized to the model's and the middle taken, values of 0 to 1 are "
        "normalized with ImageNet's mean and deviation; no preprocessor_config.json or modelyard.json "
        "(image) says otherwise"
    )
    return Processor(
        None, None, Image.Resampling.BILINEAR, 1 / 255, 0.0, _IMAGENET_MEAN, _IMAGENET_STD, reversed=False
    )


def _size(
    artifact: Artifact, spec: TensorSpec, section: ImageSection, processor: Processor, declared: Declared
) -> Size:
    if section.size is not None:
        sides = section.size if isinstance(section.size, tuple) else (section.size, section.size)
        size: Size | None = (sides[1], sides[0])
    elif processor.size is not None:
        size = processor.size
    else:
        size = processor.resizing.size if isinstance(processor.resizing, Stretch) else None
    width, height = (
        side if side is not None else size[axis] if size else None for axis, side in enumerate(declared)
    )
    if width is None or height is None:
        raise not_a_model(
            f"{artifact.model_file}: nothing says how large a picture the model takes: its input "
            f"{spec.name!r} is of shape {list(spec.shape)}; say it in modelyard.json: "
            '{"image": {"size": 224}}'
        )
    if size is not None and size != (width, height):
        raise not_a_model(
            f"{artifact.model_file}: the model takes pictures of {width} x {height} pixels, and its files "
            f"make them {size[0]} x {size[1]}: correct preprocessor_config.json (size, crop_size) or "
            "modelyard.json (image.size)"
        )
    return width, height


def _resizing(section: ImageSection, processor: Processor, size: Size) -> Resizing:
    if section.resize is None and processor.resizing is not None:
        return processor.resizing
    shorter = ShorterSide(section.resize_to or max(size))
    by_mode: dict[Resize | None, Resizing] = {
        Resize.STRETCH: Stretch(size),
        Resize.PAD: Inside(size),
        Resize.NONE: AsItIs(),
    }
    return by_mode.get(section.resize, shorter)


def _numbers(
    artifact: Artifact,
    spec: TensorSpec,
    section: ImageSection,
    processor: Processor,
    *,
    layout: Layout,
    channels: int,
) -> Numbers:
    if spec.dtype == np.uint8:
        if section.scale is not None or section.mean is not None or section.std is not None:
            raise not_a_model(
                f"{artifact.model_file}: the input {spec.name!r} takes whole numbers of 0 to 255, so nothing "
                "can be scaled: remove image.scale, image.mean and image.std from modelyard.json"
            )
        gain, bias = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    else:
        scale = section.scale if section.scale is not None else processor.scale
        mean = np.broadcast_to(_for(channels, section.mean or processor.mean), channels)
        std = np.broadcast_to(_for(channels, section.std or processor.std), channels)
        gain = (scale / std).astype(np.float32)
        bias = ((processor.offset - mean) / std).astype(np.float32)
    return Numbers(
        dtype=spec.dtype,
        channels_first=layout is Layout.NCHW,
        reversed=section.channels is Channels.BGR if section.channels else processor.reversed,
        gain=gain,
        bias=bias,
    )


def _for(channels: int, values: Sequence[float]) -> Array:
    """The values of as many channels; a gray model takes the first of three."""
    return np.asarray(values[:1] if channels == 1 else values, dtype=np.float64)
