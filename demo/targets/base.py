"""What the demo needs of a cluster."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from demo.built import Images
from demo.forward import port_forward
from demo.kubectl import Kubectl


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
    def up(self) -> None:
        """Start the cluster if it is not running; returns when its node is ready."""

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

    @contextmanager
    def service(self, name: str, namespace: str) -> Iterator[str]:
        """The base URL at which this machine reaches a Service's port 80 while the context lasts."""
        with port_forward(self.kubectl, f"service/{name}", namespace, 80) as url:
            yield url
