"""What an extra of the cluster is, as a value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devcluster.api import Api, Manifest
from devcluster.build import Tool
from devcluster.components.base import Component
from devcluster.config import Settings
from devcluster.crds import Source
from devcluster.pki import Identity
from devcluster.pods import Pods
from devcluster.sources import Sources
from devcluster.ui import Ui
from devcluster.wheels import Wheel


def _nothing(_: Settings) -> Sequence[Manifest]:
    return ()


@dataclass(frozen=True)
class Extra:
    """Something that a cluster can have besides, and can be rid of again.

    Attributes:
        name: Its name after `--with`.
        summary: What it gives, for the help.
        components: Its daemons.
        needs: Extras that it cannot be without.
        tools: Programs that are built.
        wheels: Programs that come in wheels.
        sources: Files of modules.
        user: Whom its daemon speaks to the API server as.
        peers: Whom its other daemons are to that one.
        crds: Definitions that it brings.
        is_finalizer: Its daemons hold objects of its kinds back until they have cleared up, so they must
            still run when these are deleted.
        lasting: Names of those that are left when the others are deleted as a fault.
        before: Objects that are there before its daemons start.
        prepare: Does what is to be done on the node once those objects are there.
        pods: Programs of its that run in pods instead of as daemons.
        after: Objects that are made once they run; the last is the first to go.
        leftovers: Paths of objects that its daemons made outside of its namespaces.
        check: Tells why it does not do its work, although its daemons run; None if it does.
        clear: Undoes what was done on the node.
        folders: Data of its daemons, which goes with it.
        urls: Where it is reached, by what is there.
    """

    name: str
    summary: str
    components: Callable[[Settings], Sequence[Component]]
    needs: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    wheels: tuple[Wheel, ...] = ()
    sources: tuple[Sources, ...] = ()
    user: Identity | None = None
    peers: tuple[Identity, ...] = ()
    crds: Source | None = None
    is_finalizer: bool = False
    lasting: tuple[str, ...] = ()
    before: Callable[[Settings], Sequence[Manifest]] = _nothing
    prepare: Callable[[Settings, Ui], None] = lambda *_: None
    pods: Pods | None = None
    after: Callable[[Settings], Sequence[Manifest]] = _nothing
    leftovers: Callable[[Api], Sequence[str]] = lambda _: ()
    check: Callable[[Api], str | None] = lambda _: None
    clear: Callable[[Settings], None] = lambda _: None
    folders: Callable[[Settings], Sequence[Path]] = lambda _: ()
    urls: Mapping[str, str] = field(default_factory=dict)


def namespace(name: str) -> Manifest:
    """A namespace of an extra."""
    labels = {"app.kubernetes.io/managed-by": "devcluster"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
