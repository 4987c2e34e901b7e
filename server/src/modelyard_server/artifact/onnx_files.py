"""Which file of an artifact is the model: one rule for `resolve`, `fetch` and `serve`."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from modelyard_server.artifact.files_section import ModelFiles
from modelyard_server.report import not_a_model

AUTO: Final = "auto"
"""The variant that lets the artifact decide."""

_USUAL: Final = ("onnx/model.onnx", "model.onnx")
_USUAL_IR: Final = ("openvino/openvino_model.xml", "openvino_model.xml", "model.xml")
_EXTERNAL_DATA_SUFFIXES: Final = ("_data", ".data")
_SHOWN: Final = 8


def choose_onnx(
    names: Sequence[str], variant: str = AUTO, declared: str | None = None, files: ModelFiles | None = None
) -> str:
    """Choose the file to serve.

    A named variant comes first (the user wrote it in the resource), then the file that `modelyard.json`
    declares, then the first ONNX file of its `files`, then the usual names (`onnx/model.onnx`,
    `model.onnx`), then the only ONNX file there is. Without any ONNX file, OpenVINO's IR (`.xml` and `.bin`)
    is chosen alike.

    Args:
        names: Paths of the artifact's files, relative to its root, with `/`.
        variant: `auto`, a precision of `files`, a variant such as `quantized` (`onnx/model_quantized.onnx`),
            or the path of a file.
        declared: The file that the artifact's `modelyard.json` names, relative to the root.
        files: The forms that it lists.

    Returns:
        One of `names`.

    Raises:
        SourceError: NotAModel, permanent: no model's file, several and none of them the obvious one, or the
            wanted one is missing. The message lists what is there.
    """
    onnx = sorted(name for name in names if name.endswith(".onnx"))
    available = onnx + _ir_files(names)
    if not available:
        raise not_a_model(
            f"The source holds no ONNX file; it holds {listing(names)}. Export the model to ONNX "
            "(for instance with optimum-cli export onnx) and put model.onnx beside the other files."
        )
    if variant != AUTO:
        if files is not None and variant in files.precisions:
            return _declared(available, files.first(variant))
        return _named_variant(available, variant)
    if declared is None and files is not None:
        declared = files.first()
    if declared is not None:
        return _declared(available, declared)
    for usual in _USUAL if onnx else _USUAL_IR:
        if usual in available:
            return usual
    if len(onnx or available) == 1:
        return available[0]
    raise not_a_model(
        f"The source holds {len(available)} ONNX files and none is model.onnx: {listing(available)}. "
        "Say which to serve in spec.model.variant, or in modelyard.json."
    )


def listed_files(names: Sequence[str], variant: str, files: ModelFiles) -> list[str]:
    """The forms to keep at hand of those that `modelyard.json` lists: all, or those of a named precision.

    Raises:
        SourceError: NotAModel: the source lacks one of them.
    """
    if variant != AUTO and variant not in files.precisions:
        return []
    available = sorted(name for name in names if name.endswith(".onnx")) + _ir_files(names)
    return [_declared(available, name) for name in files.listed(None if variant == AUTO else variant)]


def external_data(names: Sequence[str], onnx_file: str) -> list[str]:
    """Find the files with the weights that a model's file keeps outside itself.

    ONNX stores tensors beyond 2 GiB (and, on demand, smaller ones) in files of their own; exporters call
    them `model.onnx_data`, `model.onnx_data_1` or `model.onnx.data`
    (https://onnx.ai/onnx/repo-docs/ExternalData.html). OpenVINO's `model.xml` has all of them in `model.bin`.

    Args:
        names: Paths of the artifact's files, relative to its root.
        onnx_file: The chosen file, one of `names`.

    Returns:
        The files of `names` that belong to it, sorted.
    """
    if onnx_file.endswith(".xml"):
        return sorted({_weights(onnx_file)} & set(names))
    prefixes = tuple(onnx_file + suffix for suffix in _EXTERNAL_DATA_SUFFIXES)
    return sorted(name for name in names if name.startswith(prefixes))


def listing(names: Sequence[str]) -> str:
    """Show the first few names for a person, and how many more there are."""
    if not names:
        return "no files"
    shown = ", ".join(sorted(names)[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _weights(ir_file: str) -> str:
    return str(PurePosixPath(ir_file).with_suffix(".bin"))


def _ir_files(names: Sequence[str]) -> list[str]:
    present = set(names)
    return sorted(name for name in names if name.endswith(".xml") and _weights(name) in present)


def _declared(available: Sequence[str], declared: str) -> str:
    wanted = str(PurePosixPath(declared))
    if wanted not in available:
        raise not_a_model(
            f"modelyard.json names the file {declared!r}, which the source does not hold; its ONNX files "
            f"are {listing(available)}. Correct modelyard.json or add the file."
        )
    return wanted


def _named_variant(available: Sequence[str], variant: str) -> str:
    candidates = (
        f"onnx/model_{variant}.onnx",
        f"model_{variant}.onnx",
        f"onnx/{variant}.onnx",
        f"{variant}.onnx",
        variant,
    )
    for candidate in candidates:
        if candidate in available:
            return candidate
    raise not_a_model(
        f"The source holds no ONNX file for variant {variant!r} (looked for {candidates[0]} and "
        f"{candidates[1]}); its ONNX files are {listing(available)}. Choose one of them in "
        "spec.model.variant."
    )
