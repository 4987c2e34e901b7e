"""Secrets come as folders."""

from pathlib import Path

import pytest

from modelyard_cli.errors import CliError
from modelyard_cli.serving.secrets import content, folders, needed, told_here


def test_a_file_is_a_key(tmp_path: Path) -> None:
    (tmp_path / "AWS_REGION").write_text("here\n")
    given = folders((f"store={tmp_path}",))
    assert content(given["store"]) == {"AWS_REGION": "here"}
    assert needed(given, "store", "spec.model.secretRef") == tmp_path


def test_a_key_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "keystore.jks").write_bytes(b"\xfe\xed\xfe\xed")
    with pytest.raises(CliError, match=r"keystore.jks is no text in UTF-8"):
        content(tmp_path)


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


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        (
            None,
            {},
            "are variables of this shell: export them, or serve a copy of the model by --model FOLDER",
        ),
        (
            "store",
            {"other": Path("/o")},
            "shell: export them, give a file for each by --secret store=FOLDER, or",
        ),
        ("store", {"store": Path("/s")}, "are the files of /s: put them there, or serve a copy"),
    ],
)
def test_what_takes_a_secrets_place_is_told(name: str | None, given: dict[str, Path], says: str) -> None:
    told = told_here("Put HF_TOKEN in the Secret.", name, given)
    assert told.startswith("Put HF_TOKEN in the Secret. Here the Secret's keys ")
    assert says in told


def test_of_a_source_that_wants_no_secret_nothing_more_is_told() -> None:
    assert told_here("Nothing is found.", "store", {}) == "Nothing is found."
