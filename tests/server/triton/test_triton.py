"""Both transports of the Open Inference Protocol with NVIDIA's client, each case in a process of its own.

The client pins other versions of protobuf than the server has, so it lives in an environment of its own.
"""

import re
import subprocess
from pathlib import Path

import pytest

from tests import tools
from tests.server.triton.conftest import MODELS, Serving

CLIENT = Path(__file__).with_name("client.py")
SOURCE = CLIENT.read_text() + CLIENT.with_name("other_tasks.py").read_text()
NAMES = re.findall(rf"^def ((?:http_|grpc_)?(?:{'|'.join(MODELS)})_\w+)", SOURCE, re.MULTILINE)
CASES = [
    (transport, name)
    for name in NAMES
    for transport in ("http", "grpc")
    if not name.startswith({"http": "grpc_", "grpc": "http_"}[transport])
]


def test_there_is_a_case_for_every_model() -> None:
    assert {name.removeprefix("http_").removeprefix("grpc_").partition("_")[0] for name in NAMES} == set(
        MODELS
    )


@pytest.mark.parametrize(("transport", "case"), CASES)
def test_a_client_that_is_not_ours(transport: str, case: str, serving: Serving) -> None:
    server = serving(case.removeprefix(f"{transport}_").partition("_")[0])

    done = subprocess.run(
        [tools.triton_python(), str(CLIENT), transport, case, server.addresses[transport]],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in server.process.logged
