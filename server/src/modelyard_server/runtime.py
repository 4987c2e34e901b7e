"""What may change while the pod runs: the files of the runtime volume, read again when they change."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from modelyard_server import contract

log = structlog.get_logger(__name__)

_KEY = re.compile(r"[0-9a-fA-F]{64}")
_POLL_SECONDS = 1.0


class CacheConfig(BaseModel):
    """The `cache` of the contract's RUNTIME_CONFIG_FILE."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel)

    ttl_seconds: int = Field(gt=0)
    mode: Literal["managed", "external"]
    host: str | None = None
    port: int | None = None


class _RuntimeFile(BaseModel):
    model_config = ConfigDict(frozen=True)

    cache: CacheConfig | None = None


class Runtime(BaseModel):
    """One state of the runtime volume.

    Attributes:
        cache: How answers are cached; None: not at all.
        cache_key: Secret key of the cache's keys; None: there is none.
        cache_password: Password of the managed cache.
        cache_url: URL of an external cache.
        admin_token: Bearer token of the admin routes; None: they are closed.
    """

    model_config = ConfigDict(frozen=True)

    cache: CacheConfig | None = None
    cache_key: bytes | None = None
    cache_password: str | None = None
    cache_url: str | None = None
    admin_token: str | None = None


class RuntimeFileError(ValueError):
    """A file of the runtime volume can't be used; the message names it."""


def read_runtime(directory: Path) -> Runtime:
    """Read the volume; a file that is not there counts as not given.

    Raises:
        RuntimeFileError: A file is not of its form.
    """
    text = _read(directory, contract.RUNTIME_CONFIG_FILE)
    try:
        config = _RuntimeFile.model_validate_json(text) if text else _RuntimeFile()
    except ValidationError as error:
        raise RuntimeFileError(f"{directory / contract.RUNTIME_CONFIG_FILE}: {error}") from None
    key = _read(directory, contract.CACHE_KEY_FILE)
    if key is not None and not _KEY.fullmatch(key):
        raise RuntimeFileError(f"{directory / contract.CACHE_KEY_FILE}: must be 64 hex digits")
    return Runtime(
        cache=config.cache,
        cache_key=bytes.fromhex(key) if key else None,
        cache_password=_read(directory, contract.CACHE_PASSWORD_FILE),
        cache_url=_read(directory, contract.CACHE_URL_FILE),
        admin_token=_read(directory, contract.ADMIN_TOKEN_FILE),
    )


class RuntimeWatcher:
    """Holds the newest state of the volume and tells one listener about changes.

    The kubelet swaps a link to a whole new directory, so a state is read from files that belong together;
    reading five small files a second is cheaper than telling which of the ways to swap it used.

    Args:
        directory: The volume; it may be absent.
        on_change: Called with each new state, also with the first.
        poll_seconds: Seconds between two looks.
    """

    def __init__(
        self,
        directory: Path,
        on_change: Callable[[Runtime], Awaitable[None]],
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        self._directory = directory
        self._on_change = on_change
        self._poll_seconds = poll_seconds
        self._last_error = ""
        self._first = True
        self.runtime = Runtime()

    async def check(self) -> None:
        """Read the volume once; a state that can't be read leaves the one before in force."""
        try:
            runtime = read_runtime(self._directory)
        except (RuntimeFileError, OSError) as error:
            if str(error) != self._last_error:
                log.warning("the runtime volume can't be used; keeping what was in force", error=str(error))
            self._last_error = str(error)
            if not self._first:
                return
            runtime = self.runtime
        else:
            self._last_error = ""
        if runtime != self.runtime or self._first:
            self._first = False
            self.runtime = runtime
            await self._on_change(runtime)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._poll_seconds)
            await self.check()


def _read(directory: Path, name: str) -> str | None:
    try:
        return (directory / name).read_text().strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise RuntimeFileError(f"{directory / name}: must be text") from None
