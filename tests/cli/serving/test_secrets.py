"""Secrets come as folders."""

from pathlib import Path

import pytest

from modelyard_cli.errors import CliError
from modelyard_cli.serving.secrets import content, folders, needed


def test_a_file_is_a_key(tmp_path: Path) -> None:
    (tmp_path / "AWS_REGION").write_text("here\n")
    given = folders((f"store={tmp_path}",))
    assert content(given["store"]) == {"AWS_REGION": "here"}
    assert needed(given, "store", "spec.model.secretRef") == tmp_path


@pytest.mark.parametrize(
    ("given", "words"),
    [("store", "write NAME=FOLDER"), ("store=/nowhere", "there is no folder /nowhere")],
)
def test_what_is_no_secret_is_refused(given: str, words: str) -> None:
    with pytest.raises(CliError, match=words):
        folders((given,))


def test_a_secret_that_is_needed_is_asked_for() -> None:
    with pytest.raises(
        CliError, match=r"spec.cache.external.secretRef names Secret redis: .*--secret redis=FOLDER"
    ):
        needed({}, "redis", "spec.cache.external.secretRef")
