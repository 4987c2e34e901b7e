"""Recorded evidence through the state machine again: it must decide what it decided. Pure.

A record is one pass in which something was decided: the state before, what was seen, and what was decided.
The operator logs each as one line of JSON (`rollout decided`, field `record`); records stand alone, so a log
with gaps can be replayed as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from modelyard_operator.rollout import machine
from modelyard_operator.rollout.evidence import Evidence
from modelyard_operator.rollout.state import State, Step


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision."""

    revision: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Record:
    """One pass of the machine."""

    at: datetime
    state: State
    """Before."""
    evidence: Evidence
    phase: str
    """After."""
    weight: int
    """After: per cent of the traffic for the candidate."""
    decisions: tuple[Decided, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a record."""

    record: Record
    phase: str
    weight: int
    decisions: tuple[Decided, ...]

    @property
    def is_same(self) -> bool:
        """Whether the machine decides today what it decided then."""
        then = (self.record.phase, self.record.weight, self.record.decisions)
        return then == (self.phase, self.weight, self.decisions)


_RECORD: TypeAdapter[Record] = TypeAdapter(Record)


def record(at: datetime, state: State, evidence: Evidence, step: Step) -> Record:
    """The record of a pass that began at `state` and came to `step`."""
    return Record(at, state, evidence, step.state.phase.value, step.state.weight, _decisions(step))


def dump(found: Record) -> dict[str, Any]:
    """As JSON values."""
    value: dict[str, Any] = _RECORD.dump_python(found, mode="json", exclude_none=True)
    return value


def load(value: object) -> Record:
    """From JSON values.

    Raises:
        pydantic.ValidationError: it is no record; the message names the fields.
    """
    return _RECORD.validate_python(value)


def replay(records: Iterable[Record]) -> tuple[Replayed, ...]:
    """Each record through the machine, in order."""
    found: list[Replayed] = []
    for each in records:
        step = machine.run(each.state, each.evidence, each.at)
        found.append(Replayed(each, step.state.phase.value, step.state.weight, _decisions(step)))
    return tuple(found)


def _decisions(step: Step) -> tuple[Decided, ...]:
    return tuple(Decided(news.revision, news.happening.value, news.message) for news in step.news)
