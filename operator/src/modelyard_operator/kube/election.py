"""Who may lead, judged from a Lease: pure.

The rules of client-go's leader election: a holder that has not renewed for the Lease's duration, measured by
the observer's own clock since it last saw a change, has lost it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

Spec = dict[str, Any]


@dataclass(slots=True)
class Election:
    """What one candidate has observed of the Lease."""

    identity: str
    duration: float
    """Seconds that a Lease of ours lasts without renewal."""
    _seen: tuple[str, str] | None = None
    _seen_at: float = 0.0

    def bid(self, spec: Spec | None, clock: float, now: datetime) -> Spec | None:
        """The spec to write now; None: somebody else holds the Lease.

        Args:
            spec: the Lease's spec; None when there is no Lease.
            clock: monotonic seconds.
            now: wall clock, for the stamps that others read.
        """
        stamp = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = spec or {}
        holder = spec.get("holderIdentity") or ""
        seen = (holder, str(spec.get("renewTime")))
        if seen != self._seen:
            self._seen, self._seen_at = seen, clock
        lasts = float(spec.get("leaseDurationSeconds") or self.duration)
        if holder and holder != self.identity and clock < self._seen_at + lasts:
            return None
        transitions = int(spec.get("leaseTransitions") or 0)
        return {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": int(self.duration),
            "acquireTime": spec.get("acquireTime", stamp) if holder == self.identity else stamp,
            "renewTime": stamp,
            "leaseTransitions": transitions + (holder not in ("", self.identity)),
        }

    def released(self, spec: Spec, now: datetime) -> Spec:
        """The spec that frees the Lease at once for the next candidate."""
        stamp = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return spec | {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": stamp}
