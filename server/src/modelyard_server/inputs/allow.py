"""Which origins pictures may be fetched from: the entries of `spec.inputs.imageUrls.allow`."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from modelyard_server.settings import SettingsError

_PORTS: Final = {"http": 80, "https": 443}
_ENTRY: Final = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<any>\*\.)?(?P<host>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a picture stands.

    Attributes:
        scheme: `http` or `https`.
        host: A name or an address, in lower case.
        port: TCP port.
    """

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class _Entry:
    scheme: str | None
    host: str
    below: bool
    port: int | None
    private: bool

    def fits(self, origin: Origin) -> bool:
        """Whether an origin is meant."""
        if self.scheme not in {None, origin.scheme}:
            return False
        if (self.port or _PORTS[origin.scheme]) != origin.port:
            return False
        return origin.host.endswith(f".{self.host}") if self.below else origin.host == self.host


class AllowList:
    """The origins that are allowed.

    Args:
        entries: Each `HOST` (its scheme's own port), `*.DOMAIN` (what stands below it), `HOST:PORT`, or an
            origin `http://HOST:PORT`. An origin, and an address written as such, may be private: whoever
            wrote it means that very place in the cluster.

    Raises:
        SettingsError: An entry is none of these.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = tuple(_read(entry) for entry in entries)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def allows(self, origin: Origin) -> bool:
        """Whether pictures may be fetched from an origin."""
        return any(entry.fits(origin) for entry in self._entries)

    def may_be_private(self, host: str, port: int) -> bool:
        """Whether the address of a host may be one of a private network."""
        return any(
            entry.private and entry.host == host and (entry.port is None or entry.port == port)
            for entry in self._entries
        )


def _read(entry: str) -> _Entry:
    found = _ENTRY.fullmatch(entry)
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (found["scheme"] and (found["any"] or port is None)) or not (port or 1) < 65_536:
        raise SettingsError(
            f"spec.inputs.imageUrls.allow has {entry!r}: write images.example.org, *.example.org, "
            "images.example.org:8443, or http://store.images.svc:9000 for a store inside the cluster"
        )
    return _Entry(
        scheme=found["scheme"],
        host=found["host"],
        below=found["any"] is not None,
        port=port,
        private=found["scheme"] is not None or _is_address(found["host"]),
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
