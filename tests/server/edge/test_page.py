"""docs/edge.md tells the limits that the code has."""

from pathlib import Path

import pytest

from modelyard_server import connections, protocol, server
from modelyard_server.edge import jwks, keys, limits, record, recorder, tokens
from modelyard_server.edge.redaction import PARTS
from modelyard_server.edge.sinks import SINKS
from modelyard_server.edge.sinks import file as file_sink
from modelyard_server.edge.sinks.http import EVENT_TYPE

PAGE = (Path(__file__).parents[3] / "docs" / "edge.md").read_text()


@pytest.mark.parametrize(
    "words",
    [
        f"{connections.DEFAULT_MOST:,}, or {connections._OTHER_FILES} fewer than the files",
        f"address and headers | {protocol.MAX_HEAD_BYTES // 1024} KiB",
        f"time for the head, once begun | {protocol.HEAD_SECONDS:g} s",
        f"{protocol.BODY_SECONDS:g} s, and 1 s more for every {protocol.BODY_RATE // 1024} KiB",
        f"an answer left unread | {protocol.STUCK_SECONDS:g} s",
        f"an idle connection | {server.KEEP_ALIVE_SECONDS} s",
        f"clocks may differ by {tokens.LEEWAY_SECONDS} s",
        f"every {jwks.REFRESH_SECONDS / 60:g} minutes",
        f"at most every {jwks.UNKNOWN_KEY_SECONDS:g} s",
        ", ".join(tokens.ALGORITHMS),
        f"({tokens._REMEMBERED:,} of them)",
        f"under {keys._SHORT} characters",
        f"{limits.MAX_BUCKETS:,} clients are remembered",
        f"over {record.MAX_BODY_BYTES // 1024} KiB",
        f"{recorder.MAX_RECORDS:,} records and {recorder.MAX_BYTES // 2**20} MiB",
        f"batches of up to {recorder._MOST_AT_ONCE}",
        f"A file of {file_sink.MAX_BYTES // 2**20} MiB",
        f"{file_sink.BACKUPS} of these are kept",
        EVENT_TYPE,
        *(f"| `{sink}` |" for sink in SINKS),
        *(f"`{part}`" for part in sorted(PARTS)),
    ],
)
def test_the_page_has_it(words: str) -> None:
    assert words in PAGE
