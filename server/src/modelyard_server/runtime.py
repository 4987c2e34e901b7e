"""What may change while the pod runs: the files of the runtime volume, read again when they change."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from modelyard_server import contract
from modelyard_server.watching import DirectoryWatcher, UnusableFileError

_KEY = re.compile(r"[0-9a-fA-F]{64}")


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
        cache_ca: Certificates of the authorities that signed the external cache's; None: the system's.
        admin_token: Bearer token of the admin routes; None: they are closed.
    """

    model_config = ConfigDict(frozen=True)

    cache: CacheConfig | None = None
    cache_key: bytes | None = None
    cache_password: str | None = None
    cache_url: str | None = None
    cache_ca: str | None = None
    admin_token: str | None = None


class RuntimeFileError(UnusableFileError):
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
        cache_ca=_read(directory, contract.CACHE_CA_FILE),
        admin_token=_read(directory, contract.ADMIN_TOKEN_FILE),
    )


class RuntimeWatcher(DirectoryWatcher[Runtime]):
    """Holds the newest state of the volume.

    Args:
        directory: The volume; it may be absent.
        on_change: Called with each new state, also with the first.
    """

    def __init__(self, directory: Path, on_change: Callable[[Runtime], Awaitable[None]]) -> None:
        super().__init__(directory, read_runtime, Runtime(), on_change, what="the runtime volume")

    @property
    def runtime(self) -> Runtime:
        """The state in force."""
        return self.state


def _read(directory: Path, name: str) -> str | None:
    try:
        return (directory / name).read_text().strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise RuntimeFileError(f"{directory / name}: must be text") from None
