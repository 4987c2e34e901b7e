"""`POST /predict`: the hot path, an ASGI endpoint that nothing stands before.

The framework's routing and middleware take more time than a cached answer does, so the application hands
this path over before them (see `app.py`); the documentation lists it all the same. A request that has come
whole takes no ASGI messages either, and no task if this process holds its answers: see
`PredictEndpoint.answer_now`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from modelyard_server.bodies import ClientGoneError, expects_continue_over
from modelyard_server.dataplane import Answers
from modelyard_server.edge.exchange import Exchange
from modelyard_server.errors import InvalidRequestError, ProblemError
from modelyard_server.refusals import refused
from modelyard_server.routes.encoding import CONTENT_ENCODING, check_encoding, inflate
from modelyard_server.routes.reply import JSON, Headers, Later, Reply, name, refusal, send_reply
from modelyard_server.routes.traffic import CLIENT_GONE, LARGE_BODY, answer, compute, parse, truncated
from modelyard_server.service import Service
from modelyard_server.tasks.base import Parsed, Request

PATH = "/predict"

Work = Callable[[], Awaitable[Answers]]
"""What is left to do for a request."""


class PredictEndpoint:
    """Answers `POST /predict`.

    Args:
        service: The pod.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._edge = service.edge
        self._metrics = service.metrics
        self._limit = service.settings.max_body_bytes
        self._model: Headers = [
            (b"x-modelyard-model", service.settings.deployment.encode()),
            (b"x-modelyard-revision", service.settings.revision.encode()),
        ]
        self._head: Headers = [JSON, *self._model]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        exchange = self._edge.open(PATH, scope["headers"], scope["client"])
        try:
            reply = await self._answer(exchange, partial(self._read, exchange, scope, receive))
        except ClientGoneError:
            return
        await send_reply(send, reply)

    def answer_now(self, scope: Any, body: bytes) -> Reply | Later | None:
        """Answer a request at once if nothing need be waited for.

        Args:
            scope: ASGI's.
            body: The request's whole body.

        Returns:
            The answer; or what comes to it, to be cancelled when the client goes away; or None, for a
            request that the endpoint is to be called with as usual.
        """
        if scope["method"] != "POST" or len(body) >= LARGE_BODY:
            return None
        exchange = self._edge.open(PATH, scope["headers"], scope["client"])
        try:
            begun = self._begin(exchange, scope, body)
            if not isinstance(begun, Answers):
                return self._answer(exchange, begun)
            reply = self._reply(exchange, begun)
        except Exception as error:  # whatever it is belongs to this request alone
            reply = self._refusal(exchange, error)
        self._leave(exchange, reply)
        return reply

    async def _answer(self, exchange: Exchange, work: Work) -> Reply:
        self._metrics.in_flight += 1
        try:
            reply = self._reply(exchange, await work())
        except (ClientGoneError, asyncio.CancelledError):
            self._metrics.dropped.value += 1
            self._edge.leave(exchange, CLIENT_GONE)
            raise
        except Exception as error:  # whatever it is belongs to this request alone
            reply = self._refusal(exchange, error)
        finally:
            self._metrics.in_flight -= 1
        self._leave(exchange, reply)
        return reply

    def _leave(self, exchange: Exchange, reply: Reply) -> None:
        if exchange.notes is not None:
            exchange.notes.answer = reply.body
        self._edge.leave(exchange, reply.status, reply.items)

    # --- from request to answers --------------------------------------------------------------------
    def _begin(self, exchange: Exchange, scope: Scope, body: bytes) -> Answers | Work:
        # What is compressed may become large.
        if CONTENT_ENCODING in exchange.headers or not self._edge.enter_now(exchange):
            return partial(self._enter, exchange, scope, body)
        parsed = self._parse(exchange, scope, body)
        exchange.ended("parse")
        fresh = _wants_fresh(exchange)
        if parsed.remote:
            return partial(compute, self._service, parsed, fresh=fresh, deadline=exchange.deadline)
        plane = self._service.plane
        begun = plane.begin(parsed, fresh=fresh)
        if isinstance(begun, Answers):
            return begun
        return partial(plane.finish, begun, fresh=fresh, deadline=exchange.deadline)

    async def _enter(self, exchange: Exchange, scope: Scope, body: bytes) -> Answers:
        """Answer a request that has come whole and is not admitted yet."""
        await self._edge.enter(exchange)
        exchange.ended("admit")
        parsed = await self._inflate(exchange, scope, body, compressed=check_encoding(exchange.headers))
        fresh = _wants_fresh(exchange)
        return await compute(self._service, parsed, fresh=fresh, deadline=exchange.deadline)

    async def _read(self, exchange: Exchange, scope: Scope, receive: Receive) -> Answers:
        """Answer a request whose body is still to come."""
        await self._edge.enter(exchange)
        exchange.ended("admit")
        if scope["method"] != "POST":
            raise ProblemError(
                405, "Method not allowed", "POST a JSON body; /docs shows one", headers={"allow": "POST"}
            )
        if (problem := expects_continue_over(exchange.headers, self._limit)) is not None:
            raise problem
        compressed = check_encoding(exchange.headers)
        body = await self._service.bodies.read(receive)
        exchange.ended("read")
        parsed = await self._inflate(exchange, scope, body, compressed=compressed)
        fresh = _wants_fresh(exchange)
        return await answer(self._service, parsed, receive, fresh=fresh, deadline=exchange.deadline)

    async def _inflate(self, exchange: Exchange, scope: Scope, body: bytes, *, compressed: bool) -> Parsed:
        def read() -> Parsed:
            return self._parse(exchange, scope, inflate(body, self._limit) if compressed else body)

        parsed = await parse(read, self._limit if compressed else len(body))
        exchange.ended("parse")
        return parsed

    def _parse(self, exchange: Exchange, scope: Scope, body: bytes) -> Parsed:
        if (notes := exchange.notes) is not None:
            notes.body, notes.path, notes.query = body, scope["path"], scope["query_string"]
        parsed = self._service.plane.task.parse(_request(exchange, scope, body))
        if notes is not None:
            notes.parsed = parsed
        return parsed

    # --- from answers to the wire -------------------------------------------------------------------
    def _reply(self, exchange: Exchange, answers: Answers) -> Reply:
        headers = [*self._head, (b"x-modelyard-cached", b"%d" % answers.cached)]
        exchange.cached = answers.cached
        if exchange.notes is not None:
            exchange.notes.answers = answers.answers
        exchange.ended("predict")
        if cut := truncated(answers.answers):
            headers.append((b"x-modelyard-truncated", cut.encode()))
        fragments = b",".join([entry.fragment for entry in answers.answers])
        reply = Reply(200, b'{"predictions":[' + fragments + b"]}", headers, len(answers.answers))
        name(reply, exchange)
        return reply

    def _refusal(self, exchange: Exchange, error: Exception) -> Reply:
        heard = refused(error)
        reply = refusal(heard)
        if isinstance(heard, InvalidRequestError):
            reply.headers.extend(self._model)
        name(reply, exchange)
        return reply


def _request(exchange: Exchange, scope: Scope, body: bytes) -> Request:
    query = scope["query_string"]
    parameters = dict(parse_qsl(query.decode("latin-1"))) if query else {}
    return Request(body, exchange.headers.get(b"content-type", b"").decode("latin-1"), parameters)


def _wants_fresh(exchange: Exchange) -> bool:
    return b"no-cache" in exchange.headers.get(b"cache-control", b"").lower()
