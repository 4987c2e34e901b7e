"""Secrets that a spec names, as folders of files: a file a key."""

from collections.abc import Mapping
from pathlib import Path

from modelyard_cli.errors import CliError


def folders(given: tuple[str, ...]) -> dict[str, Path]:
    """The folders of `NAME=FOLDER`.

    Raises:
        CliError: One is not of that form, or there is no such folder.
    """
    found = {}
    for each in given:
        name, equals, folder = each.partition("=")
        if not equals or not name:
            raise CliError(f"--secret {each}: write NAME=FOLDER, as in --secret artifact-store=./keys")
        if not Path(folder).is_dir():
            raise CliError(f"--secret {each}: there is no folder {folder}; it holds a file for each key")
        found[name] = Path(folder).resolve()
    return found


def content(folder: Path) -> dict[str, str]:
    """The keys of a Secret and their values, without the line's end that editors leave.

    Raises:
        CliError: A file can't be read, or is no text.
    """
    return {file.name: _text(file).removesuffix("\n") for file in sorted(folder.iterdir()) if file.is_file()}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CliError(f"--secret: {file} is no text in UTF-8; keep one value in it, as text") from None
    except OSError as error:
        raise CliError(f"--secret: {file} can't be read: {error.strerror}") from None


def needed(secrets: Mapping[str, Path], name: str, field: str) -> Path:
    """The folder of a Secret that the server cannot be without.

    Raises:
        CliError: It was not given.
    """
    if name not in secrets:
        raise CliError(f"{field} names Secret {name}: give its keys as files, --secret {name}=FOLDER")
    return secrets[name]


def told_here(message: str, name: str | None, secrets: Mapping[str, Path]) -> str:
    """A message about a source; where it asks for keys of a Secret, with what takes their place here.

    Args:
        message: The server's, in words for a cluster.
        name: The Secret that the spec names for the source; None: none.
        secrets: The folders that were given.
    """
    if "Secret" not in message:
        return message
    where, mend = "variables of this shell", "export them"
    if name is not None and name in secrets:
        where, mend = f"the files of {secrets[name]}", "put them there"
    elif name is not None:
        mend = f"export them, give a file for each by --secret {name}=FOLDER"
    here = f"Here the Secret's keys are {where}: {mend}, or serve a copy of the model by --model FOLDER"
    return f"{message} {here}"
