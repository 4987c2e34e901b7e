"""`modelyard completion`: what a shell needs to complete verbs and names."""

import click
from click.shell_completion import get_completion_class

from modelyard_cli.options import examples

SHELLS = ("bash", "zsh", "fish")


@click.command(
    epilog=examples(
        "source <(modelyard completion bash)",
        "modelyard completion fish > ~/.config/fish/completions/modelyard.fish",
    )
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what your shell needs to complete names.

    Verbs, options, and the names of ModelDeployments and revisions, from the cluster.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click has no completion for {shell}")
    root = context.find_root()
    click.echo(kind(root.command, {}, "modelyard", "_MODELYARD_COMPLETE").source())
