"""The Job that runs k6 in a cluster."""

from base64 import b64decode
from pathlib import Path

import pytest
import yaml

from modelyard_cli.errors import CliError
from modelyard_cli.loadtest.job import LIMIT, k6_job, script_map, token_secret
from modelyard_cli.loadtest.payload import Kind, Payload
from modelyard_cli.loadtest.plan import Plan
from modelyard_cli.loadtest.scenario import FOLDER, scenario

GOLDEN = Path(__file__).parent / "golden" / "job.yaml"
MADE = {"metadata": {"name": "sentiment-loadtest-1", "uid": "u-1"}}


def plan(*files: Path, token: str | None = None) -> Plan:
    items = Payload(Kind.TEXTS, files) if files else None
    return Plan(scenario("sentiment"), False, "http://sentiment.team.svc", items, token=token)


def test_the_job_is_the_golden_one(tmp_path: Path) -> None:
    job = k6_job("sentiment-loadtest-1", plan(tmp_path / "texts.txt", token="hush"), node_selector={"a": "b"})
    assert job == yaml.safe_load(GOLDEN.read_text())
    assert "hush" not in str(job)


def test_script_and_items_go_with_the_job(tmp_path: Path) -> None:
    items = tmp_path / "texts.txt"
    items.write_text("a fine film\n")
    made = script_map(MADE, plan(items))
    [owner] = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("Job", "u-1")
    contents = {name: b64decode(content) for name, content in made["binaryData"].items()}
    assert contents == {file.name: file.read_bytes() for file in [*FOLDER.iterdir(), items]}


def test_items_that_are_too_large_are_refused(tmp_path: Path) -> None:
    items = tmp_path / "texts.txt"
    items.write_text("x" * LIMIT)
    with pytest.raises(CliError, match="900,000 at most reach a pod"):
        script_map(MADE, plan(items))


def test_a_token_goes_by_a_secret() -> None:
    assert token_secret(MADE, plan()) is None
    secret = token_secret(MADE, plan(token="hush"))
    assert secret is not None
    assert (secret["kind"], secret["stringData"]) == ("Secret", {"TOKEN": "hush"})
    assert secret["metadata"]["name"] == "sentiment-loadtest-1"
