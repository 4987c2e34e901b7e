"""What every emulated store offers the tests, whichever it is."""

from collections.abc import Mapping
from typing import ClassVar, Protocol


class Bucket(Protocol):
    """A bucket, or container, of a test's own.

    Attributes:
        ENDPOINT: The variable that names the store's address.
        CONSENT: The variable that allows plain http.
    """

    ENDPOINT: ClassVar[str]
    CONSENT: ClassVar[str]

    @property
    def uri(self) -> str:
        """As `spec.model.uri` names it."""
        ...

    @property
    def environ(self) -> dict[str, str]:
        """The variables that a Secret holds for it."""
        ...

    def put(self, key: str, content: bytes) -> None:
        """Store an object, over any that stands there."""
        ...

    def delete(self, key: str) -> None:
        """Take an object away."""
        ...


def lay(bucket: Bucket, files: Mapping[str, bytes], prefix: str = "models/a") -> str:
    """Store a model's files.

    Returns:
        The URI of the prefix.
    """
    for name, content in files.items():
        bucket.put(f"{prefix}/{name}", content)
    return f"{bucket.uri}/{prefix}"
