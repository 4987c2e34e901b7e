"""One JSON object a line on standard output, with deployment and revision in each."""

import logging
import sys
import warnings

import structlog
from structlog.typing import Processor


def configure_logging(level: str = "INFO", **context: str) -> None:
    """Send structlog's and the libraries' logs through one formatter.

    To be called before threads are started: `warnings.catch_warnings`, which libraries use, puts back the
    filters that it found, and so undoes what another thread adds meanwhile.

    Args:
        level: Lowest level that is written.
        context: What stands in every line.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Context(context),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # A line a request would cost more than the request.
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    # Pillow warns of what is odd about a file in words that the file chooses, and Python keeps each.
    warnings.filterwarnings("ignore", module=r"PIL\.")


class _Context:
    """Adds what stands in every line, also from threads that know no context variables."""

    def __init__(self, context: dict[str, str]) -> None:
        self._context = context

    def __call__(
        self,
        logger: object,  # noqa: ARG002 - structlog's signature
        method: str,  # noqa: ARG002 - structlog's signature
        event: structlog.typing.EventDict,
    ) -> structlog.typing.EventDict:
        # uvicorn colours a second form of its messages.
        event.pop("color_message", None)
        return {**event, **self._context}
