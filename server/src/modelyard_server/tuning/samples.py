"""The items to measure with: the user's own, or those of the task's documentation."""

import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks import Item, Request, Task

MOST_ITEMS: Final = 2_000
DOCUMENTED: Final = "the documentation's examples"


class SamplesError(ValueError):
    """The samples can't be used; the message says which and why."""


def read_samples(task: Task, path: Path | None, most: int = MOST_ITEMS) -> list[Item]:
    """Read items.

    Args:
        task: What they are for.
        path: A file with one body of `POST /predict` (`.json`), one a line (`.jsonl`), a text a line
            (`.txt`), anything else that the task takes as it is (a picture), or a folder of such files; None:
            the task's own examples.
        most: Most items.

    Returns:
        At least one item.

    Raises:
        SamplesError: There are none, or the task refuses one.
    """
    if path is None:
        items = _documented(task) or list(task.warm_up())
        return items[:most]
    items = []
    for name, request in _requests(path):
        try:
            parsed = task.parse(request)
        except InvalidRequestError as error:
            raise SamplesError(f"{name}: the task refuses it: {error.message}") from None
        if parsed.remote:
            raise SamplesError(f"{name}: a picture's address can't be measured with: give the picture")
        items += [Item(value, parsed.parameters) for value in parsed.values]
        if len(items) >= most:
            break
    if not items:
        raise SamplesError(f"{path}: there is nothing in it")
    return items[:most]


def _requests(path: Path) -> Iterator[tuple[str, Request]]:
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.is_file() and not file.name.startswith("."):
                yield from _requests(file)
        return
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SamplesError(f"{path}: {error.strerror}") from None
    if path.suffix == ".jsonl":
        for number, line in enumerate(content.splitlines(), 1):
            if line.strip():
                yield f"{path}, line {number}", Request(line)
    elif path.suffix == ".txt":
        texts = [text for text in content.decode(errors="replace").splitlines() if text.strip()]
        for text in texts:
            yield str(path), Request(orjson.dumps({"text": [text]}))
    elif path.suffix == ".json":
        yield str(path), Request(content)
    else:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        yield str(path), Request(content, kind)


def _documented(task: Task) -> list[Item]:
    """The bodies of the documentation's examples that can be used as they stand."""
    content = task.openapi().get("requestBody", {}).get("content", {})
    examples: dict[str, Any] = content.get("application/json", {}).get("examples", {})
    items: list[Item] = []
    for example in examples.values():
        try:
            parsed = task.parse(Request(orjson.dumps(example["value"])))
        except (InvalidRequestError, KeyError, TypeError):
            continue
        if not parsed.remote:
            items += [Item(value, parsed.parameters) for value in parsed.values]
    return items
