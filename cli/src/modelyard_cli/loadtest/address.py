"""Where requests go."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Where requests go.

    Attributes:
        url: Without `/predict`.
        says: What it is, for people.
    """

    url: str
    says: str


def is_address(target: str) -> bool:
    """Whether it is an address rather than a name."""
    return target.lower().startswith(("http://", "https://"))


def is_name(target: str) -> bool:
    """Whether it may be the name of an object: no name has a colon or a slash."""
    return not {":", "/"} & set(target)
