"""Connections end announced: a keep-alive client never loses a request."""

import asyncio
import http.client
import json
import socket
import threading
from pathlib import Path
from typing import Self

import httpx
import pytest

from modelyard_server.connections import ConnectionPolicy
from tests.server.conftest import DEADLINE, Launch, RuntimeVolume, ServerProcess, eventually

BODY = json.dumps({"text": ["good film"]})


def post(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    connection.request("POST", "/predict", BODY, {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    return response


def connect(server: ServerProcess) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)


class LoadClient:
    """A keep-alive client of several instances, as one behind a Service.

    It honours `Connection: close`, goes to the next instance with each new connection, and retries
    nothing: each request that fails is counted.
    """

    def __init__(self, servers: list[ServerProcess]) -> None:
        self.servers = servers
        self.sent = 0
        self.failures: list[str] = []
        self.closes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        connection = None
        while not self._stop.is_set():
            if connection is None:
                connection = connect(self.servers[0])
            try:
                response = post(connection)
            except (http.client.HTTPException, OSError) as error:
                self.failures.append(repr(error))
                connection = None
                continue
            self.sent += 1
            if response.status != 200:
                self.failures.append(str(response.status))
            if response.headers.get("Connection") == "close":
                self.closes += 1
                connection.close()
                connection = None


def test_an_old_connection_is_ended_with_an_answer(sentiment: Path, launch: Launch) -> None:
    server = launch(sentiment, MODELYARD_MAX_CONNECTION_AGE_SECONDS="0.2")

    with LoadClient([server]) as client:
        asyncio.run(eventually(lambda: client.closes >= 3, "three connections grew old"))

    assert client.failures == []
    assert client.sent > client.closes


def test_a_young_connection_is_kept(sentiment: Path, launch: Launch) -> None:
    server = launch(sentiment)
    connection = connect(server)

    assert all(post(connection).headers.get("Connection") is None for _ in range(20))


def test_ages_differ_by_a_tenth() -> None:
    bounds = []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return high

    policy = ConnectionPolicy(100, clock=lambda: 1000.0, uniform=uniform)
    old_from = policy.opened(object())  # type: ignore[arg-type]

    assert bounds == [(0.9, 1.1)]
    assert old_from == pytest.approx(1110)
    assert not policy.ends(old_from)
    assert policy.ends(1000.0)


def test_no_age_is_for_ever() -> None:
    policy = ConnectionPolicy(0)

    assert not policy.ends(policy.opened(object()))  # type: ignore[arg-type]


def test_drain_costs_no_request(sentiment: Path, launch: Launch) -> None:
    """SIGTERM: new connections go to the other instance, the old ones end with their next answers."""
    leaving = launch(sentiment, MODELYARD_DRAIN_SECONDS="1")
    staying = launch(sentiment)
    servers = [leaving]

    clients = [LoadClient(servers) for _ in range(8)]
    for client in clients:
        client.__enter__()
    asyncio.run(eventually(lambda: all(client.sent > 20 for client in clients), "every client is under way"))
    leaving.terminate()
    asyncio.run(
        eventually(lambda: all(client.closes >= 2 for client in clients), "connections end while it drains")
    )
    servers[:] = [staying]
    status = leaving.wait()
    sent = [client.sent for client in clients]
    asyncio.run(
        eventually(
            lambda: all(now.sent > before + 20 for now, before in zip(clients, sent, strict=True)),
            "clients go on at the other instance",
        )
    )
    for client in clients:
        client.__exit__()

    assert [client.failures for client in clients] == [[]] * 8
    assert status == 0


def test_while_draining_the_pod_is_not_ready_and_answers(sentiment: Path, launch: Launch) -> None:
    server = launch(sentiment, MODELYARD_DRAIN_SECONDS="30")
    connection = connect(server)
    assert post(connection).headers.get("Connection") is None
    server.terminate()

    asyncio.run(
        eventually(lambda: httpx.get(f"{server.url}/ready").status_code == 503, "the probe says not ready")
    )
    ready = httpx.get(f"{server.url}/ready")
    assert ready.json()["state"] == "draining"
    assert ready.headers["connection"] == "close"
    assert httpx.get(f"{server.url}/health").status_code == 200
    # The old connection and new ones are served, and told that it was the last time.
    assert post(connection).headers["Connection"] == "close"
    assert post(connect(server)).headers["Connection"] == "close"
    server.terminate()
    assert server.wait() == 0


def test_a_request_under_way_is_finished(sentiment: Path, launch: Launch) -> None:
    """Its head has come, its body not: the pod waits for it, and answers."""
    server = launch(sentiment, MODELYARD_DRAIN_SECONDS="0")
    with socket.create_connection(("127.0.0.1", server.port), DEADLINE) as raw:
        head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n"
        raw.sendall(head.encode() + BODY[:5].encode())
        raw.settimeout(DEADLINE)
        probe = connect(server)
        assert post(probe).status == 200  # what was sent before it has been read
        server.terminate()
        asyncio.run(eventually(lambda: "Shutting down" in server.logged, "the server ends"))
        raw.sendall(BODY[5:].encode())
        answer = b""
        while part := raw.recv(65536):
            answer += part

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer.lower()
    assert server.wait() == 0


def test_a_pod_told_not_to_serve_ends_its_connections(
    sentiment: Path, launch: Launch, runtime: RuntimeVolume
) -> None:
    runtime.write()
    server = launch(sentiment, MODELYARD_RUNTIME_DIR=str(runtime.directory))
    connection = connect(server)
    assert post(connection).headers.get("Connection") is None

    def tell(serving: bool) -> httpx.Response:
        return httpx.put(
            f"{server.url}/admin/serving",
            json={"serving": serving},
            headers={"Authorization": "Bearer letmein"},
        )

    told = tell(False)
    assert told.json()["serving"] is False
    assert told.json()["ready"] is True
    assert post(connection).headers["Connection"] == "close"
    assert httpx.get(f"{server.url}/ready").status_code == 200

    assert tell(True).json()["serving"] is True
    assert post(connect(server)).headers.get("Connection") is None


def test_a_body_that_is_refused_is_read_so_that_the_client_sees_why(sentiment: Path, launch: Launch) -> None:
    server = launch(sentiment)

    for _ in range(5):
        response = httpx.post(f"{server.url}/predict", content=b"x" * 20_000_000)
        assert response.status_code == 413


def test_work_is_dropped_when_its_client_goes(sentiment: Path, launch: Launch) -> None:
    server = launch(sentiment)
    body = json.dumps({"text": ["good film"] * 1 + [f"good {index}" for index in range(900)]}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), DEADLINE) as raw:
            raw.sendall(head + body)

    def dropped() -> float:
        lines = httpx.get(f"{server.url}/metrics").text.splitlines()
        [line] = [line for line in lines if line.startswith("modelyard_dropped_requests_total{")]
        return float(line.rsplit(" ", 1)[1])

    asyncio.run(eventually(lambda: dropped() > 0, "requests without a client are dropped"))
    assert post(connect(server)).status == 200
