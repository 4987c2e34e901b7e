"""The page that tells of a load test."""

import json
import re
from pathlib import Path

from modelyard_cli.loadtest.plan import Plan
from modelyard_cli.loadtest.report.page import page, write
from modelyard_cli.loadtest.report.words import verdict
from modelyard_cli.loadtest.run import Outcome
from modelyard_cli.loadtest.scenario import scenario
from modelyard_cli.loadtest.watch.sample import Sample
from tests.loadtest.records import BEGAN, lines, record

SEEN = tuple(
    Sample(at=BEGAN + second, ready=1 + second // 4, desired=3, cpu=0.5, memory=2**28, in_flight=9, hits=0.9)
    for second in range(0, 12, 2)
)


def outcome(samples: tuple[Sample, ...] = SEEN, trouble: str = "", **how: float) -> Outcome:
    return Outcome(
        plan=Plan(scenario("sentiment", short=True), True, "http://sentiment.team.svc"),
        record=record(lines(12, failed=how.get("failed", 0.0), crossed=how.get("failed", 0.0) > 0)),
        samples=samples,
        source="the pods" if samples else None,
        trouble=trouble,
        where="this machine",
        machine="2 CPUs",
    )


def shown(text: str) -> dict[str, list[list[float | None]]]:
    [found] = re.findall(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    charts = json.loads(found)["charts"]
    return {chart["title"]: [line["values"] for line in chart["lines"]] for chart in charts}


def test_every_chart_has_what_was_measured() -> None:
    charts = shown(page(outcome(), name="sentiment"))
    assert charts["Throughput"] == [[100] * 12, [10] * 12]
    assert charts["Latency"] == [[10] * 12, [30] * 12, [40] * 12]
    assert charts["Failures"] == [[0] * 12]
    assert charts["Pods"] == [[1, 1, 2, 2, 3, 3], [3] * 6]
    assert charts["CPU"] == [[0.5] * 6]
    assert charts["Memory"] == [[256] * 6]
    assert charts["Cache"] == [[95] * 12]
    assert charts["Cache, by the servers' count"] == [[90] * 6]


def test_what_was_not_seen_has_no_chart_and_the_page_says_why() -> None:
    text = page(outcome(samples=(), trouble="403 Forbidden: pods"), name="sentiment")
    assert set(shown(text)) == {"Throughput", "Latency", "Failures", "Cache"}
    assert "403 Forbidden: pods" in text


def test_the_page_needs_nothing_else_and_runs_nothing_of_a_name(tmp_path: Path) -> None:
    text = page(outcome(), name="</script><img src=x onerror=alert(1)>")
    assert "<img" not in text
    assert not re.search(
        r"""<[^>]*(src|href)=|url\(|@import""", re.sub(r"(?s)<script>.*?</script>", "", text)
    )
    write(tmp_path / "deep" / "report.html", outcome(), name="sentiment")
    assert (tmp_path / "deep" / "report.html").stat().st_size < 200_000


def test_the_verdict_is_that_of_the_thresholds() -> None:
    good, bad = outcome(), outcome(failed=0.5)
    assert good.passed and not bad.passed
    assert "Every threshold holds" in page(good, name="a") and "A threshold does not hold" in page(
        bad, name="a"
    )
    assert verdict(good) == [
        "1,200 requests in 12 s: 100.0 a second",
        "latency: p50 10.0 ms, p95 30.0 ms, p99 40.0 ms, max 80 ms",
        "failed: 0 (0.00 %)",
        "from a cache: 95.00 % of 1,200 predictions",
        "pods: 1 at first, 3 at the most, 3 at last",
        "threshold http_req_duration p(99)<1000: holds",
        "threshold http_req_failed rate==0: holds",
    ]
    assert "failed: 600 (50.00 %)" in verdict(bad)
    assert "threshold http_req_failed rate==0: does not hold" in verdict(bad)
