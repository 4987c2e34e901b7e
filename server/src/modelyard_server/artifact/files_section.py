"""The `files` of `modelyard.json`: one model in several forms, by engine and precision."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated, Final

from pydantic import AfterValidator, Field, RootModel, StringConstraints

MODEL_SUFFIXES: Final = (".onnx", ".xml")
"""Of a model's files: ONNX, and OpenVINO's IR, whose weights are in a `.bin` beside it."""


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or pure.suffix not in MODEL_SUFFIXES:
        raise ValueError("must be a relative path of an .onnx or .xml file inside the artifact")
    return str(pure)


ModelPath = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_inside)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]


_Forms = Annotated[dict[Name, ModelPath], Field(min_length=1, max_length=16)]


class ModelFiles(RootModel[Annotated[dict[Name, _Forms], Field(min_length=1, max_length=8)]]):
    """Engine -> precision -> file. An engine runs its first unless tuning found a better one."""

    def entries(self, precision: str | None = None) -> Iterator[tuple[str, str, str]]:
        """Yield (engine, precision, file) as they are written; of one precision alone, if it is named."""
        for engine, forms in self.root.items():
            for name, file in forms.items():
                if precision in {None, name}:
                    yield engine, name, file

    def listed(self, precision: str | None = None) -> list[str]:
        """The files, each once."""
        return list(dict.fromkeys(file for _, _, file in self.entries(precision)))

    def first(self, precision: str | None = None) -> str:
        """The file to run where nothing else says: the first ONNX file, which every image can run."""
        files = self.listed(precision)
        return next((file for file in files if file.endswith(".onnx")), files[0])

    @property
    def precisions(self) -> set[str]:
        """Every precision that some engine has."""
        return {name for forms in self.root.values() for name in forms}
