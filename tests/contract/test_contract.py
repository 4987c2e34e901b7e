"""The operator's and the server's idea of each other is one and the same file."""

from pathlib import Path

import modelyard_operator.contract
import modelyard_server.contract


def test_both_sides_hold_the_same_contract() -> None:
    ours = Path(modelyard_operator.contract.__file__).read_text()
    theirs = Path(modelyard_server.contract.__file__).read_text()
    assert ours == theirs
