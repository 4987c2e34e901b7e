"""Nothing is reported to the makers of libraries, also outside the images."""

import os
import subprocess
import sys

import pytest

VARIABLES = ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY")
PROGRAM = """
import os
from modelyard_server.engines import onnxruntime
from modelyard_server.fetch.stores import hub
from huggingface_hub import constants
print(os.environ["ORT_DISABLE_TELEMETRY"], constants.HF_HUB_DISABLE_TELEMETRY)
"""


@pytest.mark.parametrize(("chosen", "printed"), [(None, "1 True"), ("0", "0 False")])
def test_libraries_report_nothing_unless_the_user_says_so(chosen: str | None, printed: str) -> None:
    environ = {name: value for name, value in os.environ.items() if name not in (*VARIABLES, "DO_NOT_TRACK")}
    environ.pop("HF_HUB_OFFLINE", None)
    if chosen is not None:
        environ |= dict.fromkeys(VARIABLES, chosen)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == printed
