"""Which part a pod takes in a comparison, as the operator says."""

from enum import StrEnum
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Role(StrEnum):
    """Whose answers a pod gives."""

    STABLE = "stable"
    CANDIDATE = "candidate"

    @property
    def other(self) -> "Role":
        """Whose answers it compares its own with."""
        return Role.CANDIDATE if self is Role.STABLE else Role.STABLE


class Forward(BaseModel):
    """Copies that the stable pods send themselves, where nothing in front of them mirrors requests.

    Attributes:
        url: Where the candidate answers: scheme, host and port.
        percent: Share of the requests that are copied.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(max_length=300)
    percent: float = Field(ge=0, le=100)

    @field_validator("url")
    @classmethod
    def _origin(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            plain = (
                parts.scheme in {"http", "https"}
                and bool(parts.hostname)
                and parts.port != 0
                and parts.username is None
                and parts.path in {"", "/"}
                and not (parts.query or parts.fragment)
                and url.isascii()
                and not any(character.isspace() for character in url)
            )
        except ValueError:
            plain = False
        if not plain:
            raise ValueError("must be http://HOST:PORT or https://HOST:PORT, with nothing behind it")
        return url.rstrip("/")


class Part(BaseModel):
    """The body of the contract's PATH_SHADOW.

    Attributes:
        role: Whose answers the pod gives; None: it takes no part.
        pair: The revisions that are compared, `STABLE-CANDIDATE`.
        sampling: Share of the requests that is compared.
        forward: Copies that the pod sends; None: something else mirrors requests.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role | None = None
    pair: str | None = Field(default=None, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=130)
    sampling: float = Field(default=1.0, ge=0, le=1)
    forward: Forward | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Part":
        if self.role is not None and self.pair is None:
            raise ValueError("pair must name the two revisions where role is set: STABLE-CANDIDATE")
        if self.forward is not None and self.role is not Role.STABLE:
            raise ValueError("forward is for pods of role stable alone")
        return self

    @property
    def chosen(self) -> float:
        """Share of the requests that are looked at."""
        return self.sampling if self.forward is None else self.forward.percent / 100

    @property
    def compared(self) -> float:
        """Share of the requests whose answers are compared."""
        return self.sampling * (1.0 if self.forward is None else self.forward.percent / 100)
