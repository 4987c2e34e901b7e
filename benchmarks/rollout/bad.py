"""How soon a bad candidate is found out and has no traffic, or no copies, left."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.goal import Goal, repeated
from benchmarks.operator.scale import say
from benchmarks.rollout.asked import asking, failed_for
from benchmarks.rollout.place import FAILING, MODES, Place, answering, resource, until
from demo.rollout import WORSE

INTERVAL = 5
"""Seconds between two verdicts."""
AFTER = 2
"""Seconds that are left, after a verdict is due, for the counters, the decision and the route."""
RATE = 60.0
QUIET = 3.0
"""Seconds without a request to the candidate after which there comes none."""
LOOK_SECONDS = 0.05
COUNTER = "modelyard_requests_total"

ANALYSIS = {
    "interval": f"{INTERVAL}s",
    "minRequests": 20,
    "failureLimit": 1,
    # What is measured is one bad candidate and not how sure a comparison of two is.
    "compare": {"latency": False, "errors": False},
}
ERRORS = {
    "deadline": "3m",
    "steps": [{"weight": 10, "for": "5m"}],
    "analysis": ANALYSIS | {"maxErrorRate": 0.01},
}
FLIPS = {
    "deadline": "3m",
    "steps": [{"shadow": {"percent": 100, "for": "5m"}}, {"weight": 10, "for": "5m"}],
    "analysis": ANALYSIS | {"maxDisagreement": 0.05},
}


def measure(place: Place, rounds: int) -> list[Goal]:
    """In both modes with a mesh, errors under a weight and flipped labels under copies."""
    goals = []
    for mode in MODES:
        say(f"{mode}: {rounds} candidates whose answers are errors, at weight 10")
        goals.append(_errors(place, mode, rounds))
        say(goals[-1].line())
        place.remove(mode)
        say(f"{mode}: {rounds} candidates with flipped labels, at shadow 100 %")
        goals.append(_flips(place, mode, rounds))
        say(goals[-1].line())
        place.remove(mode)
    return goals


def _errors(place: Place, mode: str, rounds: int) -> Goal:
    way = place.way(mode, mode)
    common: dict[str, Any] = {"way": way, "rollout": ERRORS, "scaling": {"maxReplicas": 1}}
    place.apply(resource(mode, mode, **common))
    place.rested(mode)
    headers = {"host": way.host}
    answering(way.url, headers)
    times, lost = [], []
    for number in range(rounds):
        with asking(way.url, headers, RATE) as answers:
            place.apply(resource(mode, mode, model=FAILING, server=_generation(number), **common))
            _given_up(place, mode, number + 1)
            time.sleep(QUIET)
            times.append(failed_for(answers.after(0)))
            lost.append(answers.failed)
    return repeated(
        f"{mode}: a candidate's first error to its last, weight 10",
        times,
        "s",
        at_most=INTERVAL + AFTER,
        detail=f"interval {INTERVAL} s; {min(lost)} to {max(lost)} requests failed, at {RATE:g} a second",
    )


def _flips(place: Place, mode: str, rounds: int) -> Goal:
    way = place.way(mode, mode)
    common: dict[str, Any] = {
        "way": way,
        "rollout": FLIPS,
        "scaling": {"maxReplicas": 1},
        "cache": {"managed": {}},
    }
    place.apply(resource(mode, mode, **common))
    place.rested(mode)
    headers = {"host": way.host}
    answering(way.url, headers)
    times, failed = [], 0
    for number in range(rounds):
        with asking(way.url, headers, RATE) as answers:
            place.apply(resource(mode, mode, model=WORSE, server=_generation(number), **common))
            candidate = until("a candidate", lambda: _candidate(place, mode), lambda: place.status(mode))
            with copies(place, mode, candidate) as grown:
                _given_up(place, mode, number + 1)
                time.sleep(QUIET)
            times.append(max(grown) - min(grown))
            failed += answers.failed
    return repeated(
        f"{mode}: flipped labels, first copy to last, shadow 100 %",
        times,
        "s",
        at_most=INTERVAL + AFTER,
        detail=f"interval {INTERVAL} s, to {LOOK_SECONDS:g} s; {failed} requests failed",
    )


@contextmanager
def copies(place: Place, name: str, revision: str) -> Iterator[list[float]]:
    """When the requests that the revision's pods count were seen to grow, in monotonic seconds."""
    grown: list[float] = []
    stop = threading.Event()

    def look() -> None:
        counts: dict[str, float] = {}
        urls: list[str] = []
        with httpx.Client(timeout=2) as client:
            while not stop.wait(LOOK_SECONDS):
                urls = urls or place.pods(name, revision)
                for url in urls:
                    with suppress(httpx.HTTPError):
                        now = counted(client.get(f"{url}/metrics").text)
                        if now > counts.get(url, 0.0):
                            grown.append(time.monotonic())
                        counts[url] = now

    thread = threading.Thread(target=look, name="copies")
    thread.start()
    try:
        yield grown
    finally:
        stop.set()
        thread.join()


def counted(text: str) -> float:
    """The requests that a page of metrics counts."""
    families = text_string_to_metric_families(text)
    return sum(sample.value for family in families for sample in family.samples if sample.name == COUNTER)


def _generation(number: int) -> dict[str, Any]:
    return {"env": [{"name": "GENERATION", "value": f"bad {number}"}]}


def _candidate(place: Place, name: str) -> str | None:
    revision = place.status(name).get("candidateRevision")
    return revision if revision and place.pods(name, revision) else None


def _given_up(place: Place, name: str, number: int) -> None:
    def done() -> bool:
        rollout = place.status(name).get("rollout", {})
        return len(rollout.get("rejected", ())) >= number and rollout.get("phase") == "Idle"

    until(f"candidate {number} of {name} is given up", done, lambda: place.status(name).get("rollout"))
