"""The gates of what users ask for besides: queries, webhooks and Jobs."""

from math import inf, nan

import pytest

from modelyard_operator.analysis.case import Ended, Nothing, Number, Reply, Unknown
from modelyard_operator.analysis.gates import (
    jobs,
    queries,
    webhooks,
)
from tests.operator.analysis.asking import FAIL, NOBODY, NONE, PASS, UNSURE, only
from tests.operator.analysis.cases import spec

QUERY = {"name": "carts", "promql": "up", "max": 5, "min": 1}
PROMETHEUS = {"address": "http://prometheus:9090"}


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        (Number(5), PASS, "queries[0] carts: 5"),
        (Number(1), PASS, "queries[0] carts: 1"),
        (Number(5.1), FAIL, "queries[0] carts: 5.1, over max, 5"),
        (Number(0.9), FAIL, "queries[0] carts: 0.9, under min, 1"),
        (Number(inf), FAIL, "queries[0] carts: inf, over max, 5"),
        (Number(-inf), FAIL, "queries[0] carts: -inf, under min, 1"),
        (Number(nan), NONE, "queries[0] carts: the value is NaN (a share of nothing?)"),
        (Nothing("no series"), NONE, "queries[0] carts: no series"),
        (Unknown("2 series"), UNSURE, "queries[0] carts: 2 series"),
        (None, UNSURE, "queries[0] carts: it was not asked"),
    ],
)
def test_queries(answer, verdict, words):
    asked = spec(queries=[QUERY], prometheus=PROMETHEUS)
    found = only(queries, NOBODY, spec=asked, queries={"carts": answer} if answer else {})
    assert (found.verdict, found.message) == (verdict, words)


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        (Reply(200), PASS, "webhooks[0] load answered 200"),
        (Reply(299), PASS, "webhooks[0] load answered 299"),
        (Reply(300), FAIL, "webhooks[0] load answered 300"),
        (Reply(199), FAIL, "webhooks[0] load answered 199"),
        (Reply(500, "too slow"), FAIL, "webhooks[0] load answered 500: too slow"),
        (Unknown("no answer within 10s"), UNSURE, "webhooks[0] load: no answer within 10s"),
    ],
)
def test_webhooks(answer, verdict, words):
    asked = spec(webhooks=[{"name": "load", "url": "http://load/"}])
    found = only(webhooks, spec=asked, webhooks={"load": answer})
    assert (found.verdict, found.message) == (verdict, words)


@pytest.mark.parametrize(
    ("job", "verdict", "words"),
    [
        (None, UNSURE, "jobs[0] smoke: its Job is not there yet"),
        (Ended(), UNSURE, "jobs[0] smoke: its Job still runs (5m at most)"),
        (Ended(succeeded=True), PASS, "jobs[0] smoke: its Job completed"),
        (
            Ended(failed=True, message="DeadlineExceeded"),
            FAIL,
            "jobs[0] smoke: its Job failed: DeadlineExceeded",
        ),
        (Ended(failed=True), FAIL, "jobs[0] smoke: its Job failed: see its log"),
    ],
)
def test_jobs(job, verdict, words):
    asked = spec(jobs=[{"name": "smoke", "image": "smoke:1"}])
    found = only(jobs, spec=asked, jobs={"smoke": job} if job else {})
    assert (found.verdict, found.message) == (verdict, words)
