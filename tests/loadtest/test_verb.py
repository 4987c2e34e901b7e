"""What the command says before there is any load."""

from pathlib import Path

import pytest

from tests.cli.conftest import Call, call
from tests.ports import free_port

__all__ = ["call"]


def test_without_k6_the_message_says_how_to_have_it(call: Call, tmp_path: Path) -> None:
    told = call("loadtest", "http://127.0.0.1:1", PATH=str(tmp_path))
    assert told.exit_code == 1
    assert "k6 is not on the PATH: install it" in told.stderr


@pytest.fixture
def path(tmp_path: Path) -> str:
    """With something called k6 on it."""
    program = tmp_path / "k6"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    return str(tmp_path)


def test_an_address_that_nobody_is_at_is_said(call: Call, path: str) -> None:
    told = call("loadtest", f"http://127.0.0.1:{free_port()}", PATH=path)
    assert told.exit_code == 1
    assert "can't be reached from here" in told.stderr and "--in-cluster" in told.stderr


def test_a_scheme_may_be_written_in_capitals(call: Call, path: str) -> None:
    told = call("loadtest", f"HTTP://127.0.0.1:{free_port()}", PATH=path)
    assert "can't be reached from here: <urlopen error [Errno 111]" in told.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("http://127.0.0.1:1 --in-cluster", "need the NAME of a ModelDeployment"),
        ("sentiment --in-cluster --url http://a.example", "asks from within"),
        ("ftp://x", "ftp://x is no address that a load can be put on: write http://HOST or https://HOST, or"),
        ("127.0.0.1:8080", "127.0.0.1:8080 is no address that a load can be put on: write http://HOST"),
        ("http:/x", "http:/x is no address"),
        ("sentiment --url ftp://x", "--url ftp://x: write http://HOST or https://HOST"),
        ("sentiment --scenario none", "'sentiment', 'plates'"),
        ("sentiment --cache-rate 2", "2.0 is not in the range 0<=x<=1"),
    ],
)
def test_what_does_not_go_together_is_refused(call: Call, options: str, says: str) -> None:
    told = call("loadtest", *options.split())
    assert told.exit_code == 2
    assert says in told.stderr
