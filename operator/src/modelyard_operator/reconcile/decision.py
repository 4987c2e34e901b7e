"""What is decided: the next memory, from what is seen and what is remembered. Pure."""

from dataclasses import dataclass
from datetime import datetime

from modelyard_operator.api.status import ModelStatus
from modelyard_operator.reconcile import commands, learned, purge, remembered, revisions, source, troubles
from modelyard_operator.reconcile.model import Event
from modelyard_operator.reconcile.purge import PurgeStep
from modelyard_operator.reconcile.source import SourceStep
from modelyard_operator.reconcile.view import View
from modelyard_operator.resources import catalog
from modelyard_operator.rollout import machine
from modelyard_operator.rollout.evidence import Asked, Evidence
from modelyard_operator.rollout.replay import Record, record
from modelyard_operator.rollout.state import Happening, News, State

WARNINGS = frozenset(
    {Happening.REJECTED, Happening.TAKEN_BACK, Happening.COUNTED, Happening.UNSETTLED, Happening.WITHDRAWN}
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is remembered from now on."""

    state: State
    source: SourceStep
    evidence: Evidence
    last_command: str | None
    refusal: str | None
    purge: PurgeStep
    events: tuple[Event, ...] = ()
    record: Record | None = None


def decide(view: View, now: datetime) -> Decision:
    """The next memory, from the one that stands in status or, if that was lost, from the children."""
    observed, ctx = view.observed, view.ctx
    lost = not revisions.is_sound(observed.status)
    state = revisions.recover(observed, view.kept, now) if lost else remembered.read(observed.status)
    step = source.advance(ctx, observed, state, view.kept, now)
    evidence = view.evidence(_asked(view, step.model), state, now, step.model.digest)
    commanded = commands.obey(observed, state, step, evidence, now, lost=lost)
    step, before = commanded.source, machine.remember(commanded.state, commanded.news, now)
    if before is not state:
        evidence = view.evidence(_asked(view, step.model), before, now, step.model.digest)
    run = machine.run(before, evidence, now)
    found = record(now, before, evidence, run) if run.news else None
    if run.state != before:
        evidence = view.evidence(evidence.asked, run.state, now, evidence.digest)
    step = learned.from_pods(view, step, run.state)
    purging = purge.advance(view, commanded.purge or observed.status.cache_purge, now)
    news = (*commanded.news, *run.news)
    events = (*step.events, *commanded.events, *(_event(each) for each in news), *purging.events)
    return Decision(run.state, step, evidence, commanded.last, commanded.refusal, purging, events, found)


def stand_still(view: View, now: datetime) -> Decision:
    """Nothing is decided while a kind that decisions rest on cannot be watched."""
    status = view.observed.status
    key = catalog.model_key(view.ctx.spec.model)
    model = status.model or ModelStatus(uri=view.ctx.spec.model.uri, key=key)
    state = remembered.read(status)
    return Decision(
        state,
        SourceStep(model),
        view.evidence(Asked(key), state, now),
        status.rollout.last_command,
        status.rollout.last_command_refusal,
        PurgeStep(status.cache_purge),
    )


def _asked(view: View, model: ModelStatus) -> Asked:
    found = source.source_of(model)
    if found is None:
        return Asked(model.key)
    name = catalog.revision_name(view.ctx, found)
    if name not in view.kept and catalog.lacks_image(view.ctx):
        return Asked(model.key, name)  # It cannot be born.
    return Asked(model.key, name, found.pinned)


def _event(news: News) -> Event:
    return Event(news.happening.value, troubles.clip(news.message), news.happening in WARNINGS)
