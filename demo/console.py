"""What the demo says."""

import time

from rich.console import Console

console = Console()


def say(begin: float, what: str) -> None:
    """A step of the demo, with the seconds since it began."""
    console.print(f"[bold]{time.monotonic() - begin:5.0f} s[/bold]  {what}", highlight=False, soft_wrap=True)
