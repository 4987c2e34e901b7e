"""`POST /predict`: the hot path, an ASGI endpoint that nothing stands before.

The framework's routing and middleware take more time than a cached answer does, so the application hands
this path over before them (see `app.py`); the documentation lists it all the same.
"""

import time
from urllib.parse import parse_qsl

import structlog
from starlette.types import Receive, Scope, Send

from modelyard_server.errors import InvalidRequestError, ProblemError
from modelyard_server.routes.body import ClientGoneError, content_type, expects_continue_over, read_body
from modelyard_server.routes.traffic import (
    CLIENT_GONE,
    Headers,
    answer,
    parse,
    send_answer,
    truncated,
    wants_fresh,
)
from modelyard_server.service import Service
from modelyard_server.tasks.base import Request

log = structlog.get_logger(__name__)

PATH = "/predict"
_JSON = (b"content-type", b"application/json")
_PROBLEM_JSON = (b"content-type", b"application/problem+json")


class PredictEndpoint:
    """Answers `POST /predict`.

    Args:
        service: The pod.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._limit = service.settings.max_body_bytes
        self._identity: Headers = [
            _JSON,
            (b"x-modelyard-model", service.settings.deployment.encode()),
            (b"x-modelyard-revision", service.settings.revision.encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        metrics = self._service.metrics
        began = time.perf_counter()
        metrics.in_flight += 1
        items = 0
        try:
            try:
                status, body, headers, items = await self._answer(scope, receive)
            except InvalidRequestError as error:
                status, body, headers = 422, error.body(), self._identity.copy()
            except ProblemError as error:
                status, body, headers = error.status, error.body(), _problem_headers(error)
            except ClientGoneError:
                metrics.dropped.value += 1
                metrics.answered(PATH, CLIENT_GONE, time.perf_counter() - began)
                return
            except Exception:
                log.exception("a prediction failed", path=PATH)
                problem = ProblemError(500, "Internal error", "the server's log says more")
                status, body, headers = 500, problem.body(), _problem_headers(problem)
            await send_answer(send, status, body, headers)
            metrics.answered(PATH, status, time.perf_counter() - began, items)
        finally:
            metrics.in_flight -= 1

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes, Headers, int]:
        if scope["method"] != "POST":
            raise ProblemError(
                405, "Method not allowed", "POST a JSON body; /docs shows one", headers={"allow": "POST"}
            )
        plane = self._service.plane
        if (refusal := expects_continue_over(scope["headers"], self._limit)) is not None:
            raise refusal
        body = await read_body(receive, self._limit)
        query = scope["query_string"]
        parameters = dict(parse_qsl(query.decode("latin-1"))) if query else {}
        request = Request(body, content_type(scope["headers"]), parameters)
        parsed = await parse(lambda: plane.task.parse(request), len(body))
        answers = await answer(plane, parsed, receive, fresh=wants_fresh(scope["headers"]))

        headers = [*self._identity, (b"x-modelyard-cached", b"%d" % answers.cached)]
        if cut := truncated(answers.answers):
            headers.append((b"x-modelyard-truncated", cut.encode()))
        fragments = b",".join([entry.fragment for entry in answers.answers])
        return 200, b'{"predictions":[' + fragments + b"]}", headers, len(answers.answers)


def _problem_headers(problem: ProblemError) -> Headers:
    headers: Headers = [_PROBLEM_JSON]
    if problem.retry_after is not None:
        headers.append((b"retry-after", b"%d" % problem.retry_after))
    headers += [(name.encode(), value.encode()) for name, value in problem.headers.items()]
    return headers
