"""Leader election by a Lease, in a thread with an event loop and a connection of its own.

A reconcile loop that is busy can therefore not lose the Lease. The Kubernetes client has an election too;
it neither survives a connection error nor frees the Lease at the end, hence this one.
"""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import structlog

from modelyard_operator.kube import metrics
from modelyard_operator.kube.client import Access, Client
from modelyard_operator.kube.election import Election
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.paths import LEASE, collection, item

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """Seconds, as client-go's defaults for controllers."""

    duration: float = 15.0
    renew_deadline: float = 10.0
    """A leader that could not renew for this long gives up, before anybody else may take over."""
    retry: float = 2.0


class Lease:
    """One candidate. `acquired` and `lost` are called in the candidate's own thread."""

    def __init__(
        self,
        access: Access,
        namespace: str,
        name: str,
        identity: str,
        *,
        acquired: Callable[[], None],
        lost: Callable[[str], None],
        clock: Callable[[], float],
        timing: LeaseTiming | None = None,
    ) -> None:
        """A candidate that has not begun.

        Args:
            access: where the API server is.
            namespace: of the Lease.
            name: of the Lease.
            identity: of this candidate, unlike any other's.
            acquired: called once, when this candidate leads.
            lost: called once with the reason, when it leads no longer (not after `stop`).
            clock: monotonic seconds.
            timing: waits.
        """
        self._access = access
        self._namespace = namespace
        self._name = name
        self._acquired = acquired
        self._lost = lost
        self._clock = clock
        self._timing = timing or LeaseTiming()
        self._election = Election(identity, self._timing.duration)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._leading = False
        self._thread = threading.Thread(target=self._main, name="lease", daemon=True)

    def start(self) -> None:
        """Begin to stand for election."""
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Free the Lease, if it is held, and end the thread; waits `timeout` seconds at most."""
        if self._thread.is_alive():
            try:
                self._loop.call_soon_threadsafe(self._stop.set)
            except RuntimeError:
                return
            self._thread.join(timeout)

    def _main(self) -> None:
        try:
            self._loop.run_until_complete(self._run())
        except Exception as error:
            log.exception("lease thread failed", lease=self._name)
            if self._leading:
                metrics.LEADER.set(0)
                self._lost(f"the lease thread failed: {error!r}")
        finally:
            self._loop.close()

    async def _run(self) -> None:
        async with Client.connect(self._access, "modelyard-operator/lease") as client:
            renewed = self._clock()
            while not self._stop.is_set():
                holder: str | None = None
                asked = self._clock()
                try:
                    holder = await asyncio.wait_for(self._bid(client), self._timing.renew_deadline / 2)
                except (ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                    metrics.LEASE_WRITES.labels("failed").inc()
                    log.warning("lease not renewed", lease=self._name, error=repr(error))
                if holder == self._election.identity:
                    renewed = asked
                    self._lead()
                elif self._leading and (holder or self._clock() - renewed > self._timing.renew_deadline):
                    metrics.LEADER.set(0)
                    self._lost(f"{holder} holds it" if holder else "it could not be renewed in time")
                    return
                try:
                    await asyncio.wait_for(self._stop.wait(), self._timing.retry)
                except TimeoutError:
                    continue
            if self._leading:
                await self._release(client)

    def _lead(self) -> None:
        if not self._leading:
            self._leading = True
            metrics.LEADER.set(1)
            log.info("leading", lease=self._name, identity=self._election.identity)
            self._acquired()

    async def _bid(self, client: Client) -> str:
        """Read the Lease, take or renew it if that is allowed; answers who holds it then."""
        lease = await self._get(client)
        spec = lease["spec"] if lease else None
        bid = self._election.bid(spec, self._clock(), datetime.now(UTC))
        if bid is None:
            return str((spec or {}).get("holderIdentity"))
        try:
            await self._put(client, lease, bid)
        except ApiError as error:
            if error.status != 409:
                raise
            # Somebody else wrote in between: the next look shows who.
            lease = await self._get(client)
            return str(lease["spec"].get("holderIdentity")) if lease else ""
        return self._election.identity

    async def _get(self, client: Client) -> dict[str, Any] | None:
        try:
            lease: dict[str, Any] = await client.get(item(LEASE, self._namespace, self._name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return lease

    async def _put(self, client: Client, lease: dict[str, Any] | None, spec: dict[str, Any]) -> None:
        body = lease or {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": {"name": self._name, "namespace": self._namespace},
        }
        if lease:
            path = item(LEASE, self._namespace, self._name)
            await client.request("PUT", path, body=body | {"spec": spec})
        else:
            await client.request("POST", collection(LEASE, self._namespace), body=body | {"spec": spec})
        metrics.LEASE_WRITES.labels("ok").inc()

    async def _release(self, client: Client) -> None:
        try:
            lease = await self._get(client)
            if lease and lease["spec"].get("holderIdentity") == self._election.identity:
                await self._put(client, lease, self._election.released(lease["spec"], datetime.now(UTC)))
                log.info("lease freed", lease=self._name)
        except (ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("lease not freed; it ends by itself", lease=self._name, error=repr(error))
        metrics.LEADER.set(0)
