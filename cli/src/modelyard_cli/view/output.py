"""Where answers go: standard output, for people or for scripts; progress goes to standard error."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import yaml
from rich.console import Console, RenderableType


def show(renderable: RenderableType) -> None:
    """Print for people: in colour on a terminal, plain text elsewhere."""
    console().print(renderable)


def console(*, stderr: bool = False) -> Console:
    """One for now: tests and pipes replace the streams while the program runs."""
    return Console(stderr=stderr, highlight=False)


def emit(value: Any, form: str) -> None:
    """Print for scripts: `json` or `yaml`."""
    if form == "json":
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
        return
    click.echo(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110), nl=False)


@contextmanager
def progress(words: str) -> Iterator[None]:
    """A line that shows while something is waited for; only on a terminal."""
    line = console(stderr=True)
    if not line.is_terminal:
        yield
        return
    with line.status(words):
        yield
