"""`kubectl_complete-modelyard`: what kubectl asks when somebody completes `kubectl modelyard ...`.

https://kubernetes.io/docs/reference/kubectl/kubectl-cmds-plugins/ and cobra's completion protocol: a value a
line, a tab before its description, and last a number that says what the shell may add.
"""

import sys

import click
from click.shell_completion import ShellComplete

from modelyard_cli.main import main as program

_NOTHING_MORE = ":4"
"""The shell adds no names of files."""


def main() -> None:
    """Answer for the words that stand on the line; the last one is being written."""
    words = sys.argv[1:]
    begun = words.pop() if words else ""
    asked = ShellComplete(program, {}, "modelyard", "_MODELYARD_COMPLETE")
    for item in asked.get_completions(words, begun):
        click.echo(f"{item.value}\t{item.help}" if item.help else item.value)
    click.echo(_NOTHING_MORE)
