"""The first thing a user does: apply the example and ask it."""

import asyncio
import sys

import httpx
import pytest
import yaml

from demo.shell import ROOT, run
from demo.targets.base import Target
from tests.e2e.cluster import Namespace, condition

pytestmark = pytest.mark.e2e


async def test_the_example_answers_with_labels_and_scores(namespace: Namespace) -> None:
    namespace.apply(yaml.safe_load((ROOT / "examples/sentiment.yaml").read_text()))
    resource = await namespace.ready()

    texts = ["Welcome to the project!", "You are awesome", "what a boring film"]
    first = httpx.post(f"{await namespace.url()}/predict", json={"text": texts}, timeout=30)
    assert first.status_code == 200, first.text
    predictions = first.json()["predictions"]
    assert [p[0]["label"] for p in predictions] == ["POSITIVE", "POSITIVE", "NEGATIVE"]
    for prediction in predictions:
        assert sum(entry["score"] for entry in prediction) == pytest.approx(1, abs=1e-3)
        assert prediction[0]["score"] >= prediction[1]["score"]

    again = httpx.post(f"{await namespace.url()}/predict", json={"text": texts}, timeout=30)
    assert again.json() == first.json()
    assert again.headers["x-modelyard-cached"] == "3"

    status = resource["status"]
    assert status["url"] == f"http://sentiment.{namespace.name}.svc"
    assert status["model"]["pinned"].startswith("s3://models/sentiment@manifest:")
    assert status["model"]["digest"].startswith("sha256:")
    assert status["model"]["task"] == "text-classification"
    assert status["stableRevision"] == first.headers["x-modelyard-revision"]
    assert condition(resource, "CacheReady")["status"] == "True"
    # It is told once the pod has said how long its model took.
    cold = await namespace.until(
        "the cold start is told", lambda: namespace.mdep()["status"].get("coldStart")
    )
    assert cold["total"] > 0
    assert {"scheduled", "pulled", "fetched"} <= set(cold)

    table = namespace.run("get", "mdep", "sentiment", "-o", "wide")
    assert status["url"] in table
    assert status["stableRevision"] in table


async def test_digits_answer_as_tensors(namespace: Namespace) -> None:
    namespace.apply(yaml.safe_load((ROOT / "examples/digits.yaml").read_text()))
    await namespace.ready("digits")
    url = await namespace.url("digits")
    metadata = httpx.get(f"{url}/v2/models/digits").json()
    (tensor,) = metadata["inputs"]
    request = {"inputs": [{**tensor, "shape": [2, 64], "data": [0.0] * 128}]}
    answer = httpx.post(f"{url}/v2/models/digits/infer", json=request, timeout=30)
    assert answer.status_code == 200, answer.text
    assert {output["shape"][0] for output in answer.json()["outputs"]} == {2}


async def test_deleting_removes_everything(namespace: Namespace) -> None:
    namespace.apply(yaml.safe_load((ROOT / "examples/digits.yaml").read_text()))
    await namespace.ready("digits")
    namespace.run("delete", "mdep", "digits", "--wait=true")

    def nothing_left() -> bool:
        kinds = "deploy,rs,pod,svc,hpa,pdb,cm,secret,sa,netpol,job,controllerrevision"
        return not namespace.list(kinds, "modelyard.dev/deployment=digits")

    await namespace.until("all children are gone", nothing_left)


@pytest.mark.timeout(900)
async def test_a_rollout_is_shown_from_shadow_to_promotion_and_a_worse_one_turned_away(
    target: Target,
) -> None:
    if target.name != "embedded":
        pytest.skip(f"{target.name} brings no gateway; run with CLUSTER=embedded")
    shown = await asyncio.to_thread(run, [sys.executable, "-m", "demo", "--cluster", target.name, "rollout"])
    steps = [f"step {number}/4" for number in range(1, 5)]
    assert [step for step in steps if step in shown] == steps, shown
    assert "Promoted" in shown
    assert "disagree" in shown
    assert ", 0 failed" in shown
