"""What the operator remembers of a resource outside its status, and may forget at any time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from modelyard_operator.analysis.verdict import Analysis
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.kube.objects import ChildKey, Key
from modelyard_operator.reconcile.model import Readiness, Refusal
from modelyard_operator.reconcile.part import Part

FIRST_RETRY = 1.0
LAST_RETRY = 300.0


@dataclass(slots=True)
class Refused:
    """A write that was refused, and when to try the same again."""

    refusal: Refusal
    content: str
    """The hash of what was to be written: another content is tried at once."""
    failures: int
    retry_at: float


@dataclass(frozen=True, slots=True)
class Told:
    """What a pod was last told, and heard."""

    serving: bool
    restarts: int
    """Of its server container: one that began anew has heard nothing."""
    part: Part | None = None


@dataclass(slots=True)
class Unheard:
    """What a pod was last told, and did not hear."""

    told: Told
    failures: int
    pausing: bool = True
    """It is not told the same again yet."""


@dataclass(slots=True)
class Purging:
    """What a pod was last asked to forget, and how it went."""

    nonce: str
    is_done: bool = False
    failure: str | None = None
    failures: int = 0
    again_at: float = float("-inf")


@dataclass(slots=True)
class Memory:
    """Of one resource."""

    uid: str = ""
    generation: int = -1
    spec: ModelDeploymentSpec | None = None
    spec_error: str | None = None
    refused: dict[ChildKey, Refused] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)
    """By pod uid."""
    unheard: dict[str, Unheard] = field(default_factory=dict)
    readiness: dict[str, Readiness] = field(default_factory=dict)
    analysis: Analysis | None = None
    """The newest of the candidate's traffic; the measurer lays it down here."""
    purges: dict[str, Purging] = field(default_factory=dict)
    secrets_checked: dict[str, float] = field(default_factory=dict)
    """When a Secret, or a copy, was last seen to be as it should."""

    def refuse(
        self, child: ChildKey, refusal: Refusal, content: str, clock: float, random: Random
    ) -> tuple[bool, float]:
        """Note a refusal; answers whether it is news, and the seconds until the next attempt."""
        before = self.refused.get(child)
        failures = before.failures + 1 if before and before.content == content else 1
        pause = min(LAST_RETRY, FIRST_RETRY * 2.0 ** min(failures - 1, 16)) * random.uniform(0.75, 1.25)
        self.refused[child] = Refused(refusal, content, failures, clock + pause)
        return before is None or before.refusal != refusal, pause

    def held_back(self, child: ChildKey, content: str, clock: float) -> float | None:
        """Seconds until this same write may be tried again; None: now."""
        refused = self.refused.get(child)
        if refused is None or refused.content != content or clock >= refused.retry_at:
            return None
        return refused.retry_at - clock

    def keep_pods(self, uids: Iterable[str]) -> None:
        """Forget pods that are gone."""
        alive = frozenset(uids)
        for by_uid in (self.told, self.unheard, self.readiness, self.purges):
            for uid in by_uid.keys() - alive:
                del by_uid[uid]


class Memories:
    """Of all resources."""

    def __init__(self) -> None:
        self._by_key: dict[Key, Memory] = {}

    def of(self, key: Key, uid: str) -> Memory:
        """The memory of this very resource: one of the same name that was made anew starts empty."""
        memory = self._by_key.get(key)
        if memory is None or memory.uid != uid:
            memory = self._by_key[key] = Memory(uid=uid)
        return memory

    def forget(self, key: Key) -> None:
        """The resource is gone."""
        self._by_key.pop(key, None)
