"""What the demo needs of a cluster."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from demo.built import Images
from demo.forward import port_forward
from demo.kubectl import Kubectl
from demo.shell import CommandError


@dataclass(frozen=True)
class Ingress:
    """A gateway that routes of a mesh, or of the Gateway API, can be bound to.

    Attributes:
        url: Where this machine reaches it.
        host: The host to ask it for.
        namespace: Its object's namespace.
        gateway: Its object's name.
    """

    url: str
    host: str
    namespace: str
    gateway: str


class Target(ABC):
    """One kind of cluster."""

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def missing(cls) -> str | None:
        """What this machine lacks for `auto` to choose it, as a clause; None: nothing."""

    @property
    @abstractmethod
    def kubectl(self) -> Kubectl:
        """kubectl against this cluster."""

    @abstractmethod
    def up(self, *, mesh: bool = False) -> None:
        """Start the cluster if it is not running; returns when its node is ready.

        Args:
            mesh: With Istio and a gateway, where this target brings them.
        """

    @abstractmethod
    def down(self) -> None:
        """Remove the cluster, if the demo made it."""

    @abstractmethod
    def load(self, images: Images) -> Images:
        """Make `images` known to the cluster's nodes, and say under which names."""

    @abstractmethod
    def store(self, models: Sequence[Path]) -> dict[str, Any]:
        """Put each model directory into an S3 store as s3://models/<its parent's name>.

        Returns:
            The Secret (without a namespace) with which pods read the store.
        """

    def ingress(self, name: str, namespace: str, *, gateway_api: bool = False) -> Ingress:  # noqa: ARG002
        """The gateway for the routes of one deployment.

        Args:
            name: The deployment.
            namespace: Its namespace.
            gateway_api: One that takes HTTPRoutes, rather than Istio's own VirtualServices.

        Raises:
            CommandError: This target brings none.
        """
        raise CommandError(
            f"{self.name} brings no gateway for {namespace}/{name}: give one of yours, of Istio or of the "
            "Gateway API, with --gateway NAMESPACE/NAME --host HOST --url URL"
        )

    @contextmanager
    def service(self, name: str, namespace: str) -> Iterator[str]:
        """The base URL at which this machine reaches a Service's port 80 while the context lasts."""
        with port_forward(self.kubectl, f"service/{name}", namespace, 80) as url:
            yield url
