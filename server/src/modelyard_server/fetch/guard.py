"""The frame of both commands: run, report through the termination message, exit."""

import errno
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import structlog

from modelyard_server import contract
from modelyard_server.fetch.errors import excerpt, internal, without_secrets
from modelyard_server.logs import configure_logging
from modelyard_server.report import SourceError, write_report
from modelyard_server.settings import ENV_TERMINATION_LOG

TERMINATED = 128 + signal.SIGTERM
_TRACEBACK = 4_000
"""Characters of a traceback that go into the log, half from either end: its error may be of any length."""


def guarded(command: str, environ: Mapping[str, str], work: Callable[[], dict[str, Any]]) -> int:
    """Run a command's work and report how it ended.

    Args:
        command: Its name, for the log.
        environ: The environment: where to report, whose deployment it is, and what must stay secret.
        work: Returns the report's fields; `ok` and `seconds` are added.

    Returns:
        The exit status: 0, or 1 with the reason in the report.
    """
    configure_logging(
        command=command,
        namespace=environ.get(contract.ENV_NAMESPACE, ""),
        deployment=environ.get(contract.ENV_DEPLOYMENT, ""),
        revision=environ.get(contract.ENV_REVISION, ""),
    )
    # It logs every URL with its query, which may be a signature.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    log = structlog.get_logger()
    path = Path(environ.get(ENV_TERMINATION_LOG) or contract.TERMINATION_MESSAGE_PATH)
    _end_on_sigterm()
    unexpected = ""
    started = time.monotonic()
    try:
        payload = {"ok": True, **work(), "seconds": round(time.monotonic() - started, 3)}
    except SourceError as error:
        failure = error
    except OSError as error:
        failure = _from_os_error(error)
        unexpected = without_secrets(traceback.format_exc(), environ)
    except Exception as error:
        failure = internal(
            f"{command} failed on an error of its own: {type(error).__name__}: {excerpt(str(error))}"
        )
        unexpected = without_secrets(traceback.format_exc(), environ)
    else:
        # The report must have the reference whole; a log must not have its signature.
        log.info("done", **{key: _shown(value, environ) for key, value in payload.items() if key != "ok"})
        write_report(payload, path)
        return 0
    if unexpected:
        log.error("unexpected", traceback=_ends(unexpected))
    report = {**failure.payload(), "message": without_secrets(failure.message, environ)}
    log.error("failed", **{key: value for key, value in report.items() if key != "ok"})
    write_report(report, path)
    return 1


def no_space(where: Path, needed: int | None = None, free: int | None = None) -> SourceError:
    """The disk is full, or too small for what must come.

    Args:
        where: A path on it.
        needed: Bytes that must still be written, where known.
        free: Bytes left, where known.
    """
    figures = (
        "" if needed is None or free is None else f": {_mib(needed)} are needed and {_mib(free)} are free"
    )
    return SourceError(
        contract.REASON_NO_SPACE,
        f"There is no room for the model in {where}{figures}. Give the pod more ephemeral storage "
        "(spec.server.resources), or the node a larger disk.",
        permanent=False,
    )


def _from_os_error(error: OSError) -> SourceError:
    where = Path(error.filename) if isinstance(error.filename, str) else Path(contract.MODEL_DIR)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return no_space(where)
    return internal(f"{where} can't be used: {error.strerror or type(error).__name__}.")


def _shown(value: object, environ: Mapping[str, str]) -> object:
    return without_secrets(value, environ) if isinstance(value, str) else value


def _ends(text: str) -> str:
    half = _TRACEBACK // 2
    return text if len(text) <= _TRACEBACK else f"{text[:half]}…{text[-half:]}"


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"


def _end_on_sigterm() -> None:
    """End at once on SIGTERM, which the first process of a container otherwise ignores."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        sys.stdout.flush()
        # Downloads run in threads that an ordinary exit would wait for; what they wrote can be resumed.
        os._exit(TERMINATED)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
