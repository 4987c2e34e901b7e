"""What an artifact is: which file is the model, and what its small files say of it.

Precedence, for every setting: the resource (`spec.model`), then `modelyard.json`, then the artifact's own
files, then a default, which is logged at load.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from modelyard_server import contract
from modelyard_server.artifact.huggingface import HuggingFaceFileError, HuggingFaceFiles, nearest, read_files
from modelyard_server.artifact.manifest import Manifest, ManifestError, read_manifest
from modelyard_server.artifact.onnx_files import choose_onnx, listing
from modelyard_server.report import SourceError, not_a_model


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a directory holds; each task reads from it what it needs.

    Attributes:
        directory: Where its files are.
        names: Their names, relative to the directory.
        task: The task that the resource or `modelyard.json` names; None: neither does.
        model_file: The ONNX file.
        variant: Which of the artifact's variants that is, by its file's name; `default` for `model.onnx`.
        manifest: `modelyard.json`.
        files: Hugging Face's files.
        assumed: What nothing said and was therefore assumed, one sentence each, for the log.
    """

    directory: Path
    names: tuple[str, ...]
    task: str | None
    model_file: Path
    variant: str
    manifest: Manifest
    files: HuggingFaceFiles
    assumed: list[str] = field(default_factory=list)

    def place(self, name: str) -> Path:
        """Where one of Hugging Face's small files is, or would be."""
        return _place(self.directory, self.names, self.model_file, name)


def describe(source: Path, task: str | None = None, variant: str = "auto") -> Artifact:
    """Describe what a directory (or one ONNX file) holds.

    Args:
        source: Directory of the artifact, or its ONNX file.
        task: What the resource says; None: nothing.
        variant: What the resource says; `auto` picks.

    Raises:
        SourceError: NotAModel, naming what was looked for, or NotFound.
    """
    if not source.exists():
        raise SourceError(
            contract.REASON_NOT_FOUND, f"{source}: there is no such file or directory", permanent=True
        )
    directory = source.parent if source.is_file() else source
    names = tuple(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    try:
        manifest = read_manifest(directory)
        model_file = (
            source
            if source.is_file()
            else directory / choose_onnx(names, variant, manifest.file, manifest.files)
        )
        return Artifact(
            directory=directory,
            names=names,
            task=task or manifest.task,
            model_file=model_file,
            variant=variant_of(model_file),
            manifest=manifest,
            files=read_files(partial(_place, directory, names, model_file)),
        )
    except (ManifestError, HuggingFaceFileError) as error:
        raise not_a_model(f"{directory}: {error}. It holds {listing(names)}") from None


def _place(directory: Path, names: Sequence[str], model_file: Path, name: str) -> Path:
    return directory / nearest(names, name, model_file.relative_to(directory).as_posix())


def variant_of(model_file: Path) -> str:
    """The variant that a file's name carries: `int8` of model_int8.onnx, `default` of model.onnx."""
    stem = model_file.stem
    return "default" if stem == "model" else stem.removeprefix("model_")
