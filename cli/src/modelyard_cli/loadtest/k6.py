"""k6 on this machine."""

import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import IO, Final

from modelyard_cli.errors import CliError
from modelyard_cli.loadtest.plan import Plan, arguments, variables
from modelyard_cli.loadtest.scenario import FOLDER, SCRIPT

CROSSED: Final = 99
"""k6's exit status when a threshold does not hold: the run itself went well."""
_KEPT_LINES: Final = 20
_END_SECONDS: Final = 45.0
"""After the load is told to end: requests under way are waited for."""


def find() -> str:
    """Where k6 is.

    Raises:
        CliError: It is not on the PATH.
    """
    found = shutil.which("k6")
    if found is None:
        raise CliError(
            "k6 is not on the PATH: install it as https://grafana.com/docs/k6/latest/set-up/install-k6 says, "
            "or with Go by `go install go.k6.io/k6@v1.8.1`; --in-cluster needs none on this machine"
        )
    return found


@dataclass(slots=True)
class Local:
    """k6 as a child of this process.

    Attributes:
        program: Where k6 is.
        where: For the report.
    """

    program: str
    where: str = "this machine"

    @contextmanager
    def lines(self, plan: Plan) -> Iterator[Iterator[str]]:
        """Run it; what it writes comes line by line.

        Raises:
            CliError: It failed; the message has its last words.
        """
        files = [str(file) for file in plan.payload.files] if plan.payload else []
        process = subprocess.Popen(  # noqa: S603 - k6 from the user's PATH with this program's own words
            [self.program, *arguments(plan, SCRIPT)],
            cwd=FOLDER,
            env={**os.environ, **variables(plan, files)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        words: deque[str] = deque(maxlen=_KEPT_LINES)
        assert process.stdout is not None and process.stderr is not None  # noqa: S101 - they are pipes
        listener = Thread(target=_keep, args=(process.stderr, words.append), daemon=True)
        listener.start()
        try:
            yield iter(process.stdout)
            process.wait(timeout=_END_SECONDS)
        finally:
            if process.poll() is None:
                # Interrupted: k6 ends its users and writes no more.
                process.terminate()
                try:
                    process.wait(timeout=_END_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            listener.join()
        check(process.returncode, "\n".join(words))


def check(status: int, words: str) -> None:
    """See how k6 ended.

    Raises:
        CliError: It failed.
    """
    if status not in {0, CROSSED}:
        raise CliError(f"k6 ended with {status}:\n{words}")


def _keep(stream: IO[str], keep: Callable[[str], None]) -> None:
    for line in stream:
        keep(line.rstrip())
