"""Random keys that are made once, and copies of one key of a Secret. Never listed, watched or logged."""

import base64
from collections.abc import Awaitable, Callable

from modelyard_operator.kube.objects import Manifest
from modelyard_operator.kube.writer import RefusedError, Writer, check_owner
from modelyard_operator.reconcile.gather import Gathered
from modelyard_operator.resources.context import CopySecretKey

CHECK_SECONDS = 30.0
"""A Secret that was seen to be in place is looked at again after this, at the earliest."""

COPY_SECONDS = 60.0
"""How late a change of the user's Secret is copied, at most."""

HEX_DIGITS = 64
SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - a reason


class Secrets:
    """Makes and copies Secrets."""

    def __init__(
        self, writer: Writer, *, clock: Callable[[], float], token_hex: Callable[[int], str]
    ) -> None:
        """With a source of randomness fit for keys: `secrets.token_hex`."""
        self._writer = writer
        self._clock = clock
        self._token_hex = token_hex

    def keys(self, gathered: Gathered, manifest: Manifest) -> Callable[[], Awaitable[None]]:
        """The act that creates a Secret where it is missing, with random values for those that are None."""

        async def act() -> None:
            name, namespace = manifest["metadata"]["name"], gathered.resource.key.namespace
            if self._fresh(gathered, name):
                return
            live = await self._writer.get_secret(namespace, name)
            if live is None:
                values = {
                    key: self._token_hex(HEX_DIGITS // 2) if value is None else value
                    for key, value in manifest["stringData"].items()
                }
                await self._writer.create_secret(manifest | {"stringData": values}, namespace)
            else:
                check_owner(live, gathered.resource.uid)
            gathered.memory.secrets_checked[name] = self._clock()

        return act

    def copy(self, gathered: Gathered, copy: CopySecretKey) -> Callable[[], Awaitable[None]]:
        """The act that brings a copy up to date."""

        async def act() -> None:
            name, namespace = copy.target["metadata"]["name"], gathered.resource.key.namespace
            mark = f"{copy.source}/{copy.source_key} -> {name}/{copy.key}"
            if self._fresh(gathered, mark):
                return
            source = await self._writer.get_secret(namespace, copy.source)
            if source is None:
                raise RefusedError("NotFound", f"Secret {namespace}/{copy.source} does not exist: create it")
            value = _copied_value(source, copy, f"Secret {namespace}/{copy.source}")
            live = await self._writer.get_secret(namespace, name)
            if live is None:
                data = {} if value is None else {copy.key: value}
                await self._writer.create_secret(copy.target | {"data": data}, namespace)
            else:
                check_owner(live, gathered.resource.uid)
                if (live.get("data") or {}).get(copy.key) != value:
                    # A value of None takes the key away.
                    await self._writer.patch_secret(namespace, name, {"data": {copy.key: value}})
            gathered.memory.secrets_checked[mark] = self._clock()

        return act

    def require(self, gathered: Gathered, name: str) -> Callable[[], Awaitable[None]]:
        """The act that looks whether a Secret of the user's is there."""

        async def act() -> None:
            mark = f"{name} is there"
            if self._fresh(gathered, mark):
                return
            if await self._writer.get_secret(gathered.resource.key.namespace, name) is None:
                raise RefusedError(SECRET_NOT_FOUND, "it does not exist, and pods wait for it: create it")
            gathered.memory.secrets_checked[mark] = self._clock()

        return act

    def _fresh(self, gathered: Gathered, mark: str) -> bool:
        checked = gathered.memory.secrets_checked.get(mark)
        return checked is not None and self._clock() - checked < CHECK_SECONDS


def _copied_value(source: Manifest, copy: CopySecretKey, where: str) -> str | None:
    """The value to copy, in base64.

    Raises:
        RefusedError: it is missing, or not what it should be; the value itself is never told.
    """
    value: str | None = (source.get("data") or {}).get(copy.source_key)
    if value is None:
        if copy.optional:
            return None
        raise RefusedError("Invalid", f"{where} has no key {copy.source_key!r}: add it")
    if copy.schemes and not base64.b64decode(value).decode(errors="replace").startswith(copy.schemes):
        ways = " or ".join(copy.schemes)
        raise RefusedError("Invalid", f"{where}: its key {copy.source_key!r} must begin with {ways}")
    return value


async def read_key(writer: Writer, namespace: str, name: str, key: str) -> str | None:
    """One value of a Secret, decoded; None: there is none.

    Raises:
        ApiError: the API server refused.
    """
    secret = await writer.get_secret(namespace, name)
    value = ((secret or {}).get("data") or {}).get(key)
    return base64.b64decode(value).decode() if value else None
