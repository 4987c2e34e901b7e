"""Users' addresses do not lead to the operator's own machine."""

import aiohttp
import pytest
from aiohttp import web

from modelyard_operator.analysis.sources.address import guarded_session, is_allowed
from tests.operator.analysis.pods import served


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("10.0.0.7", True),
        ("prometheus.monitoring.svc", True),
        ("2001:db8::1", True),
        ("127.0.0.1", False),
        ("127.1.2.3", False),
        ("::1", False),
        ("0.0.0.0", False),
        ("169.254.169.254", False),
        ("fe80::1%eth0", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.7", True),
        ("224.0.0.1", False),
    ],
)
def test_bare_addresses(host, allowed):
    assert is_allowed(host) is allowed


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "127.1"])
async def test_nothing_on_this_machine_is_reached(host):
    heard = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(request.path)
        return web.Response()

    runner, port = await served({"/x": ("GET", answer)})
    async with guarded_session() as session:
        with pytest.raises((OSError, aiohttp.ClientError)):
            await session.get(f"http://{host}:{port}/x")
    await runner.cleanup()
    assert heard == []
