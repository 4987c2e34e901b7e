"""Builds the programs that tests run, beside what `make test` does before them: `python -m tests.ahead PID`.

This has the time that lint and tests leave, and ends when the process PID does.
A test whose program is not there yet waits for it. What could not be built is built again by the test that
needs it, which fails by that.
"""

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterable
from types import FrameType

from devcluster.build import (
    CLUSTER_TOOLS,
    HELM_TOOLS,
    ISTIOD,
    KUBE_SCORE,
    PROMETHEUS,
    SIDECAR_TOOLS,
    TOOLS,
    Builder,
    Tool,
)
from devcluster.config import Settings
from devcluster.errors import DevclusterError
from devcluster.ui import Ui

LOWEST_PRIORITY = 19
WATCH_SECONDS = 0.5


def apart(tools: Iterable[Tool]) -> tuple[tuple[Tool, ...], ...]:
    """Those that one `go build` makes, by themselves."""
    by_flags: dict[object, tuple[Tool, ...]] = {}
    for tool in tools:
        by_flags[tool.flags] = (*by_flags.get(tool.flags, ()), tool)
    return tuple(by_flags.values())


IN_ORDER = (
    *((TOOLS[name],) for name in ("kubectl", "k6") if shutil.which(name) is None),
    HELM_TOOLS,
    (KUBE_SCORE,),
    (TOOLS["versitygw"], TOOLS["fake-gcs-server"]),
    *apart(CLUSTER_TOOLS),
    (PROMETHEUS,),
    (ISTIOD, *SIDECAR_TOOLS),
)
"""What is needed first comes first; programs of soaks are not here.

Nobody gets at another program while those of one entry are built. Who waits for one has it before the next
entry begins.
"""


def ends_with(pid: int) -> None:
    """End this process, and what it has started, once another has ended."""
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        time.sleep(WATCH_SECONDS)


def ended(_: int, __: FrameType | None) -> None:
    """Leave by way of all that tidies up."""
    sys.exit("what it was for has ended")


def build() -> list[str]:
    """Build all that is missing; what could not be built, in words."""
    builder, complaints = Builder(Settings.from_environment(), Ui()), []
    for together in IN_ORDER:
        try:
            builder.ensure(together)
        except DevclusterError as error:
            complaints.append(str(error))
    return complaints


def main(pid: int) -> None:
    """Build until all is there, or nobody needs it any more; exit status 1 if anything could not be built."""
    os.nice(LOWEST_PRIORITY)
    signal.signal(signal.SIGTERM, ended)
    threading.Thread(target=ends_with, args=(pid,), daemon=True).start()
    complaints = build()
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main(int(sys.argv[1]))
