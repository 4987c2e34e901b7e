"""Asks a Prometheus: for the counters of the pods, and for queries of the user's own.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Any

import aiohttp
import orjson

from modelyard_operator.analysis.case import Answer, Nothing, Number, Unknown
from modelyard_operator.analysis.readings import FAMILIES, OF_THE_MODEL, OF_THE_PROCESS, Sample, reading
from modelyard_operator.analysis.sources.base import Look, SourceError, body, reason
from modelyard_operator.analysis.sources.credentials import Credentials
from modelyard_operator.analysis.window import PodRef
from modelyard_operator.api.checks import Prometheus
from modelyard_operator.contract import PORT

ANSWER_SECONDS = 5.0
ANSWER_LIMIT = 32 << 20
AT_ONCE = 16
WORDS = 300
"""Characters that are told of an error."""
_NOT_THERE = "is analysis.prometheus.address right, and is it up?"
_NOT_LET_IN = "does it take what analysis.prometheus.secretRef has?"
_UNWELCOME = frozenset({401, 403})

_PLACE = re.compile(r"\$(candidate|stable|namespace|name|interval)\b")
_VALUES = {"+Inf": inf, "-Inf": -inf, "NaN": nan}


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf a Prometheus is asked."""

    namespace: str
    name: str
    prometheus: Prometheus


def filled(promql: str, values: Mapping[str, str]) -> str:
    """The query with `$candidate` and the like in place; any other `$` stays."""
    return _PLACE.sub(lambda found: values.get(found[1], ""), promql)


class PrometheusApi:
    """Asks any Prometheus that speaks the HTTP API: Thanos, Mimir and VictoriaMetrics do too."""

    def __init__(self, session: aiohttp.ClientSession, credentials: Credentials, *, port: int = PORT) -> None:
        """One for all rollouts.

        Args:
            session: for requests.
            credentials: of the users' Secrets.
            port: that pods are scraped at.
        """
        self._session = session
        self._credentials = credentials
        self._port = port
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def look(self, asker: Asker, pods: Sequence[PodRef], pair: str) -> Look:
        """What it last scraped of the pods; without any word of it, the trouble says why."""
        try:
            answer = await self._ask(asker, self._counters(asker, pods))
            found = _by_pod(_samples(answer), pods, asker.namespace)
            return Look({uid: reading(of_pod, pair) for uid, of_pod in found.items()}, _missing(pods, found))
        except (SourceError, KeyError, ValueError, TypeError) as error:
            words = (
                str(error) if isinstance(error, SourceError) else f"an answer that makes no sense: {error!r}"
            )
            return Look(trouble=f"Prometheus {asker.prometheus.address}: {words}")

    async def query(self, asker: Asker, promql: str) -> Answer:
        """The one number that a query gives."""
        try:
            data = await self._ask(asker, promql)
        except SourceError as error:
            return Unknown(str(error))
        try:
            return _number(data)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            return Unknown(f"Prometheus gave an answer that makes no sense: {error!r}")

    def _counters(self, asker: Asker, pods: Sequence[PodRef]) -> str:
        """One query for all families, as they stand now.

        The servers' own series are found by their labels; those of the process, which have none of these, by
        where they were scraped.
        """
        revisions = "|".join(sorted({pod.revision for pod in pods}))
        places = "|".join(re.escape(_place(pod, self._port)).replace("\\", "\\\\") for pod in pods)
        names = {"model": "|".join(OF_THE_MODEL), "process": "|".join(OF_THE_PROCESS)}
        return (
            f'{{__name__=~"{names["model"]}",model_name="{asker.name}",revision=~"{revisions}"}} or '
            f'{{__name__=~"{names["process"]}",instance=~"{places}"}}'
        )

    async def _ask(self, asker: Asker, promql: str) -> Mapping[str, Any]:
        """The `data` of an instant query.

        Raises:
            SourceError: it does not answer, or not with success.
        """
        where = asker.prometheus
        credentials, namespace = self._credentials, asker.namespace
        headers = await credentials.headers(namespace, where.secret_ref.name if where.secret_ref else None)
        trust = await credentials.trust(namespace, where.ca_secret)
        try:
            async with (
                self._slots,
                # POST: queries that name a hundred pods are longer than addresses may be.
                self._session.post(
                    f"{where.address.rstrip('/')}/api/v1/query",
                    data={"query": promql, "timeout": f"{ANSWER_SECONDS:g}s"},
                    headers=headers,
                    ssl=trust,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
                ) as response,
            ):
                content = await body(response, ANSWER_LIMIT)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise SourceError(f"{reason(error, ANSWER_SECONDS)}: {_NOT_THERE}") from error
        if response.status in _UNWELCOME:
            raise SourceError(f"it answered {response.status}: {_NOT_LET_IN}")
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise SourceError(f"it answered {response.status} and no JSON: {_NOT_THERE}") from None
        if not isinstance(answer, dict) or answer.get("status") != "success":
            words = answer.get("error") if isinstance(answer, dict) else None
            raise SourceError(f"it answered {response.status}: {str(words or 'no reason')[:WORDS]}")
        data = answer.get("data")
        return data if isinstance(data, dict) else {}


def _samples(data: Mapping[str, Any]) -> Iterable[Sample]:
    for each in data["result"]:
        labels = each["metric"]
        if labels.get("__name__") in FAMILIES:
            yield Sample(labels["__name__"], labels, _value(each["value"][1]))


def _by_pod(samples: Iterable[Sample], pods: Sequence[PodRef], namespace: str) -> dict[str, list[Sample]]:
    """By pod uid: by the label `pod` where discovery sets it, else by the address that was scraped."""
    by_name = {pod.name: pod.uid for pod in pods}
    by_ip = {pod.ip: pod.uid for pod in pods}
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        labels = sample.labels
        if labels.get("namespace", namespace) != namespace:
            continue
        ip = labels.get("instance", "").rpartition(":")[0].strip("[]")
        uid = by_name.get(labels["pod"]) if "pod" in labels else by_ip.get(ip)
        if uid is not None:
            found.setdefault(uid, []).append(sample)
    return found


def _missing(pods: Sequence[PodRef], found: Mapping[str, Any]) -> str | None:
    lacking = [pod.name for pod in pods if pod.uid not in found]
    if not lacking:
        return None
    return f"Prometheus knows nothing of pod {lacking[0]}: does it scrape the pods' /metrics?"


def _place(pod: PodRef, port: int) -> str:
    return f"[{pod.ip}]:{port}" if ":" in pod.ip else f"{pod.ip}:{port}"


def _number(data: Mapping[str, Any]) -> Answer:
    kind, result = data["resultType"], data["result"]
    if kind == "scalar":
        return Number(_value(result[1]))
    if kind != "vector":
        return Unknown(
            f"it gives a {kind}, not a number: ask for an instant vector, such as sum(rate(…[5m]))"
        )
    if not result:
        return Nothing("no series: nothing has these labels now")
    if len(result) > 1:
        return Unknown(f"it gives {len(result)} series, not one number: put sum(…) or max(…) around it")
    return Number(_value(result[0]["value"][1]))


def _value(text: str) -> float:
    return _VALUES[text] if text in _VALUES else float(text)
