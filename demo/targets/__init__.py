"""Where the demo runs. A further kind of cluster is one new file and one line here."""

import os

from demo.shell import CommandError
from demo.targets.base import Target
from demo.targets.current import CurrentContext
from demo.targets.embedded import Embedded
from demo.targets.kind import Kind
from demo.targets.minikube import Minikube

TARGETS: dict[str, type[Target]] = {
    "kind": Kind,
    "minikube": Minikube,
    "embedded": Embedded,
    "current": CurrentContext,
}
"""In the order in which `auto` tries them."""


def choose(name: str | None = None) -> Target:
    """The target that `name` or $CLUSTER says, or the first that this machine can run.

    Raises:
        CommandError: no such target, or none can run here.
    """
    name = name or os.environ.get("CLUSTER") or "auto"
    if name != "auto":
        if name not in TARGETS:
            raise CommandError(f"CLUSTER={name} is unknown: choose one of auto, {', '.join(TARGETS)}")
        return TARGETS[name]()
    reasons = []
    for kind in TARGETS.values():
        missing = kind.missing()
        if missing is None:
            return kind()
        reasons.append(f"{kind.name}: {missing}")
    raise CommandError("no cluster can be used here. " + "; ".join(reasons))
