"""Both transports of the Open Inference Protocol with NVIDIA's client, each case in a process of its own.

The client pins other versions of protobuf than the server has, so it lives in an environment of its own.
"""

import re
import subprocess
from pathlib import Path

import pytest

from tests import tools
from tests.server.triton.conftest import TwoPorts

CLIENT = Path(__file__).with_name("client.py")
NAMES = re.findall(r"^def ((?:http_|grpc_)?(?:text|tensor)_\w+)", CLIENT.read_text(), re.MULTILINE)
CASES = [
    (transport, name)
    for name in NAMES
    for transport in ("http", "grpc")
    if not name.startswith({"http": "grpc_", "grpc": "http_"}[transport])
]


@pytest.mark.parametrize(("transport", "case"), CASES)
def test_a_client_that_is_not_ours(transport: str, case: str, request: pytest.FixtureRequest) -> None:
    server: TwoPorts = request.getfixturevalue("tensor_server" if "tensor_" in case else "text_server")

    done = subprocess.run(
        [tools.triton_python(), str(CLIENT), transport, case, server.addresses[transport]],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in server.process.logged
