"""A world that is just large enough for a rollout: revisions with pods, a route, a clock; and an operator.

The operator reads (sometimes what was true a while ago), persists, acts, and may end between any two writes.
What must hold at every moment is checked here; what must hold at the end, by `calm_down`.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from modelyard_operator.analysis.verdict import Analysis, Result, Verdict
from modelyard_operator.api.status import Phase, RevisionState, RevisionStatus
from modelyard_operator.approval.decision import Decision, Standing
from modelyard_operator.rollout import machine, sizing
from modelyard_operator.rollout.evidence import Asked, Evidence, Failure, Gate, Policy, Population, Stage
from modelyard_operator.rollout.rules import judging
from modelyard_operator.rollout.state import State
from modelyard_operator.rollout.verbs import VERBS
from modelyard_operator.routing import ratio
from modelyard_operator.routing.base import WHOLE, Split
from modelyard_operator.routing.guard import shares, steer
from tests.operator.rollout.situations import NOW

REVISIONS = ("ra", "rb", "rc")
INTERVAL = 30.0
GATE = Gate(INTERVAL, failure_limit=2)
PLANS: tuple[tuple[Stage, ...], ...] = (
    (),
    (Stage(weight=50, seconds=60, gate=GATE), Stage(weight=100, seconds=30, gate=GATE)),
    (Stage(weight=0, seconds=10), Stage(weight=50, seconds=60, gate=GATE)),
    (Stage(approval=True, gate=GATE), Stage(weight=100, gate=GATE)),
    (Stage(weight=50, seconds=30, gate=GATE), Stage(approval=True, gate=GATE), Stage(weight=50, seconds=30)),
    (
        Stage(weight=50, gate=replace(GATE, on_no_data=Verdict.FAIL)),
        Stage(weight=50, gate=replace(GATE, on_no_data=Verdict.PASS)),
    ),
)
MESH_PLANS: tuple[tuple[Stage, ...], ...] = (
    *PLANS,
    (Stage(shadow=100, seconds=60, gate=GATE), Stage(weight=10, seconds=30, gate=GATE), Stage(weight=90)),
)


@dataclass
class LittleWorld:
    """Everything that there is."""

    by_count: bool = False
    asked: str = "ra"
    steps: tuple[Stage, ...] = ()
    paused: bool = False
    now: datetime = NOW
    state: State = field(default_factory=State)
    """As persisted."""
    wanted: dict[str, int] = field(default_factory=dict)
    ready: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    """Revisions whose pods do not get ready."""
    route: Split = field(default_factory=Split)
    """The live one; in mode `replicas`, what the Service was told to select."""
    analysis: Analysis | None = None
    standing: Standing | None = None
    past: Evidence | None = None
    """What could be seen a while ago."""

    # --- what is seen ---------------------------------------------------------------------------

    def seen(self) -> Split:
        """What the live route does."""
        if not self.by_count or len(self.route.serving) < 2:
            return self.route
        ready = {n: r for n, r in self.ready.items() if r}
        stable = self.state.stable
        if len(ready) == 2 and stable in ready:
            (other,) = ready.keys() - {stable}
            part = ratio.share(ready[other], ready[stable])
            return Split({stable: WHOLE - part, other: part})
        return Split(shares(ready))

    def evidence(self) -> Evidence:
        """What can be seen now."""
        served = self.seen()
        selected = next(iter(served.serving)) if len(served.serving) == 1 else None
        if not self.by_count:
            selected = self.state.stable
        decision = None if self.standing is None else Decision(self.standing, "so it is", ("ada",))
        candidate = self.state.candidate
        failing = candidate in self.broken and self.wanted.get(candidate or "", 0) > 0
        return Evidence(
            asked=Asked(f"key-{self.asked}", self.asked, f"s3://{self.asked}"),
            policy=Policy(
                minimum=1,
                maximum=4,
                paused=self.paused,
                deadline=120.0,
                window=100.0,
                steps=self.steps,
                plan=str(hash(self.steps)) if self.steps else None,
                by_count=self.by_count,
                tolerance=ratio.TOLERANCE if self.by_count else 0,
            ),
            populations={
                n: Population(self.wanted.get(n, 0), self.ready.get(n, 0), True, self.wanted.get(n, 0))
                for n in self.wanted
            },
            selected=selected,
            seen=served,
            failure=Failure("Crashed", "it fell over", fatal=True) if failing else None,
            analysis=self.analysis,
            approval=decision if self.state.phase is Phase.AWAITING_APPROVAL else None,
            approval_of=self.state.evidence_digest,
        )

    # --- the operator ---------------------------------------------------------------------------

    def look(self, *, stale: bool = False, writes: int = 9) -> None:
        """One pass that ends after so many writes."""
        evidence = self.evidence()
        if stale and self.past is not None:
            # Status is never stale: a write from an old one is refused. Caches of everything else may be.
            old = self.past
            evidence = replace(evidence, populations=old.populations, seen=old.seen, selected=old.selected)
        before, after = self.state, machine.run(self.state, evidence, self.now).state
        self.judge(before, after, evidence)
        if after != before:
            if writes:
                self.state = after
            return
        ready = {name: each.ready for name, each in evidence.populations.items()}
        route = steer(after.split, evidence.seen, ready)
        for write in (lambda: self.move(route, evidence.seen, ready), lambda: self.size(evidence))[:writes]:
            write()

    def move(self, route: Split, before: Split | None, ready: dict[str, int]) -> None:
        """The route is written, by what the operator could know."""
        assert sum(route.weights.values()) in (0, WHOLE)
        if before is not None and any(ready.get(name) for name in (*route.serving, *before.serving)):
            assert all(ready.get(name) for name in route.serving), "traffic goes to nobody"
        self.route = route

    def size(self, evidence: Evidence) -> None:
        """Deployments are sized and, where nobody remembers them, deleted."""
        for entry in self.state.revisions:
            size = self.wanted.get(entry.name, 0)
            match entry.state:
                case RevisionState.CANDIDATE:
                    bounds = sizing.candidate_bounds(self.state, evidence)
                case RevisionState.STABLE:
                    bounds = sizing.stable_bounds(self.state, evidence)
                case RevisionState.WARM:
                    held = entry.held_replicas or 1
                    bounds = sizing.Bounds(held, max(held, 4))
                case _:
                    bounds = sizing.Bounds(0, 0, is_pin=True)
            # The autoscaler's upper bound counts as well.
            self.resize(entry.name, max(bounds.minimum, min(size, bounds.maximum)))
        for name in set(self.wanted) - {entry.name for entry in self.state.revisions}:
            self.resize(name, 0)

    def resize(self, name: str, size: int) -> None:
        """A Deployment's size is set; pods that are too many go at once."""
        self.wanted[name] = size
        self.ready[name] = min(self.ready.get(name, 0), size)

    def judge(self, before: State, after: State, evidence: Evidence) -> None:
        """What no pass may do."""
        split = after.split
        assert sum(split.weights.values()) in (0, WHOLE), split
        assert len(after.revisions) <= 10
        assert len(after.history) <= 20
        self._judge_traffic(before, after, evidence)
        promoted = after.phase is Phase.PROMOTING and before.phase is not Phase.PROMOTING
        if not promoted or before.stable is None:
            return
        former = before.entry(after.stable)
        if former is not None and former.state is RevisionState.WARM:
            return  # It served moments ago.
        assert evidence.population(after.stable).ready, "promoted without pods"
        if before.candidate != after.stable or before.unconditional:
            return
        gate = judging.gate(before, evidence)
        if gate is None or before.plan != evidence.policy.plan:
            return
        found = evidence.analysis
        assert found is not None, "promoted without evidence"
        assert judging.reading(found, gate) is Verdict.PASS, "promoted on failing evidence"
        assert self.now - found.at <= timedelta(seconds=2 * INTERVAL + 5), "promoted on old evidence"

    def _judge_traffic(self, before: State, after: State, evidence: Evidence) -> None:
        if after.candidate is None or after.weight <= before.weight or after.stable != before.stable:
            return
        assert evidence.population(after.candidate).ready, "a share is named for a revision without pods"
        assert after.failures == 0, "a failing candidate gets more"
        assert not evidence.policy.paused

    # --- everybody else -------------------------------------------------------------------------

    def pods(self) -> None:
        """Pods get ready, except those that are broken."""
        for name, size in self.wanted.items():
            self.ready[name] = 0 if name in self.broken else size

    def crash(self, name: str) -> None:
        """All pods of a revision end; they come back."""
        self.ready[name] = 0

    def measure(self, verdict: Verdict) -> None:
        """An analysis of the candidate's traffic comes in, if it has any."""
        state = self.state
        if state.candidate is None or state.traffic_since is None or not (state.weight or state.shadow):
            self.analysis = None
            return
        self.analysis = Analysis.of(self.now, INTERVAL, [Result("errorRate", verdict, 0.1, 0.2, "so it was")])

    def command(self, verb: str, name: str) -> None:
        """A person steers."""
        done = VERBS[verb](self.state, self.evidence(), name, self.now)
        if not isinstance(done, str):
            self.state = done.state

    def lose_status(self) -> None:
        """Status is gone: what the route selects is stable, and the rest was something once."""
        serving = self.seen().serving
        annotated = self.state.stable if len(serving) > 1 or not self.by_count else None
        stable = annotated or next(iter(sorted(serving)), None)
        entries = []
        for name, size in self.wanted.items():
            retired = RevisionState.WARM if size else RevisionState.COLD
            entries.append(
                RevisionStatus(
                    name=name,
                    state=RevisionState.STABLE if name == stable else retired,
                    model_key=f"key-{name}",
                    pinned=f"s3://{name}",
                    created_at=self.now,
                    retired_at=None if name == stable else self.now,
                )
            )
        if stable is not None and stable not in self.wanted:
            stable = None
        self.state = State(stable=stable, revisions=tuple(entries))
        self.analysis = None

    # --- the end --------------------------------------------------------------------------------

    def calm_down(self) -> None:
        """Everything is well from now on: the rollout ends, and what is asked for serves or was given up."""
        self.broken.clear()
        self.paused = False
        self.standing = Standing.APPROVED
        if self.state.paused and self.state.candidate is not None:
            self.command("resume", self.state.candidate)
        for _ in range(150):
            before = self.state
            self.pods()
            self.measure(Verdict.PASS)
            self.look()
            self.look()
            self.now += timedelta(seconds=INTERVAL)
            done = self.state.phase is Phase.IDLE and self.state == before
            serves = self.ready.get(self.state.stable or "", 0) > 0
            if done and serves and self.seen() == Split.whole(self.state.stable):
                break
        else:
            raise AssertionError(f"it does not end: {self.state}, {self.seen()}, {self.wanted}")
        given_up = self.state.rejection(self.asked) is not None
        assert self.state.stable == self.asked or given_up, f"{self.state.stable} is not {self.asked}"
        assert self.state.candidate is None
