"""`POST /v2/models/NAME/infer`: the Open Inference Protocol V2, its tensors as JSON or as bytes."""

from typing import Final

import orjson

from modelyard_server.dataplane import Answers
from modelyard_server.errors import InvalidRequestError
from modelyard_server.routes.endpoint import Endpoint, Incoming, Reading
from modelyard_server.routes.reply import JSON, Reply
from modelyard_server.service import Service
from modelyard_server.tasks.base import Task
from modelyard_server.tasks.v2 import V2Call
from modelyard_server.tasks.v2_json import read_call, write_answer

JSON_LENGTH: Final = "Inference-Header-Content-Length"
_JSON_LENGTH: Final = JSON_LENGTH.lower().encode()
# Longer digits are no length of a body, and Python refuses to read very long ones.
_MOST_DIGITS: Final = 12
_OCTETS: Final = (b"content-type", b"application/octet-stream")


class V2InferEndpoint(Endpoint[V2Call]):
    """The endpoint.

    Args:
        service: The pod.
    """

    def __init__(self, service: Service) -> None:
        super().__init__(service, "/v2/infer")
        self._head = {
            "model_name": service.settings.deployment,
            "model_version": service.settings.revision,
        }

    def read(self, task: Task, incoming: Incoming) -> Reading[V2Call]:
        """See `Endpoint.read`."""
        call = read_call(incoming.body, _json_length(incoming.headers.get(_JSON_LENGTH)))
        return Reading(task.parse_v2(call.request), call, call.timeout)

    def write(self, task: Task, context: V2Call, answers: Answers) -> Reply:
        """See `Endpoint.write`."""
        head = self._head if context.id is None else {**self._head, "id": context.id}
        body, length = write_answer(head, context.select(task.outputs_v2(answers.answers)))
        if length is None:
            return Reply(200, body, [JSON])
        return Reply(200, body, [_OCTETS, (_JSON_LENGTH, b"%d" % length)])

    def refuse(self, status: int, message: str) -> Reply:
        """See `Endpoint.refuse`."""
        return Reply(status, orjson.dumps({"error": message}), [JSON])


def _json_length(given: bytes | None) -> int | None:
    if given is None:
        return None
    if not given.isdigit() or len(given) > _MOST_DIGITS:
        raise InvalidRequestError(
            ["header", JSON_LENGTH],
            f"must be a number of bytes, not {given[:20].decode('latin-1')!r}",
            "int_parsing",
        )
    return int(given)
