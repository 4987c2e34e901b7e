"""One call of ModelInfer after the other: `python -m benchmarks.server.grpc_load ADDRESS MESSAGE_FILE`.

Asked `SECONDS` (see `asked.py`). The message is sent as it stands and no answer is read beyond its status.
"""

import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import grpc

from benchmarks.server.asked import answer, repeat

METHOD = "/inference.GRPCInferenceService/ModelInfer"
CALL_SECONDS = 30


def main(address: str, message: bytes) -> None:
    """Call as told."""
    with grpc.insecure_channel(address) as channel:
        call: Callable[..., bytes] = channel.unary_unary(METHOD)

        def work() -> None:
            call(message, timeout=CALL_SECONDS)

        def measure(seconds: str) -> Mapping[str, float]:
            calls, lasted, _ = repeat(work, float(seconds))
            return {"rate": len(calls) / lasted, "p50": statistics.median(calls)}

        answer(measure)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).read_bytes())
