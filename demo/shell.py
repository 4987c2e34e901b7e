"""Running other programs, with their words in the error when they fail."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]


class CommandError(RuntimeError):
    """A program that the demo needs failed or is missing; the message says which and why."""


def run(
    command: Sequence[str | Path], *, stdin: str | None = None, env: Mapping[str, str] | None = None
) -> str:
    """The standard output of `command`.

    Raises:
        CommandError: it is not installed or ended with an error.
    """
    words = [str(word) for word in command]
    if shutil.which(words[0]) is None:
        raise CommandError(f"{words[0]} is not installed: install it and run the command again")
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        raise CommandError(f"`{' '.join(words)}` failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def stream(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> None:
    """Run `command` with its progress on the terminal.

    Raises:
        CommandError: it ended with an error.
    """
    done = subprocess.run([str(word) for word in command], env=env, check=False)
    if done.returncode:
        raise CommandError(f"`{' '.join(str(w) for w in command)}` failed; its words are above")
