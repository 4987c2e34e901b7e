"""Which ONNX file of an artifact is the model: one rule for `resolve`, `fetch` and `serve`."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from modelyard_server.report import not_a_model

AUTO: Final = "auto"
"""The variant that lets the artifact decide."""

_USUAL: Final = ("onnx/model.onnx", "model.onnx")
_EXTERNAL_DATA_SUFFIXES: Final = ("_data", ".data")
_SHOWN: Final = 8


def choose_onnx(names: Sequence[str], variant: str = AUTO, declared: str | None = None) -> str:
    """Choose the ONNX file to serve.

    A named variant comes first (the user wrote it in the resource), then the file that `modelyard.json`
    declares, then the usual names (`onnx/model.onnx`, `model.onnx`), then the only ONNX file there is.

    Args:
        names: Paths of the artifact's files, relative to its root, with `/`.
        variant: `auto`, a variant such as `quantized` (`onnx/model_quantized.onnx`), or the path of a file.
        declared: The file that the artifact's `modelyard.json` names, relative to the root.

    Returns:
        One of `names`.

    Raises:
        SourceError: NotAModel, permanent: no ONNX file, several and none of them the obvious one, or the
            wanted one is missing. The message lists what is there.
    """
    available = sorted(name for name in names if name.endswith(".onnx"))
    if not available:
        raise not_a_model(
            f"The source holds no ONNX file; it holds {listing(names)}. Export the model to ONNX "
            "(for instance with optimum-cli export onnx) and put model.onnx beside the other files."
        )
    if variant != AUTO:
        return _named_variant(available, variant)
    if declared is not None:
        wanted = str(PurePosixPath(declared))
        if wanted not in available:
            raise not_a_model(
                f"modelyard.json names the file {declared!r}, which the source does not hold; its ONNX files "
                f"are {listing(available)}. Correct modelyard.json or add the file."
            )
        return wanted
    for usual in _USUAL:
        if usual in available:
            return usual
    if len(available) == 1:
        return available[0]
    raise not_a_model(
        f"The source holds {len(available)} ONNX files and none is model.onnx: {listing(available)}. "
        "Say which to serve in spec.model.variant, or in modelyard.json."
    )


def external_data(names: Sequence[str], onnx_file: str) -> list[str]:
    """Find the files with the weights that an ONNX file keeps outside itself.

    ONNX stores tensors beyond 2 GiB (and, on demand, smaller ones) in files of their own; exporters call
    them `model.onnx_data`, `model.onnx_data_1` or `model.onnx.data`
    (https://onnx.ai/onnx/repo-docs/ExternalData.html).

    Args:
        names: Paths of the artifact's files, relative to its root.
        onnx_file: The chosen ONNX file, one of `names`.

    Returns:
        The files of `names` that belong to it, sorted.
    """
    prefixes = tuple(onnx_file + suffix for suffix in _EXTERNAL_DATA_SUFFIXES)
    return sorted(name for name in names if name.startswith(prefixes))


def listing(names: Sequence[str]) -> str:
    """Show the first few names for a person, and how many more there are."""
    if not names:
        return "no files"
    shown = ", ".join(sorted(names)[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


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
