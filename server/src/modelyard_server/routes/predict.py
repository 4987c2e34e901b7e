"""`POST /predict`: the hot path, an ASGI endpoint that nothing stands before.

The framework's routing and middleware take more time than a cached answer does, so the application hands
this path over before them (see `app.py`); the documentation lists it all the same. A request whose answers
this process holds takes no task and no ASGI messages either: see `PredictEndpoint.answer_now`.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from modelyard_server.bodies import ClientGoneError, expects_continue_over
from modelyard_server.dataplane import Answers, Pending
from modelyard_server.edge.exchange import Exchange
from modelyard_server.errors import InvalidRequestError, ProblemError
from modelyard_server.refusals import refused
from modelyard_server.routes.encoding import CONTENT_ENCODING, check_encoding, inflate
from modelyard_server.routes.reply import JSON, Headers, Reply, name, refusal, send_reply
from modelyard_server.routes.traffic import CLIENT_GONE, LARGE_BODY, answer, finish, parse, truncated
from modelyard_server.service import Service
from modelyard_server.tasks.base import Parsed, Request

PATH = "/predict"

Work = Callable[[Receive], Awaitable[Answers]]
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
        self._metrics.in_flight += 1
        exchange = self._edge.open(PATH, scope["headers"], scope["client"])
        await self._answer(partial(self._read, exchange, scope), exchange, receive, send)

    def answer_now(self, scope: Any, body: bytes) -> Reply | ASGIApp | None:
        """Answer a request at once if nothing need be waited for.

        Args:
            scope: ASGI's.
            body: The request's whole body.

        Returns:
            The answer; or an ASGI application that goes on from here; or None, for a request that the
            endpoint is to be called with as usual.
        """
        if scope["method"] != "POST" or len(body) >= LARGE_BODY:
            return None
        exchange = self._edge.open(PATH, scope["headers"], scope["client"])
        try:
            begun = self._begin(exchange, scope, body)
            if not isinstance(begun, Answers):
                self._metrics.in_flight += 1
                return self._later(begun, exchange)
            reply = self._reply(exchange, begun)
        except Exception as error:  # whatever it is belongs to this request alone
            reply = self._refusal(exchange, error)
        self._leave(exchange, reply)
        return reply

    def _later(self, work: Work, exchange: Exchange) -> ASGIApp:
        async def go_on(_: Scope, receive: Receive, send: Send) -> None:
            await self._answer(work, exchange, receive, send)

        return go_on

    async def _answer(self, work: Work, exchange: Exchange, receive: Receive, send: Send) -> None:
        try:
            try:
                reply = self._reply(exchange, await work(receive))
            except ClientGoneError:
                self._metrics.dropped.value += 1
                self._edge.leave(exchange, CLIENT_GONE)
                return
            except Exception as error:  # whatever it is belongs to this request alone
                reply = self._refusal(exchange, error)
            await send_reply(send, reply)
            self._leave(exchange, reply)
        finally:
            self._metrics.in_flight -= 1

    def _leave(self, exchange: Exchange, reply: Reply) -> None:
        if exchange.noted:
            exchange.answer = reply.body
        self._edge.leave(exchange, reply.status, reply.items)

    # --- from request to answers --------------------------------------------------------------------
    def _begin(self, exchange: Exchange, scope: Scope, body: bytes) -> Answers | Work:
        # What is compressed may become large.
        if CONTENT_ENCODING in exchange.headers or not self._edge.enter_now(exchange):
            return partial(self._read, exchange, scope)
        if exchange.noted:
            exchange.body = body
        plane = self._service.plane
        parsed = plane.task.parse(_request(exchange, scope, body))
        exchange.ended("parse")
        if parsed.remote:
            return partial(self._predict, exchange, parsed)
        begun = plane.begin(parsed, fresh=_wants_fresh(exchange))
        return begun if isinstance(begun, Answers) else partial(self._finish, exchange, begun)

    async def _read(self, exchange: Exchange, scope: Scope, receive: Receive) -> Answers:
        await self._edge.enter(exchange)
        exchange.ended("admit")
        if scope["method"] != "POST":
            raise ProblemError(
                405, "Method not allowed", "POST a JSON body; /docs shows one", headers={"allow": "POST"}
            )
        plane = self._service.plane
        if (problem := expects_continue_over(exchange.headers, self._limit)) is not None:
            raise problem
        compressed = check_encoding(exchange.headers)
        body = await self._service.bodies.read(receive)
        exchange.ended("read")

        def read() -> Parsed:
            plain = inflate(body, self._limit) if compressed else body
            if exchange.noted:
                exchange.body = plain
            return plane.task.parse(_request(exchange, scope, plain))

        parsed = await parse(read, self._limit if compressed else len(body))
        exchange.ended("parse")
        return await self._predict(exchange, parsed, receive)

    async def _predict(self, exchange: Exchange, parsed: Parsed, receive: Receive) -> Answers:
        fresh = _wants_fresh(exchange)
        return await answer(self._service, parsed, receive, fresh=fresh, deadline=exchange.deadline)

    async def _finish(self, exchange: Exchange, begun: Pending, receive: Receive) -> Answers:
        fresh = _wants_fresh(exchange)
        return await finish(self._service, begun, receive, fresh=fresh, deadline=exchange.deadline)

    # --- from answers to the wire -------------------------------------------------------------------
    def _reply(self, exchange: Exchange, answers: Answers) -> Reply:
        headers = [*self._head, (b"x-modelyard-cached", b"%d" % answers.cached)]
        exchange.cached = answers.cached
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
