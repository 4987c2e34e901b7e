"""Running `modelyard-server tune` on this machine."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from modelyard_cli.errors import CliError
from modelyard_server import contract
from modelyard_server.artifact.tuning_section import Tuning, TuningError, parse_tuning


def tune_here(source: Path, variables: Mapping[str, str]) -> Tuning:
    """Measure an artifact in processes of this machine; progress goes to standard error.

    Args:
        source: The artifact's folder, or one ONNX file.
        variables: More of the command's environment.

    Raises:
        CliError: Nothing could be measured; the command has said why.
    """
    # A report would go to the kubelet's file, which is not here.
    environ = {
        **os.environ,
        contract.ENV_MODEL_URI: source.resolve().as_uri(),
        "MODELYARD_TERMINATION_LOG": os.devnull,
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-m", "modelyard_server.cli", "tune"],
        env=environ,
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        raise CliError(f"{source}: nothing was measured")
    return table_in(done.stdout)


def table_in(output: bytes) -> Tuning:
    """Find the table in what the command wrote: the last line that is one.

    Raises:
        CliError: None is.
    """
    for line in reversed(output.splitlines()):
        # The log's lines are JSON objects too.
        if not line.startswith(b"{"):
            continue
        try:
            return parse_tuning(line)
        except TuningError:
            continue
    raise CliError("the command wrote no table: is it of another version than this one?")
