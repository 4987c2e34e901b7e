"""The command line as a person calls it, on small real models."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelyard_cli.main import main
from tests.server.models import text_model

Call = Callable[..., Result]


@pytest.fixture
def call() -> Call:
    """Runs `modelyard ARGUMENTS`."""

    def run(*arguments: object, **environ: str) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environ)

    return run


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A text classifier in float32."""
    return text_model(tmp_path / "model")


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    path = tmp_path / "samples.txt"
    path.write_text("a good film\nboring\nthe film was great\nwhat a bad film\nawesome\n")
    return path
