"""An issuer that takes longer to answer than a request would ask it again."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from modelyard_server.edge.edge import Edge
from modelyard_server.edge.gate import Gate
from modelyard_server.edge.jwks import UNKNOWN_KEY_SECONDS, Fetch, IssuerKeys, KeysError, fetch_document
from modelyard_server.edge.tokens import Tokens
from modelyard_server.errors import ProblemError
from modelyard_server.metrics import Metrics
from tests.server.edge.issuer import Issuer, issuing


class SlowNetwork:
    """Each document takes longer than `UNKNOWN_KEY_SECONDS`, by a clock that nothing else moves."""

    def __init__(self, fetch: Fetch) -> None:
        self.now = 1000.0
        self.fetched = 0
        self._fetch = fetch

    def clock(self) -> float:
        return self.now

    def __call__(self, url: str) -> bytes:
        self.fetched += 1
        self.now += UNKNOWN_KEY_SECONDS + 1
        assert self.fetched < 10, "it is asked without end"
        return self._fetch(url)


def nobody(url: str) -> bytes:
    raise KeysError(f"{url}: no answer")


def edge_of(issuer: Issuer, network: SlowNetwork) -> Edge:
    keys = IssuerKeys(issuer.url, f"{issuer.url}/jwks", network, network.clock)
    tokens = Tokens(issuer.url, (), keys, time.time)
    gate = Gate(key_header=None, keys_dir=Path("none"), tokens=tokens, limit=None)
    return Edge(Metrics("sentiment", "r1"), gate=gate)


async def entered(edge: Edge, token: str) -> int:
    headers = [(b"authorization", b"Bearer " + token.encode())]
    try:
        await edge.enter(edge.open("/predict", headers, ("127.0.0.1", 1)))
    except ProblemError as error:
        return error.status
    return 200


async def test_a_request_asks_it_once_and_is_then_refused() -> None:
    with issuing() as issuer:
        network = SlowNetwork(nobody)
        edge = edge_of(issuer, network)

        assert await entered(edge, issuer.token()) == 503
        assert network.fetched == 1
        # From when it has answered, not from when it was asked.
        network.now += UNKNOWN_KEY_SECONDS - 1
        assert await entered(edge, issuer.token()) == 503
        assert network.fetched == 1
        network.now += 1
        assert await entered(edge, issuer.token()) == 503
        assert network.fetched == 2


async def test_who_waited_for_it_is_admitted() -> None:
    with issuing() as issuer:
        edge = edge_of(issuer, SlowNetwork(fetch_document))

        assert await asyncio.gather(*(entered(edge, issuer.token()) for _ in range(5))) == [200] * 5


async def test_who_has_waited_does_not_wait_for_the_next_answer_too() -> None:
    let = threading.Event()

    def hanging(url: str) -> bytes:
        assert let.wait(30)
        return fetch_document(url)

    with issuing() as issuer:
        edge = edge_of(issuer, SlowNetwork(hanging))
        assert edge.gate is not None
        under_way = asyncio.create_task(edge.gate.learn())
        await asyncio.sleep(0)
        exchange = edge.open("/predict", [(b"authorization", b"Bearer " + issuer.token().encode())], None)
        assert not edge.enter_now(exchange)
        with pytest.raises(ProblemError) as refused:
            edge.enter_now(exchange, learnt=True)
        let.set()
        await under_way

    assert refused.value.status == 503
