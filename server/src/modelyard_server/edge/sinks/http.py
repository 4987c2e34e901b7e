"""Records to an HTTP address, as batches of CloudEvents.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#33-batched-content-mode
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import httpx2
import orjson

from modelyard_server.edge.request_id import RequestIds
from modelyard_server.edge.settings import LogSettings
from modelyard_server.edge.sinks.base import SinkError

EVENT_TYPE: Final = "dev.modelyard.request.v1"
_TIMEOUT: Final = httpx2.Timeout(5.0)
_PAUSES: Final = (0.2, 1.0)
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class HttpSink:
    """Posts `application/cloudevents-batch+json`; tries three times.

    Args:
        settings: Their `url` says where to.
        sleep: Waits between two tries.
    """

    def __init__(self, settings: LogSettings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._url = str(settings.url)
        self._sleep = sleep
        # Not those of the requests: clients may give one to many.
        self._ids = RequestIds()
        self._client = httpx2.Client(timeout=_TIMEOUT, headers={"User-Agent": "modelyard"})

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """See `Sink.write`."""
        body = orjson.dumps([_event(record, self._ids.take(None).decode()) for record in records])
        for pause in (*_PAUSES, None):
            why = self._post(body)
            if why is None:
                return
            if pause is None or not why.retried:
                raise SinkError(f"the log's address {why.text}")
            self._sleep(pause)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, body: bytes) -> "_Failure | None":
        headers = {"Content-Type": "application/cloudevents-batch+json"}
        try:
            response = self._client.post(self._url, content=body, headers=headers)
        except httpx2.HTTPError as error:
            return _Failure(f"can't be reached: {type(error).__name__}", retried=True)
        if response.is_success:
            return None
        code = response.status_code
        return _Failure(f"answers {code}", retried=code in _RETRIED)


class _Failure:
    def __init__(self, text: str, *, retried: bool) -> None:
        self.text = text
        self.retried = retried


def _event(record: Mapping[str, Any], event_id: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/modelyard/{record['namespace']}/{record['model']}/{record['revision']}",
        "type": EVENT_TYPE,
        "time": record["time"],
        "datacontenttype": "application/json",
        "data": record,
    }
