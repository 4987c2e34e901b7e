"""Where records of requests go: one module a sink, one line here."""

from collections.abc import Callable, Mapping

from modelyard_server.edge.settings import LogSettings
from modelyard_server.edge.sinks.base import Sink, SinkError


def _stdout(settings: LogSettings) -> Sink:
    from modelyard_server.edge.sinks.stdout import StdoutSink  # noqa: PLC0415 - only what is used is loaded

    return StdoutSink(settings)


def _file(settings: LogSettings) -> Sink:
    from modelyard_server.edge.sinks.file import FileSink  # noqa: PLC0415

    return FileSink(settings)


def _http(settings: LogSettings) -> Sink:
    from modelyard_server.edge.sinks.http import HttpSink  # noqa: PLC0415

    return HttpSink(settings)


SINKS: Mapping[str, Callable[[LogSettings], Sink]] = {"stdout": _stdout, "file": _file, "http": _http}

__all__ = ["SINKS", "Sink", "SinkError"]
