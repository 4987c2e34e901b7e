"""What every engine offers: named tensors in, named tensors out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Tensors = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """An input or output of a model.

    Attributes:
        name: Its name in the model.
        dtype: numpy's data type; object for strings.
        shape: Its dimensions; None for one that is free.
        maps: Whether an output gives a mapping from class to score for each row (ONNX's ZipMap), as an object
            array [batch] of dictionaries.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | None, ...]
    maps: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model says of itself.

    Attributes:
        inputs: What it takes.
        outputs: What it gives.
        metadata: What the exporter wrote into its file.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How an engine is to run.

    Attributes:
        threads: Threads inside one operator.
    """

    threads: int


class Engine(Protocol):
    """A loaded model. `run` blocks and is called from one thread at a time."""

    @property
    def signature(self) -> Signature:
        """What the model says of itself."""

    def run(self, feeds: Tensors) -> dict[str, Array]:
        """Run the model once.

        Args:
            feeds: One array for each input, of its data type and a shape that fits.

        Returns:
            One array for each output.

        Raises:
            EngineError: The engine refused the feeds or failed on them.
        """


class EngineError(Exception):
    """The engine could not load or run a model; the message is the engine's own."""


Opener = Callable[[Path, EngineOptions], Engine]
"""Opens a model's file; raises EngineError."""
