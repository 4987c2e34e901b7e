"""Who compares whose answers, and what counts as copies that flow."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from modelyard_operator import contract
from modelyard_operator.kube.objects import Container, Pod
from modelyard_operator.reconcile import part, shadowing
from modelyard_operator.reconcile.part import Forward, Part, Role
from modelyard_operator.routing.base import Split
from tests.operator.reconcile.simulator import spec
from tests.operator.routing.worlds import CTX, NEW, OLD

NOW = datetime(2026, 11, 21, tzinfo=UTC)
URL = f"http://sentiment-{NEW}.{CTX.namespace}.svc:80"
PORTS = {NEW: ({"name": "grpc", "port": 8033}, {"name": "http", "port": 80})}
SHADOWED = Split({OLD: 100}, NEW, 25)
SENDS = Part(Role.STABLE, OLD, NEW, Forward(URL, 25))
TAKES = Part(Role.CANDIDATE, OLD, NEW)


def pod(name: str, ready: bool = True, restarts: int = 0) -> Pod:
    server = Container(contract.SERVER_CONTAINER, restarts=restarts)
    return Pod(
        name,
        f"uid-{name}",
        "sentiment",
        None,
        "server",
        None,
        "10.0.0.1",
        "Running",
        ready,
        None,
        NOW,
        None,
        None,
        containers=(server,),
    )


def parts(split: Split, mirrors: bool = False, stable: str | None = OLD) -> dict[str, Part]:
    return shadowing.parts(CTX, split, stable, PORTS, mirrors=mirrors)


def seen(
    heard: dict[str, Part], old: Sequence[Pod], new: Sequence[Pod], mirrors: bool = False
) -> Split | None:
    return shadowing.seen(Split.whole(OLD), {OLD: old, NEW: new}, heard, mirrors=mirrors)


def test_the_pods_send_copies_where_the_mode_does_not() -> None:
    assert parts(SHADOWED) == {OLD: SENDS, NEW: TAKES}


def test_the_mesh_sends_them_where_it_can() -> None:
    assert parts(SHADOWED, mirrors=True) == {OLD: Part(Role.STABLE, OLD, NEW), NEW: TAKES}


@pytest.mark.parametrize(
    ("split", "stable"),
    [
        (Split.whole(OLD), OLD),
        (Split({OLD: 100}, NEW, 0), OLD),
        (Split({OLD: 90, NEW: 10}), OLD),
        (SHADOWED, None),
        (Split({"rother": 100}, NEW, 25), OLD),
    ],
)
def test_without_copies_nobody_compares(split: Split, stable: str | None) -> None:
    assert parts(split, stable=stable) == {}


def test_the_body_is_the_contracts() -> None:
    assert part.body(None) == {"role": None}
    assert part.body(TAKES) == {"role": "candidate", "pair": f"{OLD}-{NEW}", "sampling": 1.0, "forward": None}
    assert part.body(SENDS)["forward"] == {"url": URL, "percent": 25}


def test_copies_flow_once_every_pod_has_heard() -> None:
    old, new = [pod("a"), pod("b")], [pod("c")]
    heard = {"uid-a": SENDS}
    assert seen({}, old, new) == Split.whole(OLD)
    assert seen(heard, old, new) == Split({OLD: 100}, NEW, 0)
    heard |= {"uid-b": SENDS}
    assert seen(heard, old, new) == Split({OLD: 100}, NEW, 0)
    heard |= {"uid-c": TAKES}
    assert seen(heard, old, new) == SHADOWED
    other = Part(Role.STABLE, OLD, NEW, Forward(URL, 50))
    assert seen({**heard, "uid-b": other}, old, new) == Split({OLD: 100}, NEW, 0)
    assert seen(heard, [*old, pod("d", ready=False)], new) == SHADOWED


def test_copies_have_stopped_once_no_pod_sends_any() -> None:
    old, new = [pod("a"), pod("b")], [pod("c")]
    assert seen({"uid-b": SENDS, "uid-c": TAKES}, old, new) == Split({OLD: 100}, NEW, 0)
    assert seen({"uid-c": TAKES}, old, new) == Split.whole(OLD)


def test_what_a_mesh_does_is_told_by_its_route() -> None:
    heard = {"uid-a": SENDS, "uid-c": TAKES}
    assert seen(heard, [pod("a")], [pod("c")], mirrors=True) == Split.whole(OLD)
    assert shadowing.seen(None, {}, heard, mirrors=False) is None


def test_a_pod_that_began_anew_has_heard_nothing() -> None:
    told = {"uid-a": (SENDS, 0), "uid-b": (None, 0), "uid-gone": (SENDS, 0)}
    assert part.heard(told, [pod("a"), pod("b"), pod("c")]) == {"uid-a": SENDS}
    assert part.heard(told, [pod("a", restarts=1)]) == {}


COMPARED = {"steps": [{"weight": 10}, {"shadow": {"percent": 100, "for": "1m"}}]}


@pytest.mark.parametrize(
    ("mirrors", "cache", "analysis", "refused"),
    [
        (True, None, {"maxDisagreement": 0.01}, True),
        (True, {"managed": {}}, {"maxDisagreement": 0.01}, False),
        (True, None, {"maxErrorRate": 0.01}, False),
        (True, None, None, False),
        (False, None, {"maxDisagreement": 0.01}, False),
    ],
)
def test_answers_behind_a_mesh_are_compared_with_a_redis_only(
    mirrors: bool, cache: dict | None, analysis: dict | None, refused: bool
) -> None:
    given = COMPARED | ({"analysis": analysis} if analysis else {})
    asked = spec(rollout=given, **({"cache": cache} if cache else {}))
    assert shadowing.refusal(asked, 0, mirrors=mirrors) is None
    words = shadowing.refusal(asked, 1, mirrors=mirrors)
    assert (words is not None) is refused
    if words:
        assert words.startswith("spec.rollout.steps[1].shadow: ")
        assert "spec.cache is not set: set it" in words
