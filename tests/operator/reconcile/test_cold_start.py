"""Where a cold start's seconds went."""

from dataclasses import replace
from datetime import timedelta

from modelyard_operator.api.status import ColdStart
from modelyard_operator.kube.objects import Container
from modelyard_operator.reconcile import cold_start
from modelyard_operator.reconcile.model import Readiness
from tests.operator.reconcile.simulator import START
from tests.operator.reconcile.test_troubles import POD


def at(seconds: float):
    return START + timedelta(seconds=seconds)


READY = replace(
    POD,
    ready=True,
    created_at=at(0),
    scheduled_at=at(1),
    ready_at=at(20),
    init_containers=(Container("fetch", started_at=at(4), finished_at=at(9), exit_code=0),),
)
HEARD = {READY.uid: Readiness(load_seconds=6.04, warm_seconds=0.55)}


def test_each_stage_has_its_seconds():
    assert cold_start.measure([READY], HEARD, at(21)) == ColdStart(
        scheduled=1.0, pulled=3.0, fetched=5.0, loaded=6.0, warmed=0.6, total=20.0
    )


def test_the_first_ready_pod_counts():
    later = replace(READY, uid="later", name="a", ready_at=at(30))
    assert cold_start.measure([later, READY], HEARD, at(40)).total == 20.0


def test_it_waits_for_the_servers_word_but_not_for_ever():
    assert cold_start.measure([READY], {}, at(79)) is None
    found = cold_start.measure([READY], {}, at(80))
    assert (found.loaded, found.warmed, found.total) == (None, None, 20.0)


def test_no_ready_pod_no_figures():
    assert cold_start.measure([POD], {}, at(500)) is None
