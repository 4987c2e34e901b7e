"""Weights as they are achieved, and how fast a command takes traffic back to a warm revision."""

import time
from statistics import mean
from typing import Any

from benchmarks.goal import Goal, repeated
from benchmarks.operator.scale import say
from benchmarks.rollout.asked import Answers, asked, asking, last_of_others, settled, shares
from benchmarks.rollout.place import MODES, NAMESPACE, Place, Raw, answering, resource, until

WEIGHTS = (10, 50, 90)
RATE = 60.0
SETTLED = 60
"""So many answers in a row of one revision: it has all of the traffic."""
QUIET = 3.0
"""Seconds after which an answer of the other revision would have come."""
REPLICAS_ROUNDS = 2
CONNECTION_AGE = 10
"""Seconds; the least that makes the wait in mode `replicas` short enough to be measured."""


def weights(place: Place, mode: str, requests: int, samples: int) -> list[Goal]:
    """A goal on each weight."""
    way = place.way(mode, mode)
    steps = {"deadline": "3m", "steps": [{"weight": weight, "for": "30m"} for weight in WEIGHTS]}
    place.apply(resource(mode, mode, way=way, rollout=steps))
    place.rested(mode)
    headers = {"host": way.host}
    answering(way.url, headers)
    place.apply(resource(mode, mode, way=way, rollout=steps, server=generation("weights")))
    goals = []
    for weight in WEIGHTS:
        candidate = place.observed(mode, "weight", weight)
        found = [asked(way.url, headers, requests) for _ in range(samples)]
        got = [shares(answers).get(candidate, 0.0) for answers in found]
        failed = sum(not answer.ok for answers in found for answer in answers)
        goals.append(
            repeated(
                f"{mode}: achieved weight off the desired {weight} %",
                [abs(share - weight) for share in got],
                "points",
                at_most=2,
                detail=f"{samples} times {requests:,} requests, {mean(got):.2f} % of all, {failed} failed",
            )
        )
        say(goals[-1].line())
        place.command(mode, "skip", candidate)
    return goals


def roll_backs(place: Place, mode: str, rounds: int) -> Goal:
    """From the command's write to the last answer of the revision that was promoted before it."""
    way = place.way(mode, mode)
    place.apply(resource(mode, mode, way=way))
    headers = {"host": way.host}
    answering(way.url, headers)
    with asking(way.url, headers, RATE) as answers:
        times = [_roll_back(place, mode, answers, QUIET, n, way=way) for n in range(rounds)]
    detail = f"{rounds} roll-backs at {RATE:g} requests a second, {answers.failed} failed"
    return repeated(f"{mode}: roll-back by command to a warm revision", times, "s", at_most=1, detail=detail)


def roll_back_replicas(place: Place, rounds: int) -> Goal:
    """The same where the Service moves the traffic: long-lived connections stay until they are of age."""
    name = mode = "replicas"
    # An age is spread by a tenth, so that connections do not all end at once.
    longest = 1.1 * CONNECTION_AGE
    server = {"maxConnectionAgeSeconds": CONNECTION_AGE}
    place.apply(resource(name, mode, server=server))
    place.rested(name)
    with place.target.service(name, NAMESPACE) as url:
        answering(url, {})
        with asking(url, {}, RATE) as answers:
            times = [_roll_back(place, name, answers, longest + QUIET, n, age=server) for n in range(rounds)]
    return repeated(
        f"{mode}: roll-back by command to a warm revision",
        times,
        "s",
        at_most=longest,
        detail=f"maxConnectionAgeSeconds {CONNECTION_AGE}, give or take a tenth; {answers.failed} failed",
    )


def all_weights(place: Place, requests: int, samples: int) -> list[Goal]:
    """Both modes with a mesh, one after the other."""
    goals = []
    for mode in MODES:
        say(f"{mode}: weights over {samples} times {requests:,} requests each")
        goals += weights(place, mode, requests, samples)
        place.remove(mode)
    return goals


def all_roll_backs(place: Place, rounds: int) -> list[Goal]:
    """All modes, one after the other."""
    goals = []
    for mode in MODES:
        say(f"{mode}: {rounds} roll-backs")
        goals.append(roll_backs(place, mode, rounds))
        say(goals[-1].line())
        place.remove(mode)
    few = min(rounds, REPLICAS_ROUNDS)
    say(f"replicas: {few} roll-backs")
    goals.append(roll_back_replicas(place, few))
    say(goals[-1].line())
    place.remove("replicas")
    return goals


def generation(word: str) -> Raw:
    """What makes another revision that answers the same."""
    return {"env": [{"name": "GENERATION", "value": word}]}


def _roll_back(
    place: Place,
    mode: str,
    answers: Answers,
    quiet: float,
    number: int,
    *,
    age: Raw | None = None,
    **spec: Any,
) -> float:
    """Promote a revision, wait until it has all traffic, go back; seconds until the last of its answers."""
    warm = place.rested(mode)
    place.apply(resource(mode, mode, server=(age or {}) | generation(f"{number}"), **spec))

    def promoted() -> str | None:
        found = place.rested(mode)
        return None if found == warm else found

    def look() -> Raw:
        return place.status(mode)

    present = until("the new revision is promoted", promoted, look)
    begin = time.monotonic()
    until(f"{present} has all", lambda: settled(answers.after(begin), present, SETTLED), look)
    if mode == "replicas":
        time.sleep(quiet)  # Until no connection is left from before.
    begin = place.command(mode, "rollback", warm)
    until(f"{warm} has all", lambda: settled(answers.after(begin), warm, SETTLED), look)
    # Connections that were idle meanwhile have had their turn by then.
    time.sleep(quiet)
    place.rested(mode)
    return last_of_others((each for each in answers.after(begin) if each.ok), warm, begin)
