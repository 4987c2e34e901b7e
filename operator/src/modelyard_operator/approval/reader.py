"""Reads the admission policies by name, in the background, while a rollout waits for approval."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import aiohttp
import orjson
import structlog

from modelyard_operator.approval import policies
from modelyard_operator.approval.guards import UNREAD, Guard, Guards, judge
from modelyard_operator.approval.policies import Pair
from modelyard_operator.kube.client import Client
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.objects import Key, Manifest
from modelyard_operator.kube.queue import WorkQueue

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 15.0
"""What was read is read again after this, at the earliest."""
TRUSTED_SECONDS = 90.0
"""What was read is believed for so long: a policy may be gone by then."""

_ROOT: Final = "/apis/admissionregistration.k8s.io/v1"
_BASE: Final = (
    "with Helm set admissionPolicies.install=true, with kustomize "
    "kubectl apply --server-side -f k8s/base/admission.yaml"
)
_OPTIONAL: Final = (
    "with Helm set admissionPolicies.changedBy=true, with kustomize "
    "kubectl apply --server-side -f k8s/components/changed-by/policy.yaml"
)
_RIGHTS: Final = (
    "with Helm set rbac.create and rbac.readAdmissionPolicies to true, with kustomize "
    "apply rbac.yaml and role_bindings.yaml of k8s/base"
)


class GuardReader:
    """One for all resources: the policies are of the whole cluster."""

    def __init__(self, client: Client, queue: WorkQueue[Key], *, clock: Callable[[], float]) -> None:
        """A reader that has not read.

        Args:
            client: the connection.
            queue: where resources go that wait for what is read.
            clock: monotonic seconds.
        """
        self._client = client
        self._queue = queue
        self._clock = clock
        self._guards = UNREAD
        self._trouble = ""
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._waiting: set[Key] = set()
        self._reading: asyncio.Task[None] | None = None

    @property
    def guards(self) -> Guards:
        """What is known now; when that is too long ago, no more than why it could not be read again."""
        if self._clock() - self._read_at < TRUSTED_SECONDS:
            return self._guards
        return replace(UNREAD, trouble=self._trouble)

    @property
    def pending(self) -> bool:
        """Whether they are being read."""
        return self._reading is not None

    def keep(self, key: Key) -> None:
        """See to it that what is known is new; `key` is looked at again when that says something else."""
        if self._reading is None and self._clock() - self._tried_at < REFRESH_SECONDS:
            return
        self._waiting.add(key)
        if self._reading is None:
            self._tried_at = self._clock()
            self._reading = asyncio.create_task(self._run(), name="admission policies")
            self._reading.add_done_callback(self._ended)

    async def close(self) -> None:
        """Give up what is under way."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _run(self) -> None:
        before = self.guards
        try:
            self._guards = Guards(
                await self._guard(policies.approver(), _BASE),
                await self._guard(policies.changed_by(), _OPTIONAL),
            )
            self._read_at = self._clock()
            self._trouble = ""
        except (ApiError, aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            log.warning("admission policies not read", error=repr(error))
            self._trouble = f"the admission policies cannot be read: {str(error) or type(error).__name__}"
        waiting, self._waiting = self._waiting, set()
        if self.guards != before:
            for key in waiting:
                self._queue.add(key)

    def _ended(self, _: "asyncio.Task[None]") -> None:
        self._reading = None

    async def _guard(self, wanted: Pair, install: str) -> Guard:
        name = wanted[0]["metadata"]["name"]
        try:
            policy = await self._get(f"{_ROOT}/validatingadmissionpolicies/{name}")
            binding = await self._get(f"{_ROOT}/validatingadmissionpolicybindings/{name}")
        except ApiError as error:
            if error.status != 403:
                raise
            return Guard(problem=f"the operator may not read the admission policy {name}: {_RIGHTS}")
        return judge(wanted, policy, binding, install)

    async def _get(self, path: str) -> Manifest | None:
        try:
            found: Manifest = await self._client.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return found
