"""docs/shadow.md names every metric, reason and limit as the code has them."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from modelyard_server.shadow import backlog, counts, digest, forward, join, pace, shadow, stamp
from modelyard_server.shadow.compare import COMPARERS, boxes, numbers, vectors
from modelyard_server.shadow.dropped import Dropped
from modelyard_server.tally import Identity

PAGE = (Path(__file__).parents[3] / "docs" / "shadow.md").read_text()


def _metrics() -> list[str]:
    registry = CollectorRegistry()
    counts.Counts(registry, Identity())
    return [
        f"{family.name}_total" if family.type == "counter" else family.name for family in registry.collect()
    ]


@pytest.mark.parametrize("name", [*_metrics(), *COMPARERS, *(reason.value for reason in Dropped)])
def test_the_page_has_it(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (counts.MAX_FLIPS, "the first 50,"),
        (digest.MAX_ITEMS, "The first 32 items"),
        (digest.MAX_ANSWER_BYTES // 1024, "over 256 KiB"),
        (digest.MAX_DIGEST_BYTES // 1024, "at most 64 KiB"),
        (forward.MAX_ANSWER_BYTES // 2**20, "over 4 MiB"),
        (forward.AT_ONCE, "At most 8 are on their way"),
        (f"{forward.SECONDS:g}", "within 5 s"),
        (join.SECONDS, "digests for 60 s"),
        (backlog.MAX_REQUESTS, "room for 256 requests"),
        (backlog.MAX_BYTES // 2**20, "16 MiB"),
        (boxes.OVERLAP, "over union of 0.5 on"),
        (boxes.DISAGREES, "`boxes` is over 0.1"),
        (vectors.DISAGREES, "over 0.01"),
        (f"{numbers.DISAGREES:.0%}".replace("%", " %"), "more than 5 % of"),
    ],
)
def test_the_page_has_the_limits(limit: object, words: str) -> None:
    assert str(limit) in words
    assert words in PAGE


def test_the_page_has_the_shares() -> None:
    assert (shadow.AGAIN, pace.SHARE, shadow.BUSY, stamp.SECONDS) == (0.1, 0.1, 0.25, 60)
    for words in ("Of a tenth of the compared", "at most a tenth", "a quarter full", "holds for a minute"):
        assert words in PAGE
