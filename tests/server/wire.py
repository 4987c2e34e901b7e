"""A service on a port of 127.0.0.1 in the test's own loop, for what must be seen byte by byte."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from modelyard_server.app import create_app
from modelyard_server.connections import ConnectionPolicy
from modelyard_server.protocol import protocol_class
from modelyard_server.routes import predict
from modelyard_server.server import KEEP_ALIVE_SECONDS
from tests.server.conftest import DEADLINE, Client, eventually, served

BODY = json.dumps({"text": ["good film"]}).encode()


def request(body: bytes = BODY, *headers: str, version: str = "1.1", target: str = "/predict") -> bytes:
    lines = [
        f"POST {target} HTTP/{version}",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def codes(answers: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]


class Wire:
    """The service, with a clock that the test moves."""

    def __init__(self, client: Client) -> None:
        self.service = client.service
        self.later = 0.0
        self.policy = ConnectionPolicy(0, clock=lambda: time.monotonic() + self.later)
        self.port = 0
        self._heard = 0
        self._more = asyncio.Event()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        known = len(self.policy)
        streams = await asyncio.open_connection("127.0.0.1", self.port)
        await eventually(lambda: len(self.policy) > known, "the connection is accepted")
        return streams

    def hear(self, data: bytes) -> None:
        self._heard += len(data)
        self._more.set()

    async def say(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        """Send, and wait until the server has read it: what is said next is another read."""
        until = self._heard + len(data)
        writer.write(data)
        while self._heard < until:
            self._more.clear()
            await asyncio.wait_for(self._more.wait(), DEADLINE)

    async def told(self, *parts: bytes, end: bool = False) -> bytes:
        """What the server answers to these parts, one read each, until it closes.

        Args:
            parts: What is sent.
            end: Whether the client closes its side after them.
        """
        reader, writer = await self.connect()
        for part in parts:
            await self.say(writer, part)
        if end:
            writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), DEADLINE)
        writer.close()
        return answer


@asynccontextmanager
async def wired(directory: Path, **options: Any) -> AsyncIterator[Wire]:
    async with served(directory, **options) as client:
        wire = Wire(client)
        service = client.service
        short_way = predict.PredictEndpoint(service).answer_now
        base: Any = protocol_class(wire.policy, predict.PATH, short_way)

        class Heard(base):
            def data_received(self, data: bytes) -> None:
                super().data_received(data)
                wire.hear(data)

        config = uvicorn.Config(
            create_app(service),
            http=Heard,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        config.load()
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Heard(config, state, {}, loop), "127.0.0.1", 0, backlog=1024
        )
        wire.port = server.sockets[0].getsockname()[1]
        try:
            yield wire
        finally:
            server.close()
            for connection in list(state.connections):
                connection.transport.abort()
            await asyncio.gather(*state.tasks, return_exceptions=True)
