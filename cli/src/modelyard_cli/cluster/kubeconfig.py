"""The user's kubeconfig: where it is, and whether it is one.

It is looked at before the client reads it, whose errors speak of Python's types and not of the file.
"""

import os
from pathlib import Path
from typing import Any, Final

import yaml

from modelyard_cli.errors import CliError

_SECTIONS: Final = (("clusters", "cluster"), ("contexts", "context"), ("users", "user"))
WRONG: Final = (OSError, ValueError, TypeError, AttributeError)
"""What the client raises, besides its own errors, over values and files that a kubeconfig names."""


def find() -> str:
    """The path of the kubeconfig, or of several, separated as in the variable KUBECONFIG.

    Raises:
        CliError: There is none, or what is there is none.
    """
    # Looked up here: the client does so once, when it is imported.
    files = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    found = [each for each in files.split(os.pathsep) if each and _is_there(Path(each))]
    if not found:
        raise CliError(f"there is no kubeconfig at {files}: name yours in the variable KUBECONFIG")
    return files


def untold(files: str, error: Exception) -> CliError:
    """What to say where a kubeconfig does not lead to a cluster."""
    why = " ".join(str(error).split())
    return CliError(
        f"the cluster can't be told from {files}: {why}; KUBECONFIG names another file, --context one of its "
        "contexts"
    )


def problem(text: bytes) -> str | None:
    """Why a text is no kubeconfig; None: it has the shape of one."""
    try:
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        return f"it is no YAML: {line}{error.problem}"
    except yaml.YAMLError as error:
        return f"it is no YAML: {' '.join(str(error).split())}"
    if not isinstance(document, dict):
        return "it has no clusters, users and contexts"
    return next((words for section in _SECTIONS if (words := _misshapen(document, *section))), None)


def _misshapen(document: dict[str, Any], section: str, field: str) -> str | None:
    entries = document.get(section) or []
    if not isinstance(entries, list):
        return f"its {section} are no list"
    for place, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not entry.get("name"):
            return f"number {place} of its {section} has no name"
        if not isinstance(entry.get(field) or {}, dict):
            return f"{field} of {entry['name']} in its {section} has no fields"
    return None


def _is_there(file: Path) -> bool:
    try:
        words = problem(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        words = f"it can't be read: {error.strerror}"
    if words is not None:
        raise CliError(f"{file} is no kubeconfig: {words}; the variable KUBECONFIG names another")
    return True
