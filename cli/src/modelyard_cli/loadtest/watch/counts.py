"""A model server's own counts, and what two looks at them say together. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one pod, since it started.

    Attributes:
        at: Seconds since 1970 at which they were read.
        cpu: Seconds of CPU.
        memory: Bytes held now.
        in_flight: Requests being answered now.
        hits: Items that a cache had.
        misses: Items that none had.
    """

    at: float
    cpu: float
    memory: float
    in_flight: float
    hits: float
    misses: float


def read(exposition: str, at: float) -> Counts:
    """Read a pod's metrics.

    Only the few lines that count are looked at: a library would parse several hundred each second.
    """
    cpu = memory = in_flight = hits = missed_redis = missed_memory = 0.0
    asked_redis = False
    for line in exposition.splitlines():
        name, _, rest = line.partition(" ")
        metric, _, labels = name.partition("{")
        if metric == "process_cpu_seconds_total":
            cpu = float(rest.split()[0])
        elif metric == "process_resident_memory_bytes":
            memory = float(rest.split()[0])
        elif metric == "modelyard_in_flight_requests":
            in_flight = float(rest.split()[0])
        elif metric == "modelyard_cache_lookups_total":
            value = float(rest.split()[0])
            if 'result="hit"' in labels:
                hits += value
            elif 'level="redis"' in labels:
                missed_redis, asked_redis = value, value > 0
            else:
                missed_memory = value
    # What the memory lacks is looked up in Redis, where there is one: it is missed once.
    misses = missed_redis if asked_redis else missed_memory
    return Counts(at=at, cpu=cpu, memory=memory, in_flight=in_flight, hits=hits, misses=misses)


@dataclass(frozen=True, slots=True)
class Rates:
    """Of all pods between two looks.

    Attributes:
        cpu: Cores; None: no pod was seen twice.
        hits: Share of the items that a cache had; None: nothing was looked up.
    """

    cpu: float | None
    hits: float | None


def rates(before: Mapping[str, Counts], now: Mapping[str, Counts]) -> Rates:
    """What happened between two looks, by pod; a pod that is new counts from the next look on."""
    both = [(before[pod], now[pod]) for pod in now if pod in before and now[pod].at > before[pod].at]
    cpu = sum((new.cpu - old.cpu) / (new.at - old.at) for old, new in both)
    hits = sum(new.hits - old.hits for old, new in both)
    asked = hits + sum(new.misses - old.misses for old, new in both)
    return Rates(cpu=cpu if both else None, hits=hits / asked if asked > 0 else None)
