"""Carries out a plan: status, events, secrets, children, sizes, tells; in that order."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random

import structlog

from modelyard_operator.analysis.measurer import Measurer
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import ChildKey, Manifest
from modelyard_operator.kube.writer import RefusedError, Writer
from modelyard_operator.labels import DESIRED_HASH
from modelyard_operator.notify.notifier import Notifier
from modelyard_operator.reconcile.diff import child_key, desired_hash
from modelyard_operator.reconcile.gather import Gathered
from modelyard_operator.reconcile.model import Plan, Refusal
from modelyard_operator.reconcile.purger import Purger
from modelyard_operator.reconcile.recorder import Recorder
from modelyard_operator.reconcile.secrets import COPY_SECONDS, Secrets
from modelyard_operator.reconcile.tell import Teller
from modelyard_operator.rollout.replay import dump

log = structlog.get_logger(__name__)

CONFLICT = 409
TRANSIENT = frozenset({401, 404, 408, CONFLICT, 410, 425, 429, 502, 503, 504})
"""Answers that say something of this moment and nothing of what was to be written. 500 is not among them: it
is how a failing admission webhook is reported, which a person must see."""
CONFLICT_SECONDS = 0.05
GOING_SECONDS = 1.0
_REASONS = {403: "Forbidden", 400: "Invalid", 422: "Invalid"}

_Act = Callable[[], Awaitable[None]]
_Write = tuple[ChildKey, str, _Act]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pass went."""

    word: str
    """`done`, `conflict` (the status had changed: plan again) or `refused` (a child's write was refused)."""
    again_in: float | None
    """Seconds until the next look; None: when something happens."""


class Executor:
    """Carries out plans."""

    def __init__(
        self,
        writer: Writer,
        kinds: Mapping[str, Kind],
        recorder: Recorder,
        secrets: Secrets,
        teller: Teller,
        *,
        purger: Purger,
        measurer: Measurer,
        notifier: Notifier,
        clock: Callable[[], float],
        random: Random,
    ) -> None:
        """An executor.

        Args:
            writer: writes to the API server.
            kinds: the kinds of children by name.
            recorder: sends Events.
            secrets: makes and copies Secrets.
            teller: tells pods whether they serve.
            purger: has pods forget their cached answers.
            measurer: measures candidates.
            notifier: tells people of steps.
            clock: monotonic seconds.
            random: jitter.
        """
        self._writer = writer
        self._kinds = kinds
        self._recorder = recorder
        self._secrets = secrets
        self._teller = teller
        self._purger = purger
        self._measurer = measurer
        self._notifier = notifier
        self._clock = clock
        self._random = random

    async def execute(self, gathered: Gathered, plan: Plan) -> Outcome:
        """Carry out `plan`, which was made from `gathered`.

        Raises:
            ApiError, aiohttp.ClientError, TimeoutError: the API server cannot answer now; the rest of the
                plan was not carried out.
        """
        observed, resource = gathered.observed, gathered.resource
        moved = plan.status != observed.status
        if moved:
            try:
                await self._writer.status(resource, plan.status.to_dict())
            except ApiError as error:
                if error.status not in (404, CONFLICT):
                    raise
                await self._writer.refresh(resource)
                return Outcome("conflict", CONFLICT_SECONDS)
        if plan.record is not None:
            log.info("rollout decided", record=dump(plan.record), **resource.key._asdict())
        self._measurer.measure(resource.key, gathered.memory, plan.measure)
        if moved and observed.spec is not None:
            steps = ((event.reason, event.message) for event in plan.events)
            self._notifier.tell(resource, observed.spec.notifications, steps, plan.status)
        for event in plan.events:
            self._recorder.record(resource, event)
        pauses = [plan.requeue_after, COPY_SECONDS if plan.copies else None]
        news, touched = False, set[ChildKey]()
        for key, content, write in self._writes(gathered, plan):
            if key in touched and key in gathered.memory.refused:
                continue
            touched.add(key)
            new, pause = await self._attempt(gathered, key, content, write)
            news |= new
            pauses.append(pause)
        if not moved:
            # What the plan no longer wants written is no longer refused. A plan that moves the status may
            # leave children for the next pass, so it says nothing about them.
            for key in gathered.memory.refused.keys() - touched:
                del gathered.memory.refused[key]
                news = True
        self._teller.tell(gathered, plan.tells)
        self._purger.purge(gathered, plan.purges)
        if news:
            pauses.append(0.0)
        again = min((pause for pause in pauses if pause is not None), default=None)
        return Outcome("refused" if gathered.memory.refused else "done", again)

    def _writes(self, gathered: Gathered, plan: Plan) -> list[_Write]:
        """Each write of children, with a hash of what it would write."""
        observed, namespace = gathered.observed, gathered.resource.key.namespace
        writes = [
            *(
                (ChildKey("Secret", s["metadata"]["name"]), "keys", self._secrets.keys(gathered, s))
                for s in plan.secrets
            ),
            *(
                (
                    ChildKey("Secret", c.target["metadata"]["name"]),
                    f"{c.source}/{c.source_key}",
                    self._secrets.copy(gathered, c),
                )
                for c in plan.copies
            ),
            *(
                (ChildKey("Secret", name), "required", self._secrets.require(gathered, name))
                for name in plan.requires
            ),
        ]
        for manifest in plan.apply:
            key, content = child_key(manifest), desired_hash(manifest)
            writes.append((key, content, self._apply(gathered, key, _stamped(manifest, content))))
        for key in plan.delete:
            child = observed.children.get(key)
            if child is not None:
                writes.append((key, "delete", partial(self._writer.delete, child, namespace)))
        for scale in plan.scales:
            key = ChildKey("Deployment", scale.deployment)
            scaling = partial(self._writer.scale, namespace, scale.deployment, scale.replicas)
            writes.append((key, f"scale {scale.replicas}", scaling))
        # A kind that cannot be watched is not written either: its cache shows nothing, so every pass would
        # write it again. Its return looks at every resource.
        return [w for w in writes if w[0].kind not in observed.unavailable]

    def _apply(self, gathered: Gathered, key: ChildKey, manifest: Manifest) -> _Act:
        namespace = gathered.resource.key.namespace
        child = gathered.observed.children.get(key)
        if child is None:
            return partial(self._writer.create, manifest, namespace, gathered.resource.uid)
        return partial(self._writer.apply, manifest, namespace, child)

    async def _attempt(
        self, gathered: Gathered, key: ChildKey, content: str, write: _Act
    ) -> tuple[bool, float | None]:
        """One write: answers whether the refusals changed, and the pause before the next attempt."""
        memory, clock = gathered.memory, self._clock()
        held = memory.held_back(key, content, clock)
        if held is not None:
            return False, held
        try:
            await write()
        except RefusedError as error:
            refusal = Refusal(error.reason, str(error))
        except ApiError as error:
            kind = self._kinds.get(key.kind)
            if kind is not None and kind.is_optional and _is_going(error):
                return False, GOING_SECONDS
            if error.status in TRANSIENT:
                raise
            refusal = Refusal(
                _REASONS.get(error.status, "Refused"), f"{key.kind} {key.name}: {error.message}"
            )
        else:
            return memory.refused.pop(key, None) is not None, None
        new, pause = memory.refuse(key, refusal, content, self._clock(), self._random)
        log.warning(
            "write refused",
            namespace=gathered.resource.key.namespace,
            name=gathered.resource.key.name,
            child=f"{key.kind}/{key.name}",
            reason=refusal.reason,
            message=refusal.message,
        )
        return new, pause


def _is_going(error: ApiError) -> bool:
    """Whether the kind of what was written is just being taken away: its informer will say so."""
    return error.status == 404 or "custom resource definition is terminating" in error.message


def _stamped(manifest: Manifest, content: str) -> Manifest:
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), DESIRED_HASH: content}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}
