"""kubectl against one cluster, never against the user's current context by accident."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.shell import run


@dataclass(frozen=True)
class Kubectl:
    """A kubectl bound to one context."""

    binary: str = "kubectl"
    kubeconfig: Path | None = None
    """None: the user's own."""
    context: str | None = None

    @property
    def command(self) -> list[str]:
        """The command that reaches this cluster."""
        words = [self.binary]
        if self.kubeconfig:
            words += ["--kubeconfig", str(self.kubeconfig)]
        if self.context:
            words += ["--context", self.context]
        return words

    def __call__(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """The output of `kubectl ARGUMENTS`.

        Raises:
            CommandError: kubectl said no.
        """
        return run([*self.command, *arguments], stdin=stdin)

    def apply(self, *manifests: dict[str, Any], namespace: str | None = None) -> None:
        """Server-side apply of `manifests`."""
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        where = ["-n", namespace] if namespace else []
        self("apply", "--server-side", "--force-conflicts", *where, "-f", "-", stdin=document)

    def get(self, kind: str, name: str | None = None, *, namespace: str = "default") -> Any:
        """One object, or the list of a kind, as JSON."""
        return json.loads(self("get", kind, *([name] if name else []), "-n", namespace, "-o", "json"))
